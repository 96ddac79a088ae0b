"""When the next call may go: outcomes, wakes, holds, calls under way."""

import random
from collections.abc import Callable
from functools import partial
from typing import cast

import pytest
import redis

from expensify.budget import Budget, Done, Limits, Permit, Step, Ticket
from tests.expensify.budget.office import KEY, Clock, Job, Luck, Office

Timed = Callable[..., Budget]
about = partial(pytest.approx, abs=1e-4)


def granted(step: Step) -> Permit:
    assert step.permit is not None
    return step.permit


def full_burst(budget: Budget, *, line: int = 40) -> list[Permit]:
    """The five calls that an idle budget gives at once, with plenty more waiting."""
    budget.enqueue(KEY, [Ticket(f"run:{n}", "a") for n in range(line)])
    permits = [granted(budget.step(KEY, pop=True)) for _ in range(5)]
    assert budget.step(KEY, pop=True).permit is None
    return permits


def told(permit: Permit, outcome: str, **words: float) -> Done:
    getattr(permit, outcome)(**words)
    assert permit.done is not None
    return permit.done


def next_grant(budget: Budget, clock: Clock, *, within: float = 200) -> float:
    """Seconds from now until a step is granted, in whole hundredths."""
    start = clock.now
    clock.advance(0.001)  # a look just after each hundredth, whatever microseconds have passed
    while budget.step(KEY, pop=True).permit is None:
        clock.advance(0.01)
        assert clock.now < start + within
    return round(clock.now - start, 2)


def test_answer_fixes_the_latest_arrival(timed: Timed, clock: Clock) -> None:
    budget = timed()
    permits = full_burst(budget)
    clock.advance(0.3)

    for permit in permits:
        budget.step(KEY, done=told(permit, "answered"))

    assert next_grant(budget, clock) == 10.05


def test_call_never_heard_of_again_counts_as_arriving_late(timed: Timed, clock: Clock) -> None:
    budget = timed()
    full_burst(budget)

    assert next_grant(budget, clock) == 11.55


def test_late_answer_does_not_make_the_arrival_later(timed: Timed, clock: Clock) -> None:
    budget = timed()
    permits = full_burst(budget)
    clock.advance(8)

    for permit in permits:
        budget.step(KEY, done=told(permit, "answered"))

    assert next_grant(budget, clock) == 3.55


def test_call_given_up_may_have_arrived_until_then(timed: Timed, clock: Clock) -> None:
    budget = timed()
    permits = full_burst(budget)
    clock.advance(8)

    for permit in permits:
        budget.step(KEY, done=told(permit, "unanswered"))

    assert next_grant(budget, clock) == 10.05


def test_call_given_up_after_its_window_counts_again(timed: Timed, clock: Clock) -> None:
    budget = timed()
    permits = full_burst(budget)
    clock.advance(240)

    for permit in permits:
        budget.step(KEY, done=told(permit, "unanswered"))

    assert budget.usage(KEY).used[0].calls == 5


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
    assert budget.usage(KEY).used[0].calls == 5


def test_first_refusal_waits_ten_seconds(timed: Timed, clock: Clock) -> None:
    budget = timed()
    budget.enqueue(KEY, [Ticket(f"run:{n}", "a") for n in range(9)])

    step = budget.step(KEY, done=told(granted(budget.step(KEY, pop=True)), "refused"), pop=True)

    assert step.permit is None
    assert budget.usage(KEY).held_until == about(10)
    assert next_grant(budget, clock) == 10


def test_refused_again_soon_waits_a_minute(timed: Timed, clock: Clock) -> None:
    budget = timed()
    budget.enqueue(KEY, [Ticket(f"run:{n}", "a") for n in range(9)])
    budget.step(KEY, done=told(granted(budget.step(KEY, pop=True)), "refused"))
    clock.advance(10.1)

    budget.step(KEY, done=told(granted(budget.step(KEY, pop=True)), "refused"))

    assert budget.usage(KEY).held_until == about(60)


def test_refusals_of_one_incident_count_once(timed: Timed, clock: Clock) -> None:
    budget = timed()
    permits = full_burst(budget)

    for permit in permits:
        budget.step(KEY, done=told(permit, "refused"))

    assert budget.usage(KEY).held_until == about(10)


def test_servers_own_wish_is_honoured_up_to_an_hour(timed: Timed, clock: Clock) -> None:
    budget = timed()
    permits = full_burst(budget)

    budget.step(KEY, done=told(permits[0], "refused", retry_after=25))
    assert budget.usage(KEY).held_until == about(25)

    budget.step(KEY, done=told(permits[1], "refused", retry_after=1e9))
    assert budget.usage(KEY).held_until == about(3600)


def test_unexplained_refusals_widen_the_gaps_for_a_day(timed: Timed, clock: Clock) -> None:
    budget = timed(Limits(slack_most=1.0))
    for _ in range(3):  # half a second each, a second at most
        budget.enqueue(KEY, Ticket("run:1", "a"))
        budget.step(KEY, done=told(granted(budget.step(KEY, pop=True)), "refused"))
        clock.advance(200)

    for permit in full_burst(budget):
        budget.step(KEY, done=told(permit, "answered"))
    assert next_grant(budget, clock) == 11.05
    clock.advance(86_400)

    budget.remove(KEY, budget.waiting(KEY))
    for permit in full_burst(budget):
        budget.step(KEY, done=told(permit, "answered"))
    assert next_grant(budget, clock) == 10.05


def test_hold_stops_everything_and_a_shorter_one_does_not_shorten_it(timed: Timed, clock: Clock) -> None:
    budget = timed()
    budget.enqueue(KEY, Ticket("run:1", "a"))

    budget.hold(KEY, 30)
    budget.hold(KEY, 5)

    assert budget.usage(KEY).held_until == about(30)
    assert budget.places(KEY, ["run:1"])["run:1"].starts_in == about(30)
    assert next_grant(budget, clock) == 30


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
    budget.hold(KEY, 1000)

    assert budget.enqueue(KEY, Ticket("run:1", "a")).wake_in == 300


def test_empty_line_calls_for_no_wake(timed: Timed, clock: Clock) -> None:
    budget = timed()
    token = budget.enqueue(KEY, Ticket("run:1", "a")).token

    step = budget.step(KEY, token=token, pop=True)

    assert step.ticket == "run:1"
    assert step.wake_in is None
    assert budget.step(KEY, done=told(granted(step), "answered"), pop=True).wake_in is None


def test_calls_under_way_are_capped(timed: Timed, clock: Clock) -> None:
    budget = timed(in_flight=2)
    budget.enqueue(KEY, [Ticket(f"run:{n}", "a") for n in range(9)])
    first = granted(budget.step(KEY, pop=True))
    granted(budget.step(KEY, pop=True))

    assert budget.step(KEY, pop=True).permit is None
    assert budget.step(KEY, done=told(first, "answered"), pop=True).ticket == "run:2"


def test_call_of_a_dead_worker_stops_counting_as_under_way(timed: Timed, clock: Clock) -> None:
    budget = timed(in_flight=1)
    budget.enqueue(KEY, [Ticket("run:1", "a"), Ticket("run:2", "a"), Ticket("run:3", "a")])
    granted(budget.step(KEY, pop=True))

    clock.advance(325)
    assert budget.step(KEY, pop=True).permit is None
    clock.advance(10)

    assert budget.step(KEY, pop=True).ticket == "run:2"
    assert budget.step(KEY, pop=True).permit is None


@pytest.mark.parametrize("back", [1, 3600, 86_400])
def test_clock_set_back_costs_a_minute_at_most(timed: Timed, clock: Clock, back: float) -> None:
    budget = timed()
    for permit in full_burst(budget):
        budget.step(KEY, done=told(permit, "answered"))

    clock.advance(-back)

    assert 10.05 <= next_grant(budget, clock) <= 61.6


def test_hold_outlasts_a_clock_set_back_by_an_hour_at_most(timed: Timed, clock: Clock) -> None:
    budget = timed()
    budget.step(KEY, done=told(full_burst(budget)[0], "refused"))
    budget.hold(KEY, 20)

    clock.advance(-86_400)

    assert budget.usage(KEY).held_until == about(3600)


def test_doubt_about_the_past_outlasts_a_clock_set_back_by_a_minute_at_most(
    clock: Clock, redis_client: redis.Redis
) -> None:
    budget = Budget(redis_client, Limits())
    budget.introduce(fresh=False)

    clock.advance(-86_400)

    assert budget.usage(KEY).held_until == about(61.55)


def test_calls_are_remembered_as_long_as_they_matter(budget: Budget, redis_client: redis.Redis) -> None:
    state = "{portal}:" + KEY + ":state"
    step = budget.step(KEY, enqueue=Ticket("run:1", "a"), pop=True)

    assert 60 + 1.5 + 2 < cast(int, redis_client.pttl(state)) / 1000 < 70
    budget.step(KEY, done=told(granted(step), "refused"))
    assert 86_390 < cast(int, redis_client.ttl(state)) <= 86_400


def test_idle_budget_takes_nothing(redis_client: redis.Redis) -> None:
    limits = Limits(((5, 0.1), (20, 0.6)), eps=0.01, unanswered=0.1, slack_step=0, slack_most=0)
    budget = Budget(redis_client, limits)
    budget.introduce(fresh=True)
    step = budget.step(KEY, enqueue=Ticket("run:1", "a"), pop=True)
    budget.step(KEY, done=told(granted(step), "answered"))

    left = {key: redis_client.pttl(key) for key in redis_client.keys("*")}

    assert left.pop(b"{portal}:boot") == -1
    assert list(left) == [f"{{portal}}:{KEY}:state".encode()]
    assert 0 < left[f"{{portal}}:{KEY}:state".encode()] <= 1000


def test_waiting_line_is_kept_for_a_day(budget: Budget, redis_client: redis.Redis) -> None:
    budget.enqueue(KEY, Ticket("run:1", "a"))

    ages = [redis_client.ttl(key) for key in redis_client.keys("*" + KEY + "*")]

    assert len(ages) == 4
    assert all(86_390 < age <= 86_400 for age in ages)


def test_two_budgets_do_not_know_each_other(timed: Timed, clock: Clock) -> None:
    budget, other = timed(), "f" * 20
    full_burst(budget)

    assert budget.step(other, enqueue=Ticket("run:1", "a"), pop=True).ticket == "run:1"


def test_stricter_server_is_found_by_itself(timed: Timed, clock: Clock) -> None:
    """It counts by whole seconds, both edges included: a second more than published."""
    office = Office(timed(), clock, Luck(random.Random(5)))
    office.save(*[Job(f"run:{n}", "a", clock.now) for n in range(200)])
    accepted: list[int] = []
    refused: list[float] = []

    def judge_and_send(step: Step) -> None:
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
