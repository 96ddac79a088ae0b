"""What killed and sleeping workers leave in storage, and where files arrive, does not stay."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from accounts.models import Credential, User
from exports.models import ApiCall, Run, SavedExport
from exports.models.run import Status
from exports.results import store as results
from exports.runs import actions as runs
from exports.runs import queue, recorded_client, steps, worker
from sandbox.app import Sandbox
from tests.engine.storage import empty_storage, in_storage
from tests.factories import make_export
from tests.work import Work

LATER = timedelta(hours=1)


@pytest.fixture(autouse=True)
def clean_storage() -> Iterator[None]:
    empty_storage()
    yield
    empty_storage()


def leave_part(run: Run) -> None:
    """As a worker does that is killed before it clears up."""
    default_storage.save(f"teams/{run.team_id}/runs/{run.pk}/parts/0", ContentFile(b"%PDF"))


def test_an_ended_run_keeps_its_result_only(export: SavedExport, alice: User, work: Work) -> None:
    run = work(runs.start(export, by=alice))
    leave_part(run)

    results.tidy(timezone.now() + LATER)

    assert in_storage() == {run.result.file.name}


def test_a_run_that_ended_just_now_may_still_have_a_worker(export: SavedExport, alice: User, work: Work) -> None:
    run = work(runs.start(export, by=alice))
    leave_part(run)

    results.tidy(timezone.now())

    run.refresh_from_db()
    assert (len(in_storage()), run.tidied_at) == (2, None)


def test_each_ended_run_is_looked_at_once(export: SavedExport, alice: User, work: Work) -> None:
    run = work(runs.start(export, by=alice))
    results.tidy(timezone.now() + LATER)
    leave_part(run)

    results.tidy(timezone.now() + 2 * LATER)

    assert len(in_storage()) == 2


def test_a_run_under_way_keeps_its_parts(export: SavedExport, alice: User) -> None:
    run = runs.start(export, by=alice)
    leave_part(run)

    results.tidy(timezone.now() + LATER)

    assert len(in_storage()) == 1


def test_what_arrived_for_a_killed_worker_is_removed_and_what_arrives_now_is_not(
    db: None, settings: Any, tmp_path: Path
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    abandoned, arriving = tmp_path / "abandoned.csv", tmp_path / "arriving.csv"
    for path in (abandoned, arriving):
        path.write_bytes(b"1,2,3\n")
    long_ago = time.time() - settings.STUCK_AFTER_SECONDS - 60
    os.utime(abandoned, (long_ago, long_ago))

    results.tidy(timezone.now())

    assert list(tmp_path.iterdir()) == [arriving]


def test_a_worker_that_wakes_after_the_end_leaves_nothing_behind(
    credential: Credential, alice: User, work: Work, sandbox: Sandbox
) -> None:
    reached = sandbox.pairs[credential.partner_pair().partner_user_id].policies
    ids = [report.id for report in sandbox.company.reports.values() if report.policy_id in reached][:2]
    run = runs.start(make_export(credential, alice, "PDFs", report_ids=ids, file_extension="pdf"), by=alice)
    turn, _ = queue.take(credential.fingerprint, "") if queue.enqueue(run) else (None, None)
    assert turn is not None
    queue.report(turn, again=queue.perform(turn))
    sleeper = Run.objects.get(pk=run.pk)
    assert sleeper.move(Status.GENERATED, Status.DOWNLOADING)
    worker.give_up_on(Run.objects.get(pk=run.pk))
    work(run)
    assert run.status == Status.SUCCEEDED, run.error

    permit = queue.budget().step(credential.fingerprint, enqueue=queue._ticket(run), pop=True).permit
    assert permit is not None
    call = ApiCall.objects.create(
        team=run.team, run=run, credential=credential, kind="download", sent_at=timezone.now()
    )
    steps.DOWNLOAD.make(sleeper, recorded_client.client(credential.partner_pair(), permit, call, sleeper))

    assert in_storage() == {run.result.file.name}
