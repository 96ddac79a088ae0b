"""Runs that list their reports, fetch the file of exactly those, and mark them only when it is safe."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditEntry, Credential, User
from exports.columns.layout import Layout, column
from exports.columns.writing import template_of
from exports.models import Result, Run, SavedExport
from exports.runs import actions as runs
from exports.runs import queue, worker
from exports.runs.report_list import ReportList
from exports.saved_exports import actions as saved_exports
from exports.saved_exports.job import ExportSettings
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.factories import make_export
from tests.work import Work

pytestmark = pytest.mark.usefixtures("wide_limits")
LABEL = "ERP November"
COLUMNS = Layout(columns=(column("final.created"), column("final.merchant"), column("final.reportAmount")))
ORDER = ["select", "list", "generate", "download", "mark"]


def make_safe(credential: Credential, alice: User, name: str = "Ledger", **asked: Any) -> SavedExport:
    asked = {"period": "last_month", "report_ids": [], "not_marked_as": LABEL} | asked
    export = make_export(credential, alice, name, mark_as=LABEL, mark_when="safe", **asked)
    return saved_exports.save(
        export,
        settings=ExportSettings.from_json(export.present.settings),
        template=template_of(COLUMNS),
        columns=COLUMNS.as_json(),
        sftp_password=None,
        by=alice,
    )


@pytest.fixture
def safe(credential: Credential, alice: User) -> SavedExport:
    return make_safe(credential, alice)


def turn(run: Run) -> str:
    """Make the run's next call only; the state it leaves."""
    key = run.credential.fingerprint
    run.refresh_from_db()
    queue.enqueue(run)
    taken, _ = queue.take(key, "")
    assert taken is not None
    queue.perform(taken)
    queue.budget().step(key, done=taken.permit.done)
    run.refresh_from_db()
    return run.status


def up_to(run: Run, state: str) -> Run:
    while run.status != state:
        assert not run.is_final, run.error
        turn(run)
    return run


def marked(sandbox: Sandbox) -> set[str]:
    return {report for report, labels in sandbox.marks.items() if LABEL in labels}


def audited(run: Run) -> list[str]:
    entries = AuditEntry.objects.filter(target_type="run", target_id=run.pk).order_by("number")
    return [entry.action for entry in entries if entry.action != "API called"]


def rows_of(result: Result) -> list[list[str]]:
    with result.file.open() as file:
        return list(csv.reader(io.StringIO(file.read().decode())))


def test_five_calls_mark_exactly_the_reports_whose_file_is_safe(
    safe: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = work(runs.start(safe, by=alice))

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert [call.kind for call in run.calls.all()] == ORDER
    listed, file, mark = sandbox.generated
    assert (listed.label, file.label, mark.label) == ("", "", LABEL)
    assert listed.report_ids == file.report_ids == mark.report_ids == ReportList.from_json(run.selection).ids
    assert marked(sandbox) == set(listed.report_ids)
    assert run.report_count == len(listed.report_ids) > 1
    assert len(rows_of(run.result)) == 1 + sum(
        len(sandbox.company.reports[report].expenses) for report in listed.report_ids
    )
    assert f"has the {len(rows_of(run.result)) - 1} rows" in run.checked
    assert "“Amount in report currency” adds up to" in run.checked
    assert audited(run) == ["run started", "run's file stored", "run succeeded"]


def test_states_on_the_way(safe: SavedExport, alice: User, sandbox: Sandbox) -> None:
    run = runs.start(safe, by=alice)

    assert [turn(run) for _ in ORDER] == ["selected", "listed", "generated", "stored", "succeeded"]


def test_no_report_means_no_file_and_no_mark(safe: SavedExport, alice: User, work: Work, sandbox: Sandbox) -> None:
    work(runs.start(safe, by=alice))
    before = len(sandbox.generated)

    run = work(runs.start(safe, by=alice))

    assert (run.status, run.report_count) == (Run.Status.SUCCEEDED, 0)
    assert [call.kind for call in run.calls.all()] == ["select", "list"]
    assert len(sandbox.generated) == before + 1
    assert not Result.objects.filter(run=run).exists()


@pytest.mark.parametrize("at", ["queued", "selected", "listed", "generated"])
def test_failure_before_the_last_step_leaves_nothing_marked_and_says_so(
    at: str, safe: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = up_to(runs.start(safe, by=alice), at)
    sandbox.script(Fault(envelope=(410, "Something is wrong")))

    work(run)

    assert (run.status, run.error_code) == (Run.Status.FAILED, "invalid")
    assert "no report was marked" in run.error.lower()
    assert marked(sandbox) == set()


LOST = {
    "cut off before the work": Fault(drop_before_work=True),
    "cut off after the work": Fault(drop_after_work=True),
    "a page instead of an answer": Fault(http_status=500, refuse_after_work=True),
    "code 500": Fault(envelope=(500, "Internal error")),
    "code 500 after the work": Fault(envelope=(500, "Internal error"), refuse_after_work=True),
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST.keys())
@pytest.mark.parametrize("at", ["queued", "selected", "listed", "generated"])
def test_lost_answer_before_the_last_step_costs_one_more_call(
    at: str, fault: Fault, safe: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = up_to(runs.start(safe, by=alice), at)
    sandbox.script(fault)

    work(run)

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert run.calls.count() == 6
    assert [made.label for made in sandbox.generated if made.label] == [LABEL]
    assert (run.error, run.error_code) == ("", "")


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST.keys())
def test_lost_answer_to_the_mark_is_unconfirmed_never_repeated_and_the_file_stays(
    fault: Fault, safe: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = up_to(runs.start(safe, by=alice), "stored")
    sandbox.script(fault)

    work(run)

    assert run.status == Run.Status.UNCONFIRMED
    assert "The file is safe in the portal." in run.error
    assert len(rows_of(run.result)) > 1
    assert [call.kind for call in run.calls.all()] == ORDER
    assert audited(run)[-1] == "run unconfirmed"


@pytest.mark.parametrize("fault", [Fault(drop_before_work=True), Fault(drop_after_work=True)])
def test_person_marks_the_reports_of_an_unconfirmed_run_by_one_call(
    fault: Fault, safe: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = up_to(runs.start(safe, by=alice), "stored")
    sandbox.script(fault)
    work(run)

    new = work(runs.mark_now(run, by=alice))

    assert new.status == Run.Status.SUCCEEDED, new.error
    assert [call.kind for call in new.calls.all()] == ["mark"]
    assert marked(sandbox) == set(ReportList.from_json(run.selection).ids)
    assert runs.can_be_marked(run) is False
    with pytest.raises(runs.CannotStart):
        runs.mark_now(run, by=alice)


def test_rejected_mark_fails_with_the_file_in_the_portal(
    safe: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = up_to(runs.start(safe, by=alice), "stored")
    sandbox.script(Fault(envelope=(403, "Not authorized")))

    work(run)

    assert run.status == Run.Status.FAILED
    assert "The file is safe in the portal, but its reports are not marked" in run.error
    assert runs.can_be_marked(run) is True
    assert marked(sandbox) == set()


def test_worker_that_dies_while_marking_leaves_it_to_a_person(safe: SavedExport, alice: User, sandbox: Sandbox) -> None:
    run = up_to(runs.start(safe, by=alice), "stored")
    assert run.move("stored", "marking")

    worker.give_up_on(run)

    assert (run.status, run.error_code) == (Run.Status.UNCONFIRMED, "worker_lost")
    assert len(rows_of(run.result)) > 1


def test_file_that_is_not_that_of_the_listed_reports_is_not_kept(
    safe: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = up_to(runs.start(safe, by=alice), "listed")
    sandbox.company.reports[run.selection["reports"][0]["id"]].expenses.pop()

    work(run)

    assert (run.status, run.error_code) == (Run.Status.FAILED, "wrong_file")
    assert "but the listed reports have" in run.error
    assert "no report was marked" in run.error
    assert marked(sandbox) == set()
    assert not Result.objects.filter(run=run).exists()


def test_amount_that_changed_after_the_list_stops_the_run(
    safe: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = up_to(runs.start(safe, by=alice), "listed")
    expenses = sandbox.company.reports[run.selection["reports"][0]["id"]].expenses
    expenses[0] = expenses[1]

    work(run)

    assert (run.status, run.error_code) == (Run.Status.FAILED, "wrong_file")
    assert "adds up to" in run.error


HEADING = b"reportID,reportName,created,submitted,approved,total,currency,expenses\n"
BROKEN_LISTS = {
    "breaks off": (HEADING, "not_the_file"),
    "another count": (HEADING + b"end,3,0\n", "not_the_file"),
    "no list": (b"Merchant,Amount\nCafe,1\n", "not_the_file"),
    "a web page": (b"<html><h1>Scheduled maintenance</h1></html>", "not_the_file"),
    "an ID that is none": (HEADING + b'"R1,R2","A","","","",1,"EUR",1\nend,1,0\n', "wrong_file"),
}


@pytest.mark.parametrize(("body", "code"), BROKEN_LISTS.values(), ids=BROKEN_LISTS.keys())
def test_list_that_cannot_be_read_ends_the_run_with_nothing_marked(
    body: bytes, code: str, safe: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = up_to(runs.start(safe, by=alice), "selected")
    sandbox.script(Fault(body=body), times=99)

    work(run)

    assert (run.status, run.error_code) == (Run.Status.FAILED, code)
    assert "No report was marked" in run.error
    assert marked(sandbox) == set()


def test_same_reports_again_need_no_filter_and_put_no_label_on(
    safe: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = work(runs.start(safe, by=alice))

    again = work(runs.same_reports_again(run, by=alice))

    assert again.status == Run.Status.SUCCEEDED, again.error
    assert rows_of(again.result) == rows_of(run.result)
    assert [call.kind for call in again.calls.all()] == ["generate", "download"]
    assert sandbox.generated[-1].report_ids == sandbox.generated[0].report_ids
    assert [made.label for made in sandbox.generated if made.label] == [LABEL]


def test_batch_opened_again_does_not_count_as_the_last_successful_run(
    credential: Credential, alice: User, work: Work, sandbox: Sandbox
) -> None:
    export = make_safe(credential, alice, period="since_last_success")
    first = work(runs.start(export, by=alice))
    Run.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(days=9))
    work(runs.same_reports_again(first, by=alice))

    run = runs.start(export, by=alice)

    day = (timezone.now() - timedelta(days=9)).astimezone(export.team.zone).date()
    assert run.job["inputSettings"]["filters"]["startDate"] == day.isoformat()


def test_run_waits_while_another_is_about_to_mark_with_its_label(
    safe: SavedExport, credential: Credential, alice: User, work: Work, sandbox: Sandbox
) -> None:
    other = make_safe(credential, alice, "The same again")
    first, second = up_to(runs.start(safe, by=alice), "listed"), runs.start(other, by=alice)

    turn(second)
    assert (second.status, second.error_code) == (Run.Status.QUEUED, "waits_for_label")
    assert second.calls.count() == 0
    work(first)
    work(second)

    assert (first.status, second.status) == (Run.Status.SUCCEEDED, Run.Status.SUCCEEDED)
    assert second.report_count == 0


def test_run_with_another_label_does_not_wait(
    safe: SavedExport, credential: Credential, alice: User, work: Work, sandbox: Sandbox
) -> None:
    other = make_export(credential, alice, "Other", mark_as="Other", mark_when="safe")
    up_to(runs.start(safe, by=alice), "listed")

    run = work(runs.start(other, by=alice))

    assert run.status == Run.Status.SUCCEEDED, run.error


def test_run_that_marks_with_its_file_waits_too(
    safe: SavedExport, credential: Credential, alice: User, sandbox: Sandbox
) -> None:
    other = make_export(credential, alice, "With its file", mark_as=LABEL)
    up_to(runs.start(safe, by=alice), "listed")
    run = runs.start(other, by=alice)

    turn(run)

    assert (run.status, run.error_code) == (Run.Status.QUEUED, "waits_for_label")


def test_cancelled_before_the_mark_says_that_the_file_is_there_and_nothing_is_marked(
    safe: SavedExport, alice: User, sandbox: Sandbox
) -> None:
    run = up_to(runs.start(safe, by=alice), "stored")

    assert runs.cancel(run, by=alice) is True

    queue.leave(run)
    assert "The file is in the portal, but its reports were not marked" in run.error
    assert len(rows_of(run.result)) > 1
    assert runs.can_be_marked(run) is True


def test_report_approved_after_its_period_was_closed_is_a_late_arrival(
    credential: Credential, alice: User, work: Work, sandbox: Sandbox
) -> None:
    export = make_safe(credential, alice, period="month_to_date", look_back_days=200, states=["APPROVED", "REIMBURSED"])

    run = work(runs.start(export, by=alice))

    assert run.status == Run.Status.SUCCEEDED, run.error
    first_of_month = timezone.now().astimezone(export.team.zone).date().replace(day=1)
    assert run.late_before == first_of_month
    reports = ReportList.from_json(run.selection).reports
    late = {report.id for report in reports if report.is_late(run.late_before)}
    expected = {
        report.id
        for report in map(sandbox.company.reports.get, [report.id for report in reports])
        if report.dated.date() < first_of_month
    }
    assert late == expected
    assert 0 < len(late) < len(reports)


def test_export_that_only_looks_back_lists_first_and_marks_nothing(
    credential: Credential, alice: User, work: Work, sandbox: Sandbox
) -> None:
    export = make_export(credential, alice, period="last_month", report_ids=[], look_back_days=60, not_marked_as=LABEL)

    run = work(runs.start(export, by=alice))

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert [call.kind for call in run.calls.all()] == ORDER[:4]
    assert marked(sandbox) == set()


def test_upload_without_an_answer_is_unconfirmed_and_nothing_is_marked(
    credential: Credential, alice: User, work: Work, sandbox: Sandbox
) -> None:
    export = make_export(
        credential,
        alice,
        period="last_month",
        report_ids=[],
        mark_as=LABEL,
        mark_when="safe",
        sftp_host="sftp.acme.example",
        sftp_login="e",
    )
    saved_exports.save(
        export,
        settings=ExportSettings.from_json(export.present.settings),
        template=export.present.template,
        sftp_password="canary",
        by=alice,
    )
    run = up_to(runs.start(export, by=alice), "listed")
    sandbox.script(Fault(drop_after_work=True))

    work(run)

    assert run.status == Run.Status.UNCONFIRMED
    assert "Whether the upload to the SFTP server has happened is not known" in run.error
    assert "No report was marked." in run.error
    assert marked(sandbox) == set()


def test_test_switch_marks_nothing_and_takes_two_calls(
    credential: Credential, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = work(runs.start(make_safe(credential, alice, test=True), by=alice))

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert [call.kind for call in run.calls.all()] == ["generate", "download"]
    assert marked(sandbox) == set()
