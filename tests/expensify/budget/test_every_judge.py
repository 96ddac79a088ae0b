"""No judge that fits the published limits may refuse a call, and next to nothing of them may go unused."""

import math
import random
from collections.abc import Callable

import pytest

from expensify.budget.budget import Budget
from expensify.budget.limits import Limits
from tests.expensify.budget.office import Clock, Job, Luck, Office
from tests.expensify.budget.referees import refusals, steady_share

NONE = {
    "sliding log": 0,
    "strict bucket": 0,
    "fixed windows from 0.0 s": 0,
    "fixed windows from 3.3 s": 0,
    "fixed windows from 5.0 s": 0,
    "fixed windows from 8.7 s": 0,
    "fixed windows from 31.0 s": 0,
}


def lognormal(draw: random.Random) -> float:
    """60 ms as a rule, 1 % with a packet sent again after a second; never above 1.4 s."""
    return min(draw.lognormvariate(math.log(0.06), 0.6) + (draw.random() < 0.01), 1.4)


def slow_answers(draw: random.Random) -> float:
    return draw.uniform(0.2, 40) if draw.random() < 0.05 else draw.uniform(0.05, 1.0)


def backlog(count: int, at: float) -> list[Job]:
    return [Job(f"run:{n}", f"export:{n % 3}", at) for n in range(count)]


@pytest.mark.parametrize("latency", [lambda draw: draw.uniform(0, 0.15), lognormal], ids=["even", "lognormal"])
def test_backlog_uses_99_percent_and_is_never_refused(
    timed: Callable[..., Budget], clock: Clock, latency: Callable[[random.Random], float]
) -> None:
    office = Office(timed(), clock, Luck(random.Random(1), latency))

    office.save(*backlog(700, clock.now))
    office.run(until=3600)

    assert refusals(office.arrivals) == NONE
    assert len(office.arrivals) > 1180
    assert steady_share(office.arrivals) > 0.99


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.thorough) for seed in range(1, 5))])
def test_mishaps_never_lead_to_a_refusal(timed: Callable[..., Budget], clock: Clock, seed: int) -> None:
    luck = Luck(
        random.Random(seed), lognormal, slow_answers,
        late_wake=0.05, lost_wake=0.05, dies_before=0.01, dies_after=0.01, not_sent=0.02, unanswered=0.01,
    )  # fmt: skip
    office = Office(timed(), clock, luck)
    office.sweep()

    saved = 0
    for _ in range(120):  # bursts and idle stretches
        jobs = [
            Job(f"run:{saved + n}", f"export:{luck.draw.randrange(4)}", clock.now, luck.draw.choice((0, 120)))
            for n in range(luck.draw.choice((1, 1, 2, 10, 40)))
        ]
        saved += len(jobs)
        office.save(*jobs)
        office.run(until=luck.draw.choice((1, 20, 90, 200)))
    office.luck = Luck(random.Random(seed))
    office.run(until=7200)

    assert refusals(office.arrivals) == NONE
    assert len(office.waits) == saved
    assert office.lost > 0


def test_slow_answers_cost_little_since_a_request_arrives_before_them(
    timed: Callable[..., Budget], clock: Clock
) -> None:
    office = Office(timed(), clock, Luck(random.Random(4), answer=lambda draw: draw.uniform(5, 40)))

    office.save(*backlog(300, clock.now))
    office.run(until=1800)

    assert refusals(office.arrivals) == NONE
    assert steady_share(office.arrivals) > 0.97


def test_other_limits_are_kept_as_well(timed: Callable[..., Budget], clock: Clock) -> None:
    office = Office(timed(Limits(((3, 7.0), (10, 30.0)), envelope="burst")), clock, Luck(random.Random(2)))

    office.save(*backlog(100, clock.now))
    office.run(until=700)

    at = sorted(office.arrivals)
    assert len(at) == 200
    assert min(late - early for early, late in zip(at, at[3:], strict=False)) > 7
    assert min(late - early for early, late in zip(at, at[10:], strict=False)) > 30


def test_an_accepted_call_takes_at_most_three_round_trips(timed: Callable[..., Budget], clock: Clock) -> None:
    office = Office(timed(), clock, Luck(random.Random(3)))

    for n in range(200):
        office.save(Job(f"run:{n}", "export:1", clock.now))
        office.run(until=2)
    office.run(until=1500)

    assert len(office.arrivals) == 400
    assert office.trips / len(office.arrivals) <= 3
