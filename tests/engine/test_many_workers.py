"""Eight worker processes on one credential, and Redis restarted under them."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django_scopes import scope

from accounts.models import Team, User
from exports import dispatch, runs
from exports.models import Run
from sandbox import Choices, Sandbox
from tests.conftest import make_credential, make_export
from tests.servers import RedisServer
from tests.workers import Processes, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def own_redis(redis_server: RedisServer, settings: Any) -> Iterator[RedisServer]:
    """The portal of this test uses a Redis that the test may restart."""
    settings.REDIS_URL = redis_server.url
    dispatch.budget.cache_clear()
    dispatch.budget().introduce(fresh=True)
    yield redis_server
    dispatch.budget.cache_clear()


@pytest.fixture
def portal(own_redis: RedisServer, acme: Team, tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """Starts a sandbox with limits ten times faster than the real ones, beat, and workers."""
    started: list[Processes] = []
    servers: list[Any] = []

    def start(processes: int) -> Sandbox:
        sandbox = Sandbox(choices=Choices().faster(10))
        server = sandbox.serve()
        servers.append(server)
        portal = Processes(
            tmp_path,
            EXPENSIFY_URL=server.__enter__().url,
            EXPENSIFY_LIMITS="5/1s,20/6s",
            EXPENSIFY_ANSWER_SECONDS="5",
            RETRY_SECONDS="0.2",
            SWEEP_SECONDS="0.5",
        )
        started.append(portal)
        portal.worker(processes=processes)
        portal.beat()
        return sandbox

    with scope(team=acme):
        yield start
    for portal in started:
        portal.stop()
    for server in servers:
        server.__exit__(None, None, None)


def unfinished() -> int:
    return Run.objects.unfinished().count()


def test_eight_processes_make_no_call_too_many_and_waste_hardly_any(
    portal: Callable[..., Sandbox], acme: Team, alice: User
) -> None:
    sandbox = portal(processes=8)
    export = make_export(make_credential(acme), alice)

    for _ in range(25):
        runs.start(export, by=alice)
    wait_until(lambda: unfinished() == 0, seconds=60)

    assert set(Run.objects.values_list("status", flat=True)) == {Run.Status.SUCCEEDED}
    assert sandbox.refused == 0
    assert len(sandbox.log) == 50
    # 50 calls need at least two windows of 6 s after the first 20; a budget half wasted would need 27 s.
    assert sandbox.log[-1].at - sandbox.log[0].at < 18


def test_runs_started_while_redis_is_away_go_on_when_it_returns(
    portal: Callable[..., Sandbox], own_redis: RedisServer, acme: Team, alice: User
) -> None:
    sandbox = portal(processes=2)
    export = make_export(make_credential(acme), alice)
    before = runs.start(export, by=alice)
    wait_until(lambda: not Run.objects.unfinished().exists(), seconds=30)

    own_redis.stop()
    meanwhile = [runs.start(export, by=alice) for _ in range(3)]
    time.sleep(3)
    assert len(sandbox.log) == 2
    own_redis.start()
    wait_until(lambda: unfinished() == 0, seconds=90)

    assert {run.pk for run in Run.objects.filter(status=Run.Status.SUCCEEDED)} == {
        run.pk for run in (before, *meanwhile)
    }
    assert sandbox.refused == 0
    assert len(sandbox.log) == 8


@pytest.mark.parametrize("emptied", [False, True], ids=["kept", "emptied"])
def test_redis_restarted_in_the_middle_loses_no_run_and_makes_no_call_too_many(
    emptied: bool, portal: Callable[..., Sandbox], own_redis: RedisServer, acme: Team, alice: User
) -> None:
    sandbox = portal(processes=2)
    export = make_export(make_credential(acme), alice)

    for _ in range(10):
        runs.start(export, by=alice)
    wait_until(lambda: len(sandbox.log) >= 4, seconds=30)
    own_redis.restart(emptied=emptied)
    wait_until(lambda: unfinished() == 0, seconds=90)

    assert set(Run.objects.values_list("status", flat=True)) == {Run.Status.SUCCEEDED}
    assert sandbox.refused == 0
    assert len(sandbox.generated) == 10
