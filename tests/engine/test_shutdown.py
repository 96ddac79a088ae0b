"""A worker that is told to stop, as a deploy does: it ends its call, and others go on with the rest at once."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django_scopes import scope

from accounts.models import Team, User
from exports.models import Run
from exports.runs import actions as runs
from portal.celery import app
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.factories import make_credential, make_export
from tests.gate import held
from tests.waiting import PATIENCE, wait_until
from tests.workers import PATIENT, Processes

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sandbox(fast_sandbox: Sandbox) -> Sandbox:
    fast_sandbox.reset()
    return fast_sandbox


@pytest.fixture
def processes(sandbox: Any, budget: Any, acme: Team, tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(
        tmp_path, **PATIENT, EXPENSIFY_URL=sandbox.url, EXPENSIFY_LIMITS="50/1s,200/6s", SWEEP_SECONDS="0.5"
    )
    with scope(team=acme):
        yield processes
    processes.stop()


def test_a_worker_told_to_stop_in_the_middle_of_a_call_ends_this_call_and_makes_no_other(
    processes: Processes, sandbox: Sandbox, acme: Team, alice: User
) -> None:
    credential = make_credential(acme)
    with held(sandbox, Fault(delay=1), on="generate") as answer:
        worker = processes.worker()
        marking = runs.start(make_export(credential, alice, "Marking", mark_as="ERP"), by=alice)
        wait_until(lambda: len(sandbox.log) == 1, log=processes.logs)
        waiting = [runs.start(make_export(credential, alice, f"Waiting {n}"), by=alice) for n in range(3)]

        worker.send_signal(signal.SIGTERM)
        wait_until(lambda: "Warm shutdown" in processes.logs())
        answer()
        code = worker.wait(PATIENCE)

    marking.refresh_from_db()
    assert (code, marking.status) == (0, Run.Status.GENERATED), processes.logs()
    assert [arrival.kind for arrival in sandbox.log] == ["generate"]
    assert {Run.objects.get(pk=run.pk).status for run in waiting} == {Run.Status.QUEUED}


def test_another_worker_goes_on_at_once_and_nothing_is_done_twice(
    processes: Processes, sandbox: Sandbox, acme: Team, alice: User
) -> None:
    credential = make_credential(acme)
    with held(sandbox, Fault(delay=1), on="generate") as answer:
        old = processes.worker()
        processes.beat()
        marking = runs.start(make_export(credential, alice, "Marking", mark_as="ERP"), by=alice)
        wait_until(lambda: len(sandbox.log) == 1, log=processes.logs)
        for number in range(5):
            runs.start(make_export(credential, alice, f"Waiting {number}"), by=alice)

        old.send_signal(signal.SIGTERM)
        wait_until(lambda: "Warm shutdown" in processes.logs())
        answer()
        processes.worker()
        # The broker itself would give back what a stopped worker held only after a quarter of an hour.
        wait_until(lambda: not Run.objects.unfinished().exists(), log=processes.logs)

    assert old.wait(PATIENCE) == 0
    assert set(Run.objects.values_list("status", flat=True)) == {Run.Status.SUCCEEDED}
    assert [made.label for made in sandbox.generated if made.label] == ["ERP"]
    assert len(sandbox.log) == 12
    marking.refresh_from_db()
    assert [call.seconds is None for call in marking.calls.all()] == [False, False]


def test_an_old_worker_survives_a_task_it_does_not_know(
    processes: Processes, sandbox: Sandbox, acme: Team, alice: User
) -> None:
    worker = processes.worker()

    app.send_task("exports.runs.tasks.of_the_next_version", (1,), queue="calls")
    run = runs.start(make_export(make_credential(acme), alice), by=alice)
    wait_until(lambda: Run.objects.filter(pk=run.pk, status=Run.Status.SUCCEEDED).exists())

    assert worker.poll() is None
    assert "unregistered task" in processes.logs()
