"""One wake-up is pending for each queue, due when its next call may go; the cap on calls under way."""

from collections.abc import Callable

from expensify.budget.budget import Budget, Ticket
from tests.expensify.budget.office import KEY, Clock
from tests.expensify.budget.steps import about, granted, told

Timed = Callable[..., Budget]


def test_first_ticket_calls_for_one_wake_at_once(timed: Timed, clock: Clock) -> None:
    budget = timed()

    first = budget.enqueue(KEY, Ticket("run:1", "a"))
    second = budget.enqueue(KEY, Ticket("run:2", "a"))

    assert first.wake_in == 0
    assert first.token != ""
    assert (second.wake_in, second.token) == (None, "")


def test_wake_takes_the_head_and_calls_for_the_next_wake(timed: Timed, clock: Clock) -> None:
    budget = timed()
    token = budget.enqueue(KEY, [Ticket("run:1", "a"), Ticket("run:2", "a")]).token

    step = budget.step(KEY, token=token, pop=True)

    assert step.ticket == "run:1"
    assert step.wake_in == 0
    assert step.token not in ("", token)


def test_wake_is_set_for_the_instant_of_the_next_slot(timed: Timed, clock: Clock) -> None:
    budget = timed()
    token = budget.enqueue(KEY, [Ticket(f"run:{n}", "a") for n in range(9)]).token
    for _ in range(5):
        step = budget.step(KEY, token=token, pop=True)
        granted(step)
        token = step.token

    assert step.wake_in == 10.05  # as if all five were answered at this moment


def test_early_wake_is_sent_on(timed: Timed, clock: Clock) -> None:
    budget = timed()
    token = budget.enqueue(KEY, [Ticket(f"run:{n}", "a") for n in range(9)]).token
    for _ in range(5):
        token = budget.step(KEY, token=token, pop=True).token
    clock.advance(10.05)

    step = budget.step(KEY, token=token, pop=True)  # no answer came: they count as later

    assert step.permit is None
    assert step.wake_in == about(1.5)


def test_stranger_does_not_add_a_wake_to_the_pending_one(timed: Timed, clock: Clock) -> None:
    budget = timed()
    budget.enqueue(KEY, [Ticket(f"run:{n}", "a") for n in range(9)])

    step = budget.step(KEY, token="another", pop=True)

    assert step.ticket == "run:0"
    assert step.wake_in is None


def test_lost_wake_is_issued_again_when_overdue(timed: Timed, clock: Clock) -> None:
    budget = timed()
    lost = budget.enqueue(KEY, Ticket("run:1", "a"))

    clock.advance(1.9)
    assert budget.step(KEY).wake_in is None
    clock.advance(0.2)
    again = budget.step(KEY)

    assert again.wake_in == 0
    assert again.token != lost.token


def test_two_that_find_the_wake_overdue_issue_one(timed: Timed, clock: Clock) -> None:
    budget = timed()
    budget.enqueue(KEY, Ticket("run:1", "a"))
    clock.advance(3)

    assert [budget.step(KEY).wake_in, budget.step(KEY).wake_in] == [0, None]


def test_overtaken_wake_that_comes_after_all_starts_no_second_chain(timed: Timed, clock: Clock) -> None:
    budget = timed()
    old = budget.enqueue(KEY, [Ticket(f"run:{n}", "a") for n in range(9)])
    clock.advance(3)
    assert budget.step(KEY).token != old.token

    assert budget.step(KEY, token=old.token, pop=True).wake_in is None


def test_slot_given_back_calls_for_an_earlier_wake(timed: Timed, clock: Clock) -> None:
    budget = timed()
    token = budget.enqueue(KEY, [Ticket(f"run:{n}", "a") for n in range(9)]).token
    permits = []
    for _ in range(5):
        step = budget.step(KEY, token=token, pop=True)
        permits.append(granted(step))
        token = step.token

    step = budget.step(KEY, done=told(permits[0], "not_sent"))

    assert step.wake_in == 0


def test_long_wait_is_slept_in_pieces(timed: Timed, clock: Clock) -> None:
    budget = timed()
    token = budget.enqueue(KEY, Ticket("run:0", "a")).token
    permit = granted(budget.step(KEY, token=token, pop=True))
    budget.step(KEY, done=told(permit, "refused", retry_after=1000))

    assert budget.enqueue(KEY, Ticket("run:1", "a")).wake_in == 300


def test_empty_line_calls_for_no_wake(timed: Timed, clock: Clock) -> None:
    budget = timed()
    token = budget.enqueue(KEY, Ticket("run:1", "a")).token

    step = budget.step(KEY, token=token, pop=True)

    assert step.ticket == "run:1"
    assert step.wake_in is None
    assert budget.step(KEY, done=told(granted(step), "answered"), pop=True).wake_in is None


def test_budgets_that_need_a_step_are_found_among_many_at_once(timed: Callable[..., Budget], clock: Clock) -> None:
    budget = timed()
    keys = [f"{n:020x}" for n in range(300)]
    for key in keys:
        budget.enqueue(key, [Ticket(f"run:{n}", "a") for n in range(20)])
    lines = {key: [f"run:{n}" for n in range(20)] for key in keys}
    assert budget.lost(lines) == {}

    budget.step(keys[7], pop=True)
    budget.step(keys[299], pop=True)

    assert budget.lost(lines) == {keys[7]: ["run:0"], keys[299]: ["run:0"]}


def test_lost_wake_is_found_when_it_has_not_come_for_two_seconds(timed: Callable[..., Budget], clock: Clock) -> None:
    budget = timed()
    budget.enqueue(KEY, Ticket("run:1", "a"))

    clock.advance(1.9)
    in_time = budget.lost({KEY: ["run:1"]})
    clock.advance(0.2)

    assert (in_time, budget.lost({KEY: ["run:1"]})) == ({}, {KEY: []})
    assert budget.enqueue(KEY, []).wake_in == 0
