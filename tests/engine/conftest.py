from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from django_scopes import scope

import accounts.clock
from accounts.models import Credential, Team
from expensify.budget.limits import Limits
from exports.models import Run
from exports.runs import queue, recorded_client, tasks
from sandbox.app import Sandbox
from tests.conftest import PATIENCE
from tests.expensify.budget.office import Clock, live_by_a_clock


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real processes may take their time."""
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(autouse=True)
def at_work(settings: Any, acme: Team, budget: Any, sandbox: Any) -> Iterator[None]:
    """Acme's data are open, Redis and the sandbox are there, and a second attempt need not be waited for."""
    settings.RETRY_SECONDS, settings.CALL_ATTEMPTS = 0, 3
    settings.EXPENSIFY_ANSWER_SECONDS = PATIENCE
    with scope(team=acme):
        yield
    recorded_client.http().close()
    recorded_client.http.cache_clear()


@pytest.fixture
def redis_clock(budget: Any, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock to set, by which the call budget lives."""
    clock = live_by_a_clock(monkeypatch)
    queue.budget.cache_clear()
    queue.budget().introduce(fresh=True)
    return clock


class EngineClock:
    """A clock to set, in place of the database's."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def seconds(self) -> float:
        return self.at.timestamp()


@pytest.fixture
def engine_clock(db: None, monkeypatch: pytest.MonkeyPatch) -> EngineClock:
    clock = EngineClock(accounts.clock.now())
    monkeypatch.setattr(accounts.clock, "now", clock.now)
    return clock


@pytest.fixture
def without_limits(settings: Any, budget: Any, sandbox: Sandbox) -> None:
    """Everything goes through at once, so that only the line decides who is next; service counts as ever."""
    sandbox.choices = replace(sandbox.choices, limits=())
    sandbox.reset()
    settings.EXPENSIFY_LIMITS = Limits(((10_000, 30_000.0),), unanswered=PATIENCE)
    queue.budget.cache_clear()


@pytest.fixture
def work(credential: Credential) -> Callable[[Run], Run]:
    """Do what a worker does, in this process, until the run is final or waits for something else than its turn."""

    def work(run: Run) -> Run:
        for _ in range(12):
            run.refresh_from_db()
            if not run.is_resting:
                break
            queue.enqueue(Run.objects.get(pk=run.pk))
            tasks.take_turn.run(credential.fingerprint, "")
        run.refresh_from_db()
        return run

    return work
