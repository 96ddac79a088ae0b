import time

import pytest

from expensify.budget import Budget, Done, Limits, Permit, Ticket
from expensify.errors import PermitExpired
from tests.expensify.budget.office import KEY


def fresh() -> Permit:
    return Permit(7, good_until=time.monotonic() + 5)


def test_permit_is_for_one_request() -> None:
    permit = fresh()
    permit.use()

    with pytest.raises(RuntimeError):
        permit.use()


def test_permit_handed_back_cannot_be_used() -> None:
    permit = fresh()
    permit.not_sent()

    with pytest.raises(RuntimeError):
        permit.use()


def test_stale_permit_is_refused_and_its_slot_goes_back() -> None:
    permit = Permit(7, good_until=time.monotonic() - 0.001)

    with pytest.raises(PermitExpired):
        permit.use()

    assert permit.done == Done(7, "not_sent")


def test_permit_goes_stale_a_third_into_the_time_a_call_may_take_to_arrive(budget: Budget) -> None:
    before = time.monotonic()
    permit = budget.step(KEY, enqueue=Ticket("run:1", "a"), pop=True).permit

    assert permit is not None
    assert before + 0.5 <= permit._good_until <= time.monotonic() + 0.5
    assert Limits().permit_seconds == 0.5


def test_nothing_is_known_of_a_permit_before_somebody_says_so() -> None:
    permit = fresh()
    permit.use()

    assert permit.done is None


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (["answered"], "answered"),
        (["unanswered"], "unanswered"),
        (["not_sent"], "not_sent"),
        (["refused"], "refused"),
        (["answered", "unanswered"], "answered"),  # the body broke off after the headers
        (["answered", "refused"], "refused"),  # 429 inside a 200
        (["refused", "answered"], "refused"),
        (["unanswered", "not_sent"], "unanswered"),
    ],
)
def test_strongest_word_about_a_call_stands(said: list[str], outcome: str) -> None:
    permit = fresh()
    permit.use()

    for word in said:
        getattr(permit, word)()

    assert permit.done is not None
    assert permit.done.outcome == outcome


def test_refusal_carries_the_servers_wish() -> None:
    permit = fresh()

    permit.refused(12.5)

    assert permit.done == Done(7, "refused", 12.5)


def test_answer_tells_how_long_ago_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    permit, now = fresh(), time.monotonic()
    permit.use()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    permit.answered()

    monkeypatch.setattr(time, "monotonic", lambda: now + 0.25)

    assert permit.done is not None
    assert permit.done.ago == 0.25
