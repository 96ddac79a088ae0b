"""An old version's workers beside a new one's: what they do not know, they leave alone.

The rule for new versions stands in CONTRIBUTING.md.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Credential, User
from expensify.budget.budget import Ticket
from exports.models import Run, SavedExport
from exports.runs import actions as runs
from exports.runs import queue, tasks
from sandbox.app import Sandbox


@pytest.fixture
def run_of_the_next_version(export: SavedExport, alice: User) -> Iterator[Run]:
    """A run that rests in a state which this version does not know, and stands in its line."""
    with connection.cursor() as cursor:
        # What the next version's migration does first: it lets the database take the new state.
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE exports_run DROP CONSTRAINT run_status_known")
        else:
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        run = runs.start(export, by=alice)
        queue.enqueue(run)
        Run.objects.filter(pk=run.pk).update(status="weighed")
        yield Run.objects.get(pk=run.pk)
        if connection.vendor != "postgresql":
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


def calls_used(credential: Credential) -> int:
    return queue.budget().usages([credential.fingerprint])[credential.fingerprint].used[0].calls


def test_a_run_in_an_unknown_state_is_left_alone_and_its_permit_goes_back(
    run_of_the_next_version: Run, credential: Credential, sandbox: Sandbox
) -> None:
    tasks.take_turn.run(credential.fingerprint, "")

    run = Run.objects.get(pk=run_of_the_next_version.pk)
    assert (run.status, run.moves) == ("weighed", run_of_the_next_version.moves)
    assert sandbox.log == []
    assert calls_used(credential) == 0
    assert queue.budget().waiting(credential.fingerprint) == []


def test_tasks_sweeps_and_people_do_nothing_to_a_run_in_an_unknown_state(
    run_of_the_next_version: Run, credential: Credential, alice: User
) -> None:
    queue.budget().remove(credential.fingerprint, f"run:{run_of_the_next_version.pk}")

    tasks.enqueue_runs.run(run_of_the_next_version.pk)
    wakes = queue.sweep(timezone.now() + timedelta(days=1))
    cancelled = runs.cancel(run_of_the_next_version, by=alice)

    run = Run.objects.get(pk=run_of_the_next_version.pk)
    assert (wakes, cancelled, run.status) == ([], False, "weighed")
    assert queue.budget().waiting(credential.fingerprint) == []


def test_a_ticket_of_an_unknown_kind_is_not_taken_for_a_run(
    export: SavedExport, credential: Credential, alice: User, sandbox: Sandbox
) -> None:
    run = runs.start(export, by=alice)
    queue.budget().enqueue(credential.fingerprint, Ticket(f"digest:{run.pk}", flow="digests"))

    tasks.take_turn.run(credential.fingerprint, "")

    run.refresh_from_db()
    assert run.status == Run.Status.QUEUED
    assert sandbox.log == []
    assert calls_used(credential) == 0
