"""The outcome of a call decides when the next one may go."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
import redis

from expensify.budget.budget import Budget, Decision, Ticket
from expensify.budget.limits import Limits
from tests.expensify.budget.office import KEY, Clock, Job, Luck, Office
from tests.expensify.budget.steps import about, full_burst, granted, is_next_grant, told

Timed = Callable[..., Budget]


def test_answer_fixes_the_latest_arrival(timed: Timed, clock: Clock) -> None:
    budget = timed()
    permits = full_burst(budget)
    clock.advance(0.3)

    for permit in permits:
        budget.step(KEY, done=told(permit, "answered"))

    assert is_next_grant(budget, clock, 10.05)


def test_answer_counts_from_when_it_came_not_from_when_it_was_told(timed: Timed, clock: Clock) -> None:
    budget = timed()
    permits = full_burst(budget)
    clock.advance(0.8)

    for permit in permits:
        budget.step(KEY, done=replace(told(permit, "answered"), ago=0.5))

    assert is_next_grant(budget, clock, 9.55)


def test_call_never_heard_of_again_counts_as_arriving_late(timed: Timed, clock: Clock) -> None:
    budget = timed()
    full_burst(budget)

    assert is_next_grant(budget, clock, 11.55)


def test_late_answer_does_not_make_the_arrival_later(timed: Timed, clock: Clock) -> None:
    budget = timed()
    permits = full_burst(budget)
    clock.advance(8)

    for permit in permits:
        budget.step(KEY, done=told(permit, "answered"))

    assert is_next_grant(budget, clock, 3.55)


def test_call_given_up_may_have_arrived_until_then(timed: Timed, clock: Clock) -> None:
    budget = timed()
    permits = full_burst(budget)
    clock.advance(8)

    for permit in permits:
        budget.step(KEY, done=told(permit, "unanswered"))

    assert is_next_grant(budget, clock, 10.05)


def test_call_given_up_after_its_window_counts_again(timed: Timed, clock: Clock) -> None:
    budget = timed()
    permits = full_burst(budget)
    clock.advance(240)

    for permit in permits:
        budget.step(KEY, done=told(permit, "unanswered"))

    assert budget.usages([KEY])[KEY].used[0].calls == 5


def test_call_that_never_left_gives_its_slot_back(timed: Timed, clock: Clock) -> None:
    budget = timed()
    permits = full_burst(budget)

    step = budget.step(KEY, done=told(permits[2], "not_sent"), pop=True)

    assert step.permit is not None
    assert budget.step(KEY, pop=True).permit is None


def test_news_told_twice_counts_once(timed: Timed, clock: Clock) -> None:
    budget = timed()
    permits = full_burst(budget)

    given_back = told(permits[0], "not_sent")
    assert budget.step(KEY, done=given_back, pop=True).permit is not None

    assert budget.step(KEY, done=given_back, pop=True).permit is None
    assert budget.usages([KEY])[KEY].used[0].calls == 5


def test_first_refusal_waits_ten_seconds(timed: Timed, clock: Clock) -> None:
    budget = timed()
    budget.enqueue(KEY, [Ticket(f"run:{n}", "a") for n in range(9)])

    step = budget.step(KEY, done=told(granted(budget.step(KEY, pop=True)), "refused"), pop=True)

    assert step.permit is None
    assert budget.usages([KEY])[KEY].held_until == about(10)
    assert is_next_grant(budget, clock, 10)


def test_refused_again_soon_waits_a_minute(timed: Timed, clock: Clock) -> None:
    budget = timed()
    budget.enqueue(KEY, [Ticket(f"run:{n}", "a") for n in range(9)])
    budget.step(KEY, done=told(granted(budget.step(KEY, pop=True)), "refused"))
    clock.advance(10.1)

    budget.step(KEY, done=told(granted(budget.step(KEY, pop=True)), "refused"))

    assert budget.usages([KEY])[KEY].held_until == about(60)


def test_refusals_of_one_incident_count_once(timed: Timed, clock: Clock) -> None:
    budget = timed()
    permits = full_burst(budget)

    for permit in permits:
        budget.step(KEY, done=told(permit, "refused"))

    assert budget.usages([KEY])[KEY].held_until == about(10)


def test_servers_own_wish_is_honoured_up_to_an_hour(timed: Timed, clock: Clock) -> None:
    budget = timed()
    permits = full_burst(budget)

    budget.step(KEY, done=told(permits[0], "refused", retry_after=25))
    assert budget.usages([KEY])[KEY].held_until == about(25)

    budget.step(KEY, done=told(permits[1], "refused", retry_after=1e9))
    assert budget.usages([KEY])[KEY].held_until == about(3600)


def test_unexplained_refusals_widen_the_gaps_for_a_day(timed: Timed, clock: Clock) -> None:
    budget = timed(Limits(slack_most=1.0))
    for _ in range(3):  # half a second each, a second at most
        budget.enqueue(KEY, Ticket("run:1", "a"))
        budget.step(KEY, done=told(granted(budget.step(KEY, pop=True)), "refused"))
        clock.advance(200)

    for permit in full_burst(budget):
        budget.step(KEY, done=told(permit, "answered"))
    assert is_next_grant(budget, clock, 11.05)
    clock.advance(86_400)

    budget.remove(KEY, budget.waiting(KEY))
    for permit in full_burst(budget):
        budget.step(KEY, done=told(permit, "answered"))
    assert is_next_grant(budget, clock, 10.05)


@pytest.mark.parametrize(("back", "wait"), [(1, 11.05), (3600, 11.55), (86_400, 11.55)])
def test_clock_set_back_costs_no_more_than_an_unanswered_call(
    timed: Timed, clock: Clock, back: float, wait: float
) -> None:
    budget = timed()
    for permit in full_burst(budget):
        budget.step(KEY, done=told(permit, "answered"))

    clock.advance(-back)

    assert is_next_grant(budget, clock, wait)


def test_pause_outlasts_a_clock_set_back_by_an_hour_at_most(timed: Timed, clock: Clock) -> None:
    budget = timed()
    budget.step(KEY, done=told(full_burst(budget)[0], "refused"))

    clock.advance(-86_400)

    assert budget.usages([KEY])[KEY].held_until == about(3600)


def test_doubt_about_the_past_outlasts_a_clock_set_back_by_a_minute_at_most(
    clock: Clock, redis_client: redis.Redis
) -> None:
    budget = Budget(redis_client, Limits())
    budget.introduce(fresh=False)

    clock.advance(-86_400)

    assert budget.usages([KEY])[KEY].held_until == about(61.55)


def test_stricter_server_is_found_by_itself(timed: Timed, clock: Clock) -> None:
    """It counts by whole seconds, both edges included: a second more than published."""
    office = Office(timed(), clock, Luck(random.Random(5)))
    office.save(*[Job(f"run:{n}", "a", clock.now) for n in range(200)])
    accepted: list[int] = []
    refused: list[float] = []

    def judge_and_send(step: Decision) -> None:
        if step.permit is None:
            return
        job, second = office.jobs[step.ticket], int(clock.now)
        ok = all(sum(at >= second - span for at in accepted) < calls for calls, span in ((5, 10), (20, 60)))
        (accepted if ok else refused).append(second)
        step.permit.answered() if ok else step.permit.refused()
        job.order, job.calls = step.order, job.calls - ok
        again = [job.ticket()] if job.calls else []
        judge_and_send(office.step(done=step.permit.done, enqueue=again, pop=True))

    office.send = judge_and_send  # type: ignore[method-assign]
    office.run(until=1500)

    assert len(accepted) == 400
    assert 1 <= len(refused) <= 4
    assert max(refused) < accepted[0] + 400
