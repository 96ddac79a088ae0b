"""Eight worker processes on one credential, and Redis restarted under them."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django_scopes import scope

from accounts.models import Team, User
from exports.models import Run
from exports.runs import actions as runs
from exports.runs import queue
from sandbox.app import Sandbox
from sandbox.choices import Choices
from tests.factories import make_credential, make_export
from tests.servers import RedisServer
from tests.waiting import wait_until
from tests.workers import PATIENT, Processes

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def shared_redis() -> Iterator[RedisServer]:
    server = RedisServer().start()
    yield server
    server.remove()


@pytest.fixture(scope="module")
def fast_sandbox() -> Iterator[Any]:
    """Its limits are ten times faster than the real ones."""
    server = Sandbox(choices=Choices().faster(10))
    with server.serve() as served:
        server.url = served.url
        yield server


@pytest.fixture(scope="module")
def processes(
    shared_redis: RedisServer,
    fast_sandbox: Any,
    django_db_setup: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Processes]:
    """Beat and a worker of eight processes, which all tests share."""
    with django_db_blocker.unblock():
        processes = Processes(
            tmp_path_factory.mktemp("processes"),
            **PATIENT,
            UNANSWERED_SECONDS="5",  # nothing goes for so long, and six seconds, after Redis was restarted
            REDIS_URL=shared_redis.url,
            EXPENSIFY_URL=fast_sandbox.url,
            EXPENSIFY_LIMITS="5/1s,20/6s",
            RETRY_SECONDS="0.2",
            SWEEP_SECONDS="0.5",
        )
        processes.worker(processes=8)
        processes.beat()
    yield processes
    processes.stop()


@pytest.fixture
def sandbox(
    processes: Processes, shared_redis: RedisServer, fast_sandbox: Sandbox, settings: Any, acme: Team
) -> Iterator[Sandbox]:
    """The server that the workers call; it and Redis know nothing yet."""
    settings.REDIS_URL = shared_redis.url
    with redis.Redis.from_url(shared_redis.url) as client:
        client.flushall()
    queue.budget.cache_clear()
    queue.budget().introduce(fresh=True)
    fast_sandbox.reset()
    with scope(team=acme):
        yield fast_sandbox
    queue.budget.cache_clear()


def unfinished() -> int:
    return Run.objects.unfinished().count()


def test_eight_processes_make_no_call_too_many_and_none_twice(
    sandbox: Sandbox, processes: Processes, acme: Team, alice: User
) -> None:
    export = make_export(make_credential(acme), alice)

    for _ in range(25):
        runs.start(export, by=alice)
    wait_until(lambda: unfinished() == 0, log=processes.logs)

    assert set(Run.objects.values_list("status", flat=True)) == {Run.Status.SUCCEEDED}
    assert sandbox.refused == 0
    # How close to each other the limits let them come is for tests by a clock: test_expected_times.py.
    assert len(sandbox.log) == 50


def test_runs_started_while_redis_is_away_go_on_when_it_returns(
    sandbox: Sandbox, processes: Processes, shared_redis: RedisServer, acme: Team, alice: User
) -> None:
    export = make_export(make_credential(acme), alice)
    before = runs.start(export, by=alice)
    wait_until(lambda: unfinished() == 0, log=processes.logs)
    said = len(processes.logs())

    shared_redis.stop()
    meanwhile = [runs.start(export, by=alice) for _ in range(3)]
    wait_until(lambda: "Cannot connect to redis" in processes.logs()[said:])
    assert len(sandbox.log) == 2
    shared_redis.start()
    wait_until(lambda: unfinished() == 0, log=processes.logs)

    assert {run.pk for run in Run.objects.filter(status=Run.Status.SUCCEEDED)} == {
        run.pk for run in (before, *meanwhile)
    }
    assert sandbox.refused == 0
    assert len(sandbox.log) == 8


@pytest.mark.parametrize("emptied", [False, True], ids=["kept", "emptied"])
def test_redis_restarted_in_the_middle_loses_no_run_and_makes_no_call_too_many(
    emptied: bool, sandbox: Sandbox, processes: Processes, shared_redis: RedisServer, acme: Team, alice: User
) -> None:
    export = make_export(make_credential(acme), alice)

    for _ in range(10):
        runs.start(export, by=alice)
    wait_until(lambda: len(sandbox.log) >= 4, log=processes.logs)
    shared_redis.restart(emptied=emptied)
    wait_until(lambda: unfinished() == 0, log=processes.logs)

    assert set(Run.objects.values_list("status", flat=True)) == {Run.Status.SUCCEEDED}
    assert sandbox.refused == 0
    assert len(sandbox.generated) == 10
