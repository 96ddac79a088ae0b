from collections.abc import Callable

import pytest
import redis

from expensify.budget.budget import Budget
from expensify.budget.limits import Limits
from tests.expensify.budget.office import Clock, live_by_a_clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return live_by_a_clock(monkeypatch)


@pytest.fixture
def timed(clock: Clock, redis_client: redis.Redis) -> Callable[..., Budget]:
    """Makes a budget that lives by `clock`."""

    def make(limits: Limits | None = None) -> Budget:
        budget = Budget(redis_client, limits or Limits())
        budget.introduce(fresh=True)
        return budget

    return make


@pytest.fixture
def budget(timed: Callable[..., Budget]) -> Budget:
    """A budget by the published limits, for which no time passes unless the test has it pass."""
    return timed()
