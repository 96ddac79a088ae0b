from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import redis

import expensify.budget.budget
import expensify.budget.permit
from expensify.budget import Budget, Limits, wire
from tests.expensify.budget.office import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """One clock for Redis and for the workers, which moves only when the test moves it.

    It is the script's own text, but its one question for the time reads an argument that comes with each run.
    """
    clock, run = Clock(), wire.Wire.run

    def run_at(self: wire.Wire, operation: str, keys: Sequence[str], arguments: Mapping[str, object]) -> Any:
        return run(self, operation, keys, {**arguments, "test_now": clock.tick()})

    assert wire.SCRIPT.count("redis.call('TIME')") == 1
    monkeypatch.setattr(wire, "SCRIPT", wire.SCRIPT.replace("redis.call('TIME')", "{ 0, ask.test_now }"))
    monkeypatch.setattr(wire.Wire, "run", run_at)
    for module in (expensify.budget.budget, expensify.budget.permit):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@pytest.fixture
def timed(clock: Clock, redis_client: redis.Redis) -> Callable[..., Budget]:
    """Makes a budget that lives by `clock`."""

    def make(limits: Limits | None = None, *, in_flight: int = 0) -> Budget:
        budget = Budget(redis_client, limits or Limits(), in_flight=in_flight)
        budget.introduce(fresh=True)
        return budget

    return make


@pytest.fixture
def budget(timed: Callable[..., Budget]) -> Budget:
    """A budget by the published limits, for which no time passes unless the test has it pass."""
    return timed()
