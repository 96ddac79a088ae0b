from itertools import islice

import pytest

from expensify.budget.budget import budget_key
from expensify.budget.limits import Limits


def test_limits_are_read_from_a_setting() -> None:
    assert Limits.parse("5/10s,20/60s") == Limits()
    assert Limits.parse(" 5/1s , 20/6.5s ").windows == ((5, 1.0), (20, 6.5))


@pytest.mark.parametrize("text", ["", "5/10", "5 per 10s", "0/10s", "5/0s", "5/10s;20/60s", "-5/10s"])
def test_wrong_setting_says_what_to_write(text: str) -> None:
    part = text.split(",")[0]

    with pytest.raises(ValueError) as wrong:
        Limits.parse(text)

    assert str(wrong.value) == (
        f"{part!r} is not a call limit. Write calls/seconds, separated by commas, for example 5/10s,20/60s."
    )


def test_universal_envelope_is_the_least_that_every_reading_of_the_limits_allows() -> None:
    instants = list(islice(Limits(margin=0).upcoming(), 26))

    assert instants == [
        *[0] * 5, *[10] * 3, 12, 15, 20, 21, 24, 27, 30, 33, 36, 39, 42, 45, *[60] * 5, 70,
    ]  # fmt: skip


def test_burst_envelope_is_the_least_that_counted_windows_allow() -> None:
    instants = list(islice(Limits(envelope="burst", margin=0).upcoming(), 26))

    assert instants == [*[0] * 5, *[10] * 5, *[20] * 5, *[30] * 5, *[60] * 5, 70]


@pytest.mark.parametrize(
    "windows", [((5, 10.0), (20, 60.0)), ((5, 10.0), (20, 30.0)), ((1, 2.0),), ((10, 5.0), (4, 60.0))]
)
def test_far_instants_are_those_of_counting_on(windows: tuple[tuple[int, float], ...]) -> None:
    limits = Limits(windows)
    ages = [0.5, 3.0, 11.0][: limits.depth]

    far = limits.instants([0, 7, 200, 4999], ages, quiet=4, slack=0.5)

    counted = list(islice(limits.upcoming(ages, quiet=4, slack=0.5), 5000))
    assert far == pytest.approx([counted[0], counted[7], counted[200], counted[4999]])


def test_secrets_and_blanks_do_not_change_the_key_and_the_id_does() -> None:
    assert budget_key(b"pepper", " aa_acme \n") == budget_key(b"pepper", "aa_acme")
    assert budget_key(b"pepper", "aa_acme") != budget_key(b"pepper", "aa_umbrella")
    assert budget_key(b"pepper", "aa_acme") != budget_key(b"salt", "aa_acme")


def test_key_is_twenty_hex_digits_of_an_hmac() -> None:
    assert budget_key(b"Jefe", "what do ya want for nothing?") == "5bdcc146bf60754e6a04"  # RFC 4231, case 2
