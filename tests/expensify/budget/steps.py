"""Small moves that tests of the budget make: take what is free, say what came of it, wait for the next slot."""

from functools import partial

import pytest

from expensify.budget import Budget, Done, Permit, Step, Ticket
from tests.expensify.budget.office import KEY, Clock

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


def missing(budget: Budget, names: list[str]) -> list[str]:
    """Those of these tickets that wait in no line."""
    return budget.lost({KEY: names}).get(KEY, [])


def next_grant(budget: Budget, clock: Clock, *, within: float = 200) -> float:
    """Seconds from now until a step is granted, in whole hundredths."""
    start = clock.now
    clock.advance(0.001)  # a look just after each hundredth, whatever microseconds have passed
    while budget.step(KEY, pop=True).permit is None:
        clock.advance(0.01)
        assert clock.now < start + within
    return round(clock.now - start, 2)
