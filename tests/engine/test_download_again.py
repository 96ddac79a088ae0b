"""A run whose download failed for good continues from its file, when a person asks for it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Credential, User
from exports.models import Occurrence, Run, SavedExport
from exports.runs import actions as runs
from exports.runs import download_again as downloads
from exports.runs.actions import CannotStart
from exports.schedules import finish
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.clients import signed_in
from tests.exports.schedules.scheduled import make_allowed_recipient
from tests.factories import make_export, make_occurrence, make_run, make_schedule
from tests.work import Work

pytestmark = pytest.mark.usefixtures("wide_limits")
LABEL = "ERP November"


@pytest.fixture
def marking(credential: Credential, alice: User) -> SavedExport:
    return make_export(credential, alice, "Marking", mark_as=LABEL)


@pytest.fixture
def safe(credential: Credential, alice: User) -> SavedExport:
    return make_export(
        credential, alice, period="last_month", report_ids=[], not_marked_as=LABEL, mark_as=LABEL, mark_when="safe"
    )


def fail_to_download(export: SavedExport, by: User, work: Work, sandbox: Sandbox, *, after: int = 0) -> Run:
    sandbox.script(Fault(not_ready="404"), on="download", times=99, after=after)
    run = work(runs.start(export, by=by))
    sandbox.unscript()
    assert run.status == Run.Status.FAILED, run.error
    return run


def test_marked_reports_get_their_file_without_another_generation(
    marking: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = fail_to_download(marking, alice, work, sandbox)

    again = work(downloads.download_again(run, by=alice))

    assert (again.pk, again.status) == (run.pk, Run.Status.SUCCEEDED), again.error
    assert len(sandbox.generated) == 1
    assert again.result.name == again.remote_file
    assert [call.kind for call in again.calls.all()] == ["generate", *["download"] * 4]
    entries = AuditEntry.objects.filter(target_type="run", target_id=run.pk).order_by("number")
    assert [entry.action for entry in entries if entry.action != "API called"] == [
        "run started",
        "run failed",
        "run continued from its file",
        "run succeeded",
    ]


def test_file_is_checked_and_marked_after_it(safe: SavedExport, alice: User, work: Work, sandbox: Sandbox) -> None:
    run = fail_to_download(safe, alice, work, sandbox, after=1)

    work(downloads.download_again(run, by=alice))

    run.refresh_from_db()
    assert run.status == Run.Status.SUCCEEDED, run.error
    assert [made.label for made in sandbox.generated] == ["", "", LABEL]


def test_all_of_several_files_are_fetched(credential: Credential, alice: User, work: Work, sandbox: Sandbox) -> None:
    reached = sandbox.pairs[credential.partner_pair().partner_user_id].policies
    ids = [report.id for report in sandbox.company.reports.values() if report.policy_id in reached][:2]
    export = make_export(credential, alice, report_ids=ids, file_extension="pdf")
    run = fail_to_download(export, alice, work, sandbox, after=1)

    work(downloads.download_again(run, by=alice))

    run.refresh_from_db()
    assert (run.status, run.fetched) == (Run.Status.SUCCEEDED, 2), run.error


def test_schedule_makes_its_mails_when_the_file_has_come(
    marking: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = fail_to_download(marking, alice, work, sandbox)
    schedule = make_schedule(marking, alice)
    make_allowed_recipient(schedule, "head@acme.example")
    occurrence = make_occurrence(schedule, run=run, settled_at=None)
    finish.settle(occurrence)
    occurrence.refresh_from_db()
    assert (occurrence.failed_at is not None, occurrence.deliveries.count()) == (True, 0)

    work(downloads.download_again(run, by=alice))

    finish.settle(Occurrence.objects.get(pk=occurrence.pk))
    occurrence.refresh_from_db()
    assert (occurrence.failed_at, occurrence.sentence, occurrence.deliveries.count()) == (None, "", 1)


def test_run_of_a_schedule_waits_until_the_next_one_has_finished(
    marking: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = fail_to_download(marking, alice, work, sandbox)
    schedule = make_schedule(marking, alice)
    make_occurrence(schedule, run=run, due_at=run.created_at)
    make_occurrence(schedule, run="queued")

    with pytest.raises(CannotStart, match="Another run of its schedule is under way"):
        downloads.download_again(run, by=alice)

    run.refresh_from_db()
    assert run.status == Run.Status.FAILED


def test_cancelled_run_continues_from_its_file(marking: SavedExport, alice: User, work: Work, sandbox: Sandbox) -> None:
    run = fail_to_download(marking, alice, work, sandbox)
    Run.objects.filter(pk=run.pk).update(status="cancelled")
    run.refresh_from_db()

    assert work(downloads.download_again(run, by=alice)).status == Run.Status.SUCCEEDED


def test_failing_again_offers_it_again(marking: SavedExport, alice: User, work: Work, sandbox: Sandbox) -> None:
    run = fail_to_download(marking, alice, work, sandbox)
    runs.look_after(run, by=alice)
    run.refresh_from_db()
    sandbox.script(Fault(not_ready="404"), on="download", times=99)

    run = work(downloads.download_again(run, by=alice))

    assert (run.status, run.looked_after_at) == (Run.Status.FAILED, None)
    assert downloads.can_download_again(run)


def test_two_clicks_continue_it_once(marking: SavedExport, alice: User, work: Work, sandbox: Sandbox) -> None:
    run = fail_to_download(marking, alice, work, sandbox)
    second = Run.objects.get(pk=run.pk)
    downloads.download_again(run, by=alice)

    with pytest.raises(CannotStart):
        downloads.download_again(second, by=alice)

    assert work(run).status == Run.Status.SUCCEEDED


def test_reports_that_another_run_marked_since_are_not_exported_twice(
    safe: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = fail_to_download(safe, alice, work, sandbox, after=1)
    other = work(runs.start(safe, by=alice))
    assert other.status == Run.Status.SUCCEEDED, other.error

    with pytest.raises(CannotStart, match=f"Run {other.pk}"):
        downloads.download_again(run, by=alice)

    run.refresh_from_db()
    assert run.status == Run.Status.FAILED


@pytest.mark.parametrize("status", [status for status in Run.Status if status not in {"reading", "updating"}])
def test_only_a_run_that_ended_without_its_file_can(status: Any, export: SavedExport, alice: User) -> None:
    named = {"remote_file": "export1.csv"} if status in {"failed", "cancelled"} else {}
    run = make_run(export, alice, status, **named)

    assert downloads.can_download_again(run) is (status in {"failed", "cancelled"})


def test_button_stands_beside_the_sentence_and_continues_the_run(
    marking: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = fail_to_download(marking, alice, work, sandbox)
    client: Client = signed_in(alice)
    address = reverse("exports:run-download-again", args=[run.team.slug, run.pk])

    page = client.get(run.get_absolute_url()).content.decode()
    answer = client.post(address)

    alert = page.split('class="alert')[1].split("</form>")[0]
    assert "“Download again” on this page fetches the file" in alert
    assert f'action="{address}"' in alert
    assert answer.headers["Location"] == run.get_absolute_url()
    assert work(run).status == Run.Status.SUCCEEDED
    assert address not in client.get(run.get_absolute_url()).content.decode()
