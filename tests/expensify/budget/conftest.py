from collections.abc import Callable

import pytest
import redis

from expensify.budget import Budget, Limits, wire
from tests.expensify.budget.office import Clock


@pytest.fixture
def budget(redis_client: redis.Redis) -> Budget:
    """A budget by the published limits, on Redis's own clock."""
    budget = Budget(redis_client, Limits())
    budget.introduce(fresh=True)
    return budget


@pytest.fixture
def clock(redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock to set: the script's own text, with its one question for the time asking a key instead.

    Like the real one it moves on by a microsecond at least between two runs of the script.
    """
    assert wire.SCRIPT.count("redis.call('TIME')") == 1
    monkeypatch.setattr(
        wire, "SCRIPT", wire.SCRIPT.replace("redis.call('TIME')", "{ 0, redis.call('INCR', 'clock') }")
    )
    return Clock(redis_client)


@pytest.fixture
def timed(clock: Clock, redis_client: redis.Redis) -> Callable[..., Budget]:
    """Makes a budget that lives by `clock`."""

    def make(limits: Limits | None = None, *, in_flight: int = 0) -> Budget:
        budget = Budget(redis_client, limits or Limits(), in_flight=in_flight)
        budget.introduce(fresh=True)
        return budget

    return make
