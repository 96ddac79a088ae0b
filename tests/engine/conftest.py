from collections.abc import Iterator
from typing import Any

import pytest
from django_scopes import scope

import accounts.clock
from accounts.models import Team
from exports.runs import queue
from sandbox.app import Sandbox
from sandbox.choices import Choices
from tests.engine.clocks import EngineClock
from tests.expensify.budget.office import Clock, live_by_a_clock
from tests.waiting import PATIENCE
from tests.work import Work, work_off
from tests.workers import PATIENT, Processes


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


@pytest.fixture
def redis_clock(budget: Any, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock to set, by which the call budget lives."""
    clock = live_by_a_clock(monkeypatch)
    queue.budget.cache_clear()
    queue.budget().introduce(fresh=True)
    return clock


@pytest.fixture
def engine_clock(db: None, monkeypatch: pytest.MonkeyPatch) -> EngineClock:
    clock = EngineClock(accounts.clock.now())
    monkeypatch.setattr(accounts.clock, "now", clock.now)
    return clock


@pytest.fixture
def work() -> Work:
    """Do what a worker does, in this process, until the run is final or waits for something else than its turn."""
    return work_off


# ------------------------------------------------------------ real processes that die where a test says


@pytest.fixture(scope="module")
def fast_sandbox() -> Iterator[Any]:
    """Its limits let six calls go at once."""
    server = Sandbox(choices=Choices(limits=((50, 1.0), (200, 6.0))))
    with server.serve() as served:
        server.url = served.url
        yield server


@pytest.fixture(scope="module")
def processes(
    fast_sandbox: Any, django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Processes]:
    """Beat and a worker of two processes, which all tests of a module share, and which a Trap kills."""
    folder = tmp_path_factory.mktemp("processes")
    with django_db_blocker.unblock():
        processes = Processes(
            folder,
            **PATIENT,
            EXPENSIFY_URL=fast_sandbox.url,
            EXPENSIFY_LIMITS="50/1s,200/6s",
            RETRY_SECONDS="0.2",
            SWEEP_SECONDS="0.3",
            CRASH_FILE=str(folder / "crash"),
        )
        processes.worker(processes=2, module="tests.engine.crashing")
        processes.beat()
    yield processes
    processes.stop()
