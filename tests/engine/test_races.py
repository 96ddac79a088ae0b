"""What the row decides when several would move it: one wins, the others stop quietly."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from exports.models import Run, SavedExport
from exports.runs import actions as runs
from exports.runs import queue, worker
from sandbox.app import Sandbox
from tests.work import Work

Status = Run.Status


def test_a_run_read_twice_is_moved_once(export: SavedExport, alice: User) -> None:
    first = runs.start(export, by=alice)
    second = Run.objects.get(pk=first.pk)

    assert first.move(Status.QUEUED, Status.GENERATING)
    assert not second.move(Status.QUEUED, Status.GENERATING)


def test_a_worker_that_slept_through_a_round_does_not_move_the_next_one(export: SavedExport, alice: User) -> None:
    run = runs.start(export, by=alice)
    run.move(Status.QUEUED, Status.GENERATING)
    sleeper = Run.objects.get(pk=run.pk)
    run.move(Status.GENERATING, Status.QUEUED)
    run.move(Status.QUEUED, Status.GENERATING)

    assert not sleeper.move(Status.GENERATING, Status.GENERATED, remote_file="export.csv")


def test_a_ticket_that_is_served_twice_calls_once(
    export: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = work(runs.start(export, by=alice))
    step = queue.budget().step(run.credential.fingerprint, enqueue=[queue._ticket(run)], pop=True)

    worker.perform(run, step.permit, order=step.order)

    assert step.permit.done.outcome == "not_sent"
    assert len(sandbox.log) == 2


def test_a_cancelled_run_is_not_claimed(export: SavedExport, alice: User, work: Work, sandbox: Sandbox) -> None:
    run = runs.start(export, by=alice)

    assert runs.cancel(run, by=alice)
    work(run)

    assert run.status == Status.CANCELLED
    assert run.error == (
        "Alice cancelled this run. Nothing was sent to Expensify. To get the file, run the export again."
    )
    assert sandbox.log == []


def test_a_run_at_work_cannot_be_cancelled(export: SavedExport, alice: User) -> None:
    run = runs.start(export, by=alice)
    run.move(Status.QUEUED, Status.GENERATING)

    assert not runs.cancel(run, by=alice)


def test_a_lost_line_is_put_back_by_the_sweep(
    export: SavedExport, alice: User, redis_client: Any, sandbox: Sandbox
) -> None:
    run = runs.start(export, by=alice)

    wakes = queue.sweep()

    assert [wake.key for wake in wakes] == [run.credential.fingerprint]
    assert queue.budget().waiting(run.credential.fingerprint) == [f"run:{run.pk}"]


@pytest.mark.parametrize(("marks", "status"), [(False, Status.QUEUED), (True, Status.UNCONFIRMED)])
def test_a_generation_whose_worker_is_gone(
    marks: bool, status: str, export: SavedExport, alice: User, settings: Any
) -> None:
    run = runs.start(export, by=alice)
    Run.objects.filter(pk=run.pk).update(marks=marks)
    run.move(Status.QUEUED, Status.GENERATING)

    queue.sweep(timezone.now() + timedelta(seconds=settings.STUCK_AFTER_SECONDS + 1))

    run.refresh_from_db()
    assert run.status == status


def test_the_database_refuses_a_generated_run_without_its_file(export: SavedExport, alice: User) -> None:
    run = runs.start(export, by=alice)

    with pytest.raises(IntegrityError), transaction.atomic():
        run.move(Status.QUEUED, Status.GENERATED)
