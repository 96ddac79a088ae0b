"""Small moves that tests of the budget make: take what is free, say what came of it, wait for the next slot."""

from collections.abc import Callable
from functools import partial
from typing import cast

import pytest
import redis

from expensify.budget.budget import Budget, Decision, Ticket
from expensify.budget.permit import Done, Permit
from tests.expensify.budget.office import KEY, Clock

about = partial(pytest.approx, abs=1e-4)


def granted(step: Decision) -> Permit:
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


def is_next_grant(budget: Budget, clock: Clock, seconds: float) -> bool:
    """Whether the next call is granted so many seconds from now, to the millisecond, and none before.

    Before, the budget is asked at each whole second, and a millisecond early; a refusal changes nothing.
    """
    start = clock.now
    for at in (*range(int(seconds)), seconds - 0.001):
        clock.set(start + at)
        if budget.step(KEY, pop=True).permit is not None:
            return False
    clock.set(start + seconds + 0.001)
    return budget.step(KEY, pop=True).permit is not None


def kept_for(client: redis.Redis, keys: list[str], act: Callable[[], object]) -> list[tuple[float, float]]:
    """The least and the most seconds for which `act` can have set each key to be kept.

    It set the time to live between two looks at Redis's clock, so however slow this machine is, the truth lies between.
    """
    began = _redis_time(client)
    act()
    ended = _redis_time(client)
    kept = []
    for key in keys:
        before = _redis_time(client)
        left = cast(int, client.pttl(key)) / 1000
        after = _redis_time(client)
        kept.append((before + left - ended - 0.001, after + left - began + 0.001))  # a time to live is whole ms
    return kept


def _redis_time(client: redis.Redis) -> float:
    seconds, micros = cast(tuple[int, int], client.time())
    return seconds + micros / 1e6
