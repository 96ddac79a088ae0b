"""Machines whose clocks are minutes apart, and a server that says itself how long to wait."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Team, User
from expensify.budget.limits import Limits
from exports.models import Run, SavedExport
from exports.runs import actions as runs
from exports.runs import heartbeat, queue
from sandbox.app import Sandbox
from sandbox.choices import Choices
from sandbox.faults import Fault
from tests.expensify.budget.office import Clock
from tests.factories import make_credential, make_export
from tests.gate import held
from tests.waiting import wait_until
from tests.work import Work
from tests.workers import PATIENT, Processes

Machine = Callable[..., Processes]

# Seconds by which a clock is off.
MINUTES = 300
LIMITS = "5/1s,20/6s"  # ten times faster than the real ones


@pytest.fixture
def fast_sandbox(redis_client: Any, settings: Any) -> Iterator[Sandbox]:
    settings.EXPENSIFY_LIMITS = Limits.parse(LIMITS)
    queue.budget.cache_clear()
    queue.budget().introduce(fresh=True)
    server = Sandbox(choices=Choices().faster(10))
    with server.serve() as served:
        settings.EXPENSIFY_URL = served.url
        yield server
    queue.budget.cache_clear()


@pytest.fixture
def machine(fast_sandbox: Sandbox, settings: Any, tmp_path: Path) -> Iterator[Machine]:
    """Starts a machine whose clock is so many seconds ahead; without beat unless it is told to."""
    started: list[Processes] = []

    def machine(ahead: float, *, processes: int = 1, beat: bool = False, **environment: str) -> Processes:
        folder = tmp_path / str(len(started))
        folder.mkdir()
        portal = Processes(
            folder,
            **PATIENT | environment,
            EXPENSIFY_URL=settings.EXPENSIFY_URL,
            EXPENSIFY_LIMITS=LIMITS,
            SWEEP_SECONDS="0.5",
            CLOCK_AHEAD=str(ahead),
        )
        started.append(portal)
        portal.worker(processes=processes, module="tests.engine.shifted")
        if beat:
            portal.beat()
        return portal

    yield machine
    for portal in started:
        portal.stop()


def statuses() -> set[str]:
    return set(Run.objects.values_list("status", flat=True))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_machines_minutes_apart_pass_the_alarm_on_without_a_hitch(
    machine: Machine, fast_sandbox: Sandbox, acme: Team, alice: User
) -> None:
    for ahead in (0, MINUTES, -MINUTES):
        machine(ahead)  # and no beat, so that nobody sets a lost alarm again
    export = make_export(make_credential(acme), alice)

    for _ in range(20):
        runs.start(export, by=alice)
    wait_until(lambda: not Run.objects.unfinished().exists())

    assert statuses() == {Run.Status.SUCCEEDED}
    assert fast_sandbox.refused == 0
    assert len(fast_sandbox.log) == 40


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("claimed_by", [pytest.param(0, marks=pytest.mark.thorough), -MINUTES])
def test_a_sweep_by_a_fast_clock_lets_a_call_under_way_alone(
    claimed_by: float, machine: Machine, fast_sandbox: Sandbox, acme: Team, alice: User, redis_client: Any
) -> None:
    limits = {"EXPENSIFY_ANSWER_SECONDS": "200", "STUCK_AFTER_SECONDS": "240"}  # less than the clocks are off
    export = make_export(make_credential(acme), alice, mark_as="ERP")
    with held(fast_sandbox, Fault(delay_after=1), on="generate") as answer:
        machine(claimed_by, **limits)
        run = runs.start(export, by=alice)
        wait_until(lambda: fast_sandbox.log)

        machine(MINUTES, beat=True, **limits)
        for _ in range(2):  # its one process ends the first sweep before it begins the second
            wait_until(heartbeat.is_fresh)
            redis_client.delete(heartbeat.KEY)
        answer()
        wait_until(lambda: not Run.objects.unfinished().exists())

    run.refresh_from_db()
    assert (run.status, run.error) == (Run.Status.SUCCEEDED, "")
    assert len(fast_sandbox.generated) == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ahead", [MINUTES, -MINUTES])
def test_a_machine_whose_clock_is_not_beats_sweeps(
    ahead: float, machine: Machine, fast_sandbox: Sandbox, acme: Team, alice: User, redis_client: Any
) -> None:
    export = make_export(make_credential(acme), alice)
    run = runs.start(export, by=alice)
    for key in redis_client.keys("portal:celery:*"):
        redis_client.delete(key)

    machine(ahead, beat=True)
    wait_until(lambda: not Run.objects.unfinished().exists())

    run.refresh_from_db()
    assert run.status == Run.Status.SUCCEEDED


@pytest.mark.django_db
@pytest.mark.parametrize("retry_after", ["40", "date:40"])
def test_the_pair_rests_as_long_as_expensify_asks(
    retry_after: str,
    redis_clock: Clock,
    export: SavedExport,
    alice: User,
    work: Work,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sandbox.script(Fault(rate_limited="both", retry_after=retry_after), on="generate")
    monkeypatch.setattr(time, "time", lambda: redis_clock.now)  # a date is read beside the answer's own

    work(runs.start(export, by=alice))

    held_until = queue.budget().usages([export.credential.fingerprint])[export.credential.fingerprint].held_until
    assert held_until == pytest.approx(40, abs=0.001)
    assert len(sandbox.log) == 1
