import pytest

from sandbox.choices import Choices, parse_limits
from sandbox.windows import Windows

LIMITS = Choices().limits


def accepted(model, times, *, count_refused=False):
    windows = Windows(LIMITS, model, count_refused=count_refused)
    return [at for at in times if windows.arrive("pair", at) is None]


@pytest.mark.parametrize("model", ["sliding", "fixed", "leaky"])
def test_sixth_request_at_once_is_refused(model):
    assert accepted(model, [100.0] * 7) == [100.0] * 5


def test_sliding_window_opens_ten_seconds_after_its_oldest_request():
    assert accepted("sliding", [0, 1, 2, 3, 4, 9.99, 10, 10.5, 11]) == [0, 1, 2, 3, 4, 10, 11]


def test_fixed_window_opens_on_the_clock():
    assert accepted("fixed", [9, 9, 9, 9, 9, 9.9, 10, 10, 10, 10, 10, 10]) == [9] * 5 + [10] * 5


def test_leaky_bucket_lets_one_through_every_two_seconds_when_full():
    assert accepted("leaky", [0, 0, 0, 0, 0, 1.9, 2, 3.9, 4]) == [0, 0, 0, 0, 0, 2, 4]


@pytest.mark.parametrize("model", ["sliding", "fixed"])
def test_twenty_first_request_within_a_minute_is_refused(model):
    times = [float(burst * 10) for burst in range(6) for _ in range(5)]

    assert len(accepted(model, times)) == 20


def test_counted_refusals_keep_the_window_closed():
    times = [0.0] * 5 + [5.0] * 5 + [12.0]

    assert accepted("sliding", times, count_refused=True) == [0.0] * 5
    assert accepted("sliding", times, count_refused=False) == [0.0] * 5 + [12.0]


def test_counted_refusals_do_not_overfill_a_bucket():
    assert accepted("leaky", [0.0] * 9 + [2.0], count_refused=True) == [0.0] * 5 + [2.0]


def test_refusal_returns_the_time_to_wait():
    windows = Windows(LIMITS, "sliding", count_refused=False)
    for at in (0.0, 1.0, 2.0, 3.0, 4.0):
        windows.arrive("pair", at)

    assert windows.arrive("pair", 7.0) == 3.0


def test_callers_do_not_share_windows():
    windows = Windows(((1, 10.0),), "sliding", count_refused=False)

    assert [windows.arrive(caller, 0.0) for caller in ("a", "b", "a")] == [None, None, 10.0]


def test_limits_are_read_from_text():
    assert parse_limits("5/1s, 20/6") == ((5, 1.0), (20, 6.0))


@pytest.mark.parametrize("text", ["", "5", "5/", "0/10s", "5/-1s", "five/10s", "5/10s,,"])
def test_invalid_limits_are_named(text):
    with pytest.raises(ValueError, match="is not a limit such as 5/10s"):
        parse_limits(text)


def test_faster_choices_divide_every_time():
    choices = Choices(generation_seconds=5.0).faster(10)

    assert (choices.limits, choices.generation_seconds) == (((5, 1.0), (20, 6.0)), 0.5)
