"""Who is next: order, turns, lead, leaving, and what the pages say about it."""

import random
from collections.abc import Callable
from statistics import mean
from typing import cast

import pytest
import redis

from expensify.budget.budget import Budget, QueuePosition, Ticket, Used
from expensify.budget.limits import Limits
from tests.expensify.budget.office import KEY, Clock, Job, Luck, Office
from tests.expensify.budget.steps import missing


def calm(seed: int = 1) -> Luck:
    return Luck(random.Random(seed))


def jobs(flow: str, count: int, at: float, *, lead: float = 0, calls: int = 2) -> list[Job]:
    return [Job(f"{flow}:{n}", flow, at, lead, calls) for n in range(count)]


def test_one_flow_goes_first_come_first_served(timed: Callable[..., Budget], clock: Clock) -> None:
    office = Office(timed(), clock, calm())

    saved = jobs("a", 40, clock.now)
    for job in saved:
        office.save(job)
    office.run(until=400)

    assert office.starts == [job.name for job in saved]


def test_equal_turns_go_by_arrival_not_by_name(budget: Budget) -> None:
    budget.enqueue(KEY, [Ticket("run:9", "nine"), Ticket("run:10", "ten"), Ticket("run:1", "one")])

    assert budget.waiting(KEY) == ["run:9", "run:10", "run:1"]


def test_flows_take_turns(budget: Budget) -> None:
    budget.enqueue(KEY, [Ticket(f"a:{n}", "a") for n in range(3)])
    budget.enqueue(KEY, [Ticket(f"b:{n}", "b") for n in range(3)])

    assert budget.waiting(KEY) == ["a:0", "b:0", "a:1", "b:1", "a:2", "b:2"]


def test_turns_are_counted_in_calls(budget: Budget) -> None:
    budget.enqueue(KEY, [Ticket(f"a:{n}", "a", calls=2) for n in range(2)])
    budget.enqueue(KEY, [Ticket(f"b:{n}", "b", calls=1) for n in range(4)])

    assert budget.waiting(KEY) == ["a:0", "b:0", "b:1", "a:1", "b:2", "b:3"]


def test_newcomer_gets_a_turn_now_but_not_those_it_missed(timed: Callable[..., Budget], clock: Clock) -> None:
    budget = timed()
    budget.enqueue(KEY, [Ticket(f"a:{n}", "a") for n in range(8)])
    for _ in range(4):
        assert budget.step(KEY, pop=True).permit is not None

    budget.enqueue(KEY, [Ticket(f"b:{n}", "b") for n in range(3)])

    assert budget.waiting(KEY) == ["b:0", "a:4", "b:1", "a:5", "b:2", "a:6", "a:7"]


def test_lead_puts_a_person_ahead_by_so_much_service(budget: Budget) -> None:
    budget.enqueue(KEY, [Ticket(f"a:{n}", "a") for n in range(50)])

    budget.enqueue(KEY, [Ticket(f"p:{n}", "p", lead=120) for n in range(45)])

    waiting = budget.waiting(KEY)
    assert waiting[:40] == [f"p:{n}" for n in range(40)]  # 40 calls of 3 s each
    assert waiting[40:44] == ["a:0", "p:40", "a:1", "p:41"]


def test_run_keeps_its_place_for_its_later_calls(budget: Budget) -> None:
    budget.enqueue(KEY, [Ticket(f"a:{n}", "a", calls=2) for n in range(4)])
    first = budget.step(KEY, pop=True)

    budget.enqueue(KEY, Ticket(first.ticket, "a", order=first.order))

    assert first.ticket == "a:0"
    assert budget.waiting(KEY) == ["a:0", "a:1", "a:2", "a:3"]


def test_kept_place_is_ahead_of_whoever_came_after_the_line_had_emptied(
    timed: Callable[..., Budget], clock: Clock
) -> None:
    budget = timed()
    budget.enqueue(KEY, Ticket("old", "a", calls=2))
    old = budget.step(KEY, pop=True)
    clock.advance(5)

    budget.enqueue(KEY, Ticket("new", "b"))
    budget.enqueue(KEY, Ticket("old", "a", order=old.order))

    assert budget.waiting(KEY) == ["old", "new"]


def test_kept_place_is_ahead_of_newcomers_when_all_else_was_forgotten(
    budget: Budget, redis_client: redis.Redis
) -> None:
    budget.enqueue(KEY, Ticket("old", "a", calls=2))
    old = budget.step(KEY, pop=True)
    redis_client.delete("{portal}:" + KEY + ":state")

    budget.enqueue(KEY, Ticket("new", "b"))
    budget.enqueue(KEY, Ticket("old", "a", order=old.order))

    assert budget.waiting(KEY) == ["old", "new"]


def test_ticket_in_line_keeps_its_place_when_it_is_put_there_again(budget: Budget) -> None:
    budget.enqueue(KEY, [Ticket("a:0", "a"), Ticket("a:1", "a")])

    budget.enqueue(KEY, [Ticket("a:0", "a"), Ticket("a:2", "a")])

    assert budget.waiting(KEY) == ["a:0", "a:1", "a:2"]


def test_small_exports_do_not_wait_for_a_large_one(timed: Callable[..., Budget], clock: Clock) -> None:
    office, start = Office(timed(), clock, calm()), clock.now
    arrivals = {
        0: jobs("A", 100, start),
        10: jobs("B", 1, start + 10),
        20: jobs("C", 5, start + 20),
        300: jobs("late", 1, start + 300),
        **{60 * n + 35: [Job(f"P:{n}", "P", start + 60 * n + 35, 120, 1)] for n in range(10)},
    }
    for at in sorted(arrivals):
        office.later(at, office.save, *arrivals[at])

    office.run(until=900)

    waits = office.waits
    assert len(waits) == 117
    assert waits["B:0"] < 15
    assert waits["late:0"] < 15
    assert mean(waits[f"C:{n}"] for n in range(5)) < 45
    assert mean(waits[f"P:{n}"] for n in range(10)) < 6
    assert max(waits[f"A:{n}"] for n in range(100)) < 680  # 600 alone; 17 more calls of others 51


def test_who_leaves_is_not_called(budget: Budget) -> None:
    budget.enqueue(KEY, [Ticket(f"a:{n}", "a") for n in range(4)])

    assert budget.remove(KEY, "a:1") == 1
    assert budget.remove(KEY, ["a:1", "a:3", "never"]) == 1
    assert budget.waiting(KEY) == ["a:0", "a:2"]


def test_who_cancels_and_starts_over_is_charged_once(budget: Budget) -> None:
    budget.enqueue(KEY, [Ticket(f"a:{n}", "a", calls=2) for n in range(50)])
    budget.enqueue(KEY, [Ticket(f"b:{n}", "b", calls=2) for n in range(3)])

    budget.remove(KEY, [f"a:{n}" for n in range(50)])
    budget.enqueue(KEY, [Ticket(f"a:{n}", "a", calls=2) for n in range(50, 52)])

    assert budget.waiting(KEY) == ["b:0", "a:50", "b:1", "a:51", "b:2"]


def test_missing_names_those_not_in_line(budget: Budget) -> None:
    budget.enqueue(KEY, [Ticket("a:0", "a"), Ticket("a:1", "a")])
    budget.step(KEY, pop=True)

    assert missing(budget, ["a:0", "a:1", "a:2"]) == ["a:0", "a:2"]
    assert missing(budget, []) == []


def test_places_of_an_idle_budget_follow_its_envelope(timed: Callable[..., Budget], clock: Clock) -> None:
    budget = timed(Limits(margin=0))
    budget.enqueue(KEY, [Ticket(f"a:{n}", "a") for n in range(30)])

    places = budget.places(KEY, ["a:0", "a:4", "a:5", "a:9", "a:20", "elsewhere"])

    assert places == {
        "a:0": QueuePosition(1, 0),
        "a:4": QueuePosition(5, 0),
        "a:5": QueuePosition(6, 10),
        "a:9": QueuePosition(10, 15),
        "a:20": QueuePosition(21, 60),
    }


def test_runs_ahead_count_with_all_their_calls(timed: Callable[..., Budget], clock: Clock) -> None:
    budget = timed(Limits(margin=0))
    budget.enqueue(KEY, [Ticket(f"a:{n}", "a", calls=2) for n in range(30)])

    assert budget.places(KEY, ["a:10", "a:20"]) == {"a:10": QueuePosition(11, 60), "a:20": QueuePosition(21, 120)}


@pytest.mark.parametrize("elapsed", [0, 7, 100, 400])
def test_each_run_starts_when_its_place_said(timed: Callable[..., Budget], clock: Clock, elapsed: float) -> None:
    office = Office(timed(), clock, Luck(random.Random(1), lambda draw: 0.01, lambda draw: 0.01))
    office.save(*jobs("a", 400, clock.now, calls=1))
    office.run(until=elapsed)
    asked_at = clock.now
    waiting = office.budget.waiting(KEY)

    places = office.budget.places(KEY, waiting)
    office.run(until=3000)

    for name in waiting:
        started_at = office.jobs[name].started_at
        assert started_at is not None
        assert started_at - asked_at == pytest.approx(places[name].starts_in, abs=2 + 0.01 * (started_at - asked_at))


def test_page_of_places_in_a_long_line_is_one_quick_round_trip(budget: Budget) -> None:
    budget.enqueue(KEY, [Ticket(f"a:{n}", "a", calls=2) for n in range(5000)])

    places = budget.places(KEY, [f"a:{n}" for n in range(4950, 5000)])

    assert [place.position for place in places.values()] == list(range(4951, 5001))
    assert places["a:4999"].starts_in == pytest.approx(2 * 4999 * 3, rel=0.01)


def test_usage_counts_each_window(timed: Callable[..., Budget], clock: Clock) -> None:
    budget = timed()
    budget.enqueue(KEY, [Ticket(f"a:{n}", "a") for n in range(9)])
    for n in range(4):
        step = budget.step(KEY, pop=True)
        assert step.permit is not None
        step.permit.answered()
        budget.step(KEY, done=step.permit.done)
        clock.advance(4 if n == 0 else 0)
    clock.advance(7)

    other = "f" * 20
    usages = budget.usages([KEY, other])

    assert usages[KEY].used == [Used(3, 5, 10.0), Used(4, 20, 60.0)]
    assert usages[KEY].waiting == 5
    assert usages[KEY].held_until is None
    assert usages[other].used == [Used(0, 5, 10.0), Used(0, 20, 60.0)]
    assert usages[other] == budget.usages([other])[other]


def test_usages_of_nothing_and_of_very_many_are_answered(budget: Budget) -> None:
    keys = [f"{n:020x}" for n in range(9000)]

    assert budget.usages([]) == {}
    assert list(budget.usages(keys)) == keys


def test_flows_are_forgotten_when_their_turn_has_passed(
    timed: Callable[..., Budget], clock: Clock, redis_client: redis.Redis
) -> None:
    budget = timed(Limits(((1000, 1.0),)))
    budget.enqueue(KEY, [Ticket(f"a:{n}", "a") for n in range(500)])
    for n in range(499):
        budget.step(KEY, enqueue=Ticket(f"f:{n}", f"flow:{n}"), pop=True)
        budget.step(KEY, pop=True)
        clock.advance(0.01)

    assert budget.waiting(KEY) == ["a:499"]
    assert cast(int, redis_client.hlen("{portal}:" + KEY + ":flows")) <= 2 * 1 + 64 + 1
