from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.credentials import actions as credentials
from accounts.models import AuditEntry, Credential, Team, User
from exports.models import Run, SavedExport
from exports.models.run import FINAL, IN_FLIGHT, Status
from exports.runs import actions as runs
from exports.runs.actions import CannotStart
from exports.saved_exports import actions as saved_exports
from exports.saved_exports.job import ExportSettings
from tests.factories import OF_EXPORTS, make_export, make_run


@pytest.fixture(autouse=True)
def opened(acme_open: Team, budget: Any) -> None:
    """All of this happens in Acme, with an empty queue."""


def entries(action: Action) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action=action).order_by("number"))


# ------------------------------------------------------------ starting


def test_run_keeps_what_was_asked_when_it_started(credential: Credential, alice: User, erin: User) -> None:
    export = make_export(
        credential, alice, report_ids=[], period="fixed", period_start="2026-01-01", period_end="2026-01-31"
    )

    run = runs.start(export, by=erin)

    assert run.job == {
        "type": "file",
        "onReceive": {"immediateResponse": ["returnRandomFileName"]},
        "inputSettings": {
            "type": "combinedReportData",
            "filters": {"startDate": "2026-01-01", "endDate": "2026-01-31"},
        },
        "outputSettings": {"fileExtension": "csv"},
    }
    assert (run.status, run.version, run.template) == (Status.QUEUED, export.version, export.version.template)
    assert (run.requested_by, run.requested_by_name, run.source) == (erin, "Erin", Run.Source.PAGE)
    assert [(entry.actor_id, entry.target_id) for entry in entries(Action.RUN_STARTED)] == [(erin.pk, run.pk)]


def test_later_edit_does_not_change_a_run(export: SavedExport, alice: User) -> None:
    run = runs.start(export, by=alice)
    job, template = run.job, run.template

    saved_exports.save(
        export,
        settings=ExportSettings(policy_ids=[], report_ids=["R9"], states=[], email_recipients=[]),
        template="changed",
        sftp_password=None,
        by=alice,
    )

    run.refresh_from_db()
    assert (run.job, run.template, run.version.number) == (job, template, 1)


def test_job_of_a_run_holds_no_password(credential: Credential, alice: User) -> None:
    export = make_export(credential, alice, sftp_host="h", sftp_login="e")
    export.sftp_password = "canary"
    export.save(update_fields=["sftp_password"])

    run = runs.start(export, by=alice)

    assert run.job["onFinish"] == [{"actionName": "sftpUpload", "sftpData": {"host": "h", "login": "e", "port": 22}}]


@pytest.mark.parametrize(
    ("asked", "marks"),
    [
        ({}, False),
        ({"mark_as": "ERP"}, True),
        ({"mark_as": "ERP", "test": True}, False),
        ({"email_recipients": ["a@b.example"]}, False),
    ],
)
def test_run_knows_whether_it_may_be_repeated(
    asked: dict[str, Any], marks: bool, credential: Credential, alice: User
) -> None:
    assert runs.start(make_export(credential, alice, **asked), by=alice).marks is marks


def test_since_the_last_success_begins_on_the_day_that_run_was_started(
    credential: Credential, alice: User, acme: Team
) -> None:
    export = make_export(credential, alice, report_ids=[], period="since_last_success")
    now = timezone.now()
    started = now - timedelta(days=9)
    for status, days in ((Status.SUCCEEDED, 9), (Status.FAILED, 2)):
        run = make_run(export, alice, status)
        Run.objects.filter(pk=run.pk).update(created_at=now - timedelta(days=days))

    run = runs.start(export, by=alice)

    assert run.job["inputSettings"]["filters"]["startDate"] == started.astimezone(acme.zone).date().isoformat()


@pytest.mark.parametrize(
    ("status", "words"), [(Credential.Status.REFUSED, "refused by Expensify"), (Credential.Status.WIPED, "wiped")]
)
def test_export_whose_credential_cannot_call_does_not_start(
    status: str, words: str, export: SavedExport, alice: User
) -> None:
    export.credential.status = status

    with pytest.raises(CannotStart, match=words):
        runs.start(export, by=alice)

    assert Run.objects.count() == 0


def test_archived_export_does_not_start(export: SavedExport, alice: User) -> None:
    saved_exports.archive(export, by=alice)
    export.refresh_from_db()

    with pytest.raises(CannotStart, match="archived"):
        runs.start(export, by=alice)


def test_export_that_expensify_would_refuse_today_does_not_start(credential: Credential, alice: User) -> None:
    export = make_export(credential, alice, report_ids=[], period="fixed", period_start="2020-01-01")

    with pytest.raises(CannotStart, match="give an end date"):
        runs.start(export, by=alice)


def test_command_starts_a_run_in_the_name_of_the_operating_systems_user(export: SavedExport) -> None:
    run = runs.start(export, by=audit.operator(), source=Run.Source.COMMAND)

    assert (run.requested_by, run.requested_by_name) == (None, audit.operator().name)


# ------------------------------------------------------------ double clicks


def test_double_click_starts_one_run(export: SavedExport, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "DOUBLE_CLICK", timedelta(hours=1))
    first, second = (runs.start_by_click(export, by=alice) for _ in range(2))

    assert (first, Run.objects.count()) == (second, 1)


def test_two_people_start_two_runs(export: SavedExport, alice: User, erin: User) -> None:
    for person in (alice, erin):
        runs.start_by_click(export, by=person)

    assert Run.objects.count() == 2


def test_click_after_a_while_starts_another_run(export: SavedExport, alice: User) -> None:
    first = runs.start_by_click(export, by=alice)
    Run.objects.filter(pk=first.pk).update(created_at=timezone.now() - runs.DOUBLE_CLICK - timedelta(seconds=1))

    assert runs.start_by_click(export, by=alice) != first


# ------------------------------------------------------------ again, cancel, looked after


def test_run_again_is_a_new_run_of_the_export_as_it_is_now(export: SavedExport, alice: User, erin: User) -> None:
    failed = make_run(export, alice, Status.FAILED)

    new = runs.again(failed, by=erin)

    failed.refresh_from_db()
    assert (new.again_of, new.status, new.requested_by) == (failed, Status.QUEUED, erin)
    assert (failed.status, failed.looked_after_at is not None) == (Status.FAILED, True)


def test_run_again_right_after_a_run_is_another_run(export: SavedExport, alice: User) -> None:
    first = runs.start_by_click(export, by=alice)

    assert runs.again(first, by=alice) != first


def test_double_click_on_run_again_starts_one_run(export: SavedExport, alice: User) -> None:
    failed = make_run(export, alice, Status.FAILED)

    assert runs.again(failed, by=alice) == runs.again(failed, by=alice)


@pytest.mark.parametrize("status", [Status.QUEUED, Status.GENERATED])
def test_resting_run_is_cancelled(status: str, export: SavedExport, alice: User, erin: User) -> None:
    run = make_run(export, alice, status)

    assert runs.cancel(run, by=erin) is True

    run.refresh_from_db()
    assert (run.status, run.finished_at is not None) == (Status.CANCELLED, True)
    assert run.error.startswith("Erin cancelled this run.")
    assert [entry.data for entry in entries(Action.RUN_CANCELLED)] == [{"was": status.value}]


@pytest.mark.parametrize("status", sorted(IN_FLIGHT | FINAL))
def test_run_at_work_or_finished_is_not_cancelled(status: str, export: SavedExport, alice: User) -> None:
    run = make_run(export, alice, status)

    assert runs.cancel(run, by=alice) is False

    run.refresh_from_db()
    assert (run.status, entries(Action.RUN_CANCELLED)) == (status, [])


@pytest.mark.parametrize(
    ("status", "fields", "words"),
    [
        (Status.QUEUED, {}, "Nothing was sent to Expensify."),
        (Status.QUEUED, {"attempts": 1}, "Nothing was changed at Expensify."),
        (Status.GENERATED, {}, "nothing else was changed"),
        (Status.GENERATED, {"marks": True}, "has happened"),
    ],
)
def test_cancelled_run_says_what_is_true_at_expensify(
    status: str, fields: dict[str, Any], words: str, export: SavedExport, alice: User
) -> None:
    run = make_run(export, alice, status, **fields)

    runs.cancel(run, by=alice)

    assert words in run.error


def test_failures_need_attention_until_somebody_has_looked_after_them(export: SavedExport, alice: User) -> None:
    failed, unconfirmed, *_ = [
        make_run(export, alice, status) for status in (Status.FAILED, Status.UNCONFIRMED, *OF_EXPORTS)
    ]
    Run.objects.exclude(pk__in=[failed.pk, unconfirmed.pk]).update(looked_after_at=timezone.now())

    runs.look_after(failed, by=alice)

    assert list(Run.objects.needing_attention()) == [unconfirmed]


def test_first_look_counts(export: SavedExport, alice: User) -> None:
    failed = make_run(export, alice, Status.FAILED)
    seen: list[datetime | None] = []
    for _ in range(2):
        runs.look_after(failed, by=alice)
        failed.refresh_from_db()
        seen.append(failed.looked_after_at)

    assert seen[0] == seen[1]


def test_wiped_credential_stops_an_export(export: SavedExport, alice: User) -> None:
    credentials.wipe(export.credential, by=alice)

    with pytest.raises(CannotStart, match="nothing was sent"):
        runs.start(export, by=alice)
