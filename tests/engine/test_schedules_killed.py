"""Workers and beat killed by SIGKILL at every point of an occurrence: each due time runs once, and is mailed once."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from django_scopes import scope

from accounts import clock
from accounts.audit.verify import faults
from accounts.models import AuditChain, AuditEntry, Notice, Team, User
from exports.models import Delivery, Occurrence, Run, Schedule
from sandbox.faults import Fault
from tests.engine.crashing import OF_SCHEDULES
from tests.engine.storage import empty_storage
from tests.engine.trap import Trap
from tests.exports.schedules.scheduled import DAILY, make_allowed_recipient, make_daily_schedule
from tests.factories import make_credential, make_export
from tests.gate import held
from tests.waiting import wait_until
from tests.workers import Processes

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def schedule(processes: Processes, fast_sandbox: Any, budget: Any, acme: Team, alice: User) -> Iterator[Schedule]:
    """Due when the test says so: its own time of day is far."""
    fast_sandbox.reset()
    empty_storage()
    with scope(team=acme):
        export = make_export(make_credential(acme), alice)
        far = (clock.now().hour + 12) % 24
        schedule = make_daily_schedule(export, alice, next_at=None, rule=DAILY | {"times": [f"{far:02}:00"]})
        for name in ("head", "deputy"):
            make_allowed_recipient(schedule, f"{name}@acme.example")
        yield schedule


def come_due(schedule: Schedule) -> Any:
    """The engine's clock in a row: it is due from now on."""
    due_at = clock.now()
    Schedule.objects.filter(pk=schedule.pk).update(next_at=due_at)
    return due_at


def settled(number: int, processes: Processes) -> list[Occurrence]:
    found = Occurrence.objects.exclude(settled_at=None).order_by("due_at")
    wait_until(lambda: found.count() >= number, log=lambda: f"{list(Occurrence.objects.values())}\n{processes.logs()}")
    return list(found.all())


def mails(occurrence: Occurrence) -> list[str]:
    return list(occurrence.deliveries.order_by("address").values_list("address", flat=True))


@pytest.mark.parametrize(
    "point",
    [pytest.param(f"before {name}", marks=pytest.mark.thorough) for name in OF_SCHEDULES]
    + [f"after {name}" for name in OF_SCHEDULES],
)
def test_a_killed_worker_runs_and_mails_an_occurrence_once(
    point: str, schedule: Schedule, fast_sandbox: Any, processes: Processes
) -> None:
    trap = Trap(processes)

    trap.set(point)
    due_at = come_due(schedule)
    trap.catch()
    (occurrence,) = settled(1, processes)

    assert occurrence.due_at == due_at
    assert (Run.objects.count(), Occurrence.objects.count()) == (1, 1)
    assert occurrence.run is not None
    assert occurrence.run.status == Run.Status.SUCCEEDED, occurrence.run.error
    assert len(fast_sandbox.generated) == 1
    assert mails(occurrence) == ["deputy@acme.example", "head@acme.example"]
    assert Notice.objects.count() == 0
    assert AuditEntry.objects.filter(action="run started").count() == 1
    assert AuditEntry.objects.filter(action="scheduled run settled").count() == 1
    assert list(faults(AuditChain.objects.get(team=schedule.team))) == []


def test_a_killed_beat_delays_and_doubles_nothing(schedule: Schedule, fast_sandbox: Any, processes: Processes) -> None:
    beat = processes.running[-1]
    os.killpg(beat.pid, signal.SIGKILL)
    beat.wait()
    processes.running.remove(beat)
    come_due(schedule)

    for _ in range(3):
        processes.beat()

    (occurrence,) = settled(1, processes)
    assert len(mails(occurrence)) == 2
    assert (Run.objects.count(), len(fast_sandbox.generated)) == (1, 1)
    for extra in processes.running[-2:]:
        os.killpg(extra.pid, signal.SIGKILL)
        extra.wait()
        processes.running.remove(extra)


def test_a_schedule_that_came_due_while_its_run_was_under_way_runs_after_it(
    schedule: Schedule, fast_sandbox: Any, processes: Processes
) -> None:
    with held(fast_sandbox, Fault(delay=1), on="generate") as answer:
        come_due(schedule)
        wait_until(lambda: fast_sandbox.log, log=processes.logs)
        second = come_due(schedule)
        answer()

        occurrences = settled(2, processes)

    assert [each.due_at for each in occurrences][1:] == [second]
    first_run, second_run = (each.run for each in occurrences)
    assert first_run is not None
    assert second_run is not None
    assert second_run.created_at > first_run.finished_at
    assert Delivery.objects.count() == 4
