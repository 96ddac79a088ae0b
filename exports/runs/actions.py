"""Actions of people on runs: start, cancel, run again, acknowledge."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.audit import record as audit
from accounts.audit.record import Action, Actor, AuditEvent
from accounts.credentials.keyring import unseal
from accounts.models import Credential, OnceKey, Rotation, User
from expensify.jobs.export import ReportExport
from exports.models import Run, SavedExport
from exports.models.run import RESTING, Status
from exports.models.run_kind import OF_PERIODS
from exports.runs import employee_steps, failure_messages, report_list, steps, tasks
from exports.runs.report_list import ReportList
from exports.saved_exports import job as export_job
from exports.saved_exports import periods
from exports.saved_exports.job import ExportSettings

# Two clicks on the same button within this time are one.
DOUBLE_CLICK = timedelta(seconds=3)


class CannotStart(Exception):
    """The run cannot be started; the text says why and what to do."""


@dataclass(frozen=True)
class PreparedRun:
    """An unsaved run, who starts it, and additional data of its audit entry."""

    run: Run
    by: User | Actor
    audit_data: dict[str, Any]


@transaction.atomic
def start(export: SavedExport, *, by: User | Actor, source: str = Run.Source.PAGE, again_of: Run | None = None) -> Run:
    """Queue a run of the export's present version. Raises CannotStart with a sentence for people."""
    return start_all([prepare(export, by=by, source=source, again_of=again_of)])[0]


def prepare(
    export: SavedExport,
    settings: ExportSettings | None = None,
    *,
    by: User | Actor,
    source: str = Run.Source.PAGE,
    again_of: Run | None = None,
    at: datetime | None = None,
    kind: str | None = None,
    trial_of: Rotation | None = None,
    **audit_data: Any,
) -> PreparedRun:
    """Prepare a run for `start_all`. Raises CannotStart.

    `settings` and `kind` are the export's by default. Relative periods count from `at`, the time at which the run was
    due; by default from now.
    """
    now = timezone.now()
    at = at or now
    settings = settings or _settings_of(export)
    zone, last_success_at = export.team.zone, _last_success_at(export, settings, at)
    password = unseal(export, "sftp_password") or ""
    job = export_job.describe(settings, at=at, zone=zone, last_success_at=last_success_at, sftp_password=password)
    _refuse_to_start(export, job, now, can_call=trial_of is not None)
    generated = report_list.of_exactly(job, (), marking=False) if settings.marks_last else job
    run = Run(
        team=export.team,
        kind=kind or steps.kind_of(settings),
        export=export,
        version=export.present,
        credential=export.credential,
        job=job.without_secrets(),
        template=export.present.template,
        marks=not generated.repeatable,
        mark_label=settings.mark_as if job.marks else "",
        late_before=export_job.late_before(settings, at=at, zone=zone, last_success_at=last_success_at),
        source=source,
        again_of=again_of,
        trial_of=trial_of,
        moved_at=now,
        **_requester(by),
    )
    return PreparedRun(run, by, audit_data)


@transaction.atomic
def start_all(prepared: Sequence[PreparedRun]) -> list[Run]:
    """Queue runs of one team, with a few statements for all of them."""
    runs = Run.objects.bulk_create([item.run for item in prepared])
    if runs:
        audit.record_many(
            runs[0].team,
            [
                AuditEvent(Action.RUN_STARTED, item.run, item.by, _audit_fields(item.run) | item.audit_data)
                for item in prepared
            ],
        )
        tasks.send_after_commit(tasks.enqueue_runs, *(run.pk for run in runs))
    return runs


@transaction.atomic
def start_by_click(export: SavedExport, *, by: User, again_of: Run | None = None) -> Run:
    """Like `start`, for a button: a double click starts one run. Raises CannotStart."""
    return _once_per_click(export, by, again_of, lambda: start(export, by=by, again_of=again_of))


@transaction.atomic
def start_once(export: SavedExport, *, by: User, key: str | None) -> tuple[Run, bool]:
    """Like `start`, for a script. A repeated key returns the run that it started, and False. Raises CannotStart.

    A second request with the key waits at the unique row until the first commits; a start that fails frees the key.
    """
    if key is None:
        return start(export, by=by, source=Run.Source.API), True
    once, is_new = OnceKey.objects.get_or_create(team=export.team, user=by, key=key)
    if is_new:
        run = start(export, by=by, source=Run.Source.API)
        once.made_id = run.pk
        once.save(update_fields=["made_id"])
        return run, True
    assert once.made_id is not None
    started = export.runs.filter(pk=once.made_id).first()
    if started is None:
        raise CannotStart("This key has started a run of another export. Nothing was started: use a new key.")
    return started, False


@transaction.atomic
def again(run: Run, *, by: User) -> Run:
    """Run the export's present version, and acknowledge the old run. Raises CannotStart."""
    return start_by_click(_export(run), by=by, again_of=run)


@transaction.atomic
def same_reports_again(run: Run, *, by: User) -> Run:
    """Export the reports that `run` listed, whatever their label, without marking them. Raises CannotStart.

    The other settings come from the export's present version, so a corrected column applies to an old batch.
    """
    export = _export(run)
    settings = replace(
        _settings_of(export),
        report_ids=list(_listed(run).ids),
        period="",
        approved_since="",
        look_back_days=0,
        policy_ids=[],
        states=[],
        limit=None,
        not_marked_as="",
        mark_as="",
    )
    prepare_again = partial(prepare, export, settings, by=by, again_of=run, kind=Run.Kind.SAME_REPORTS)
    return _once_per_click(export, by, run, lambda: start_all([prepare_again()])[0])


@transaction.atomic
def try_pair(export: SavedExport, rotation: Rotation, *, by: User) -> Run:
    """Run the export as a test with the new key pair: it marks, mails and uploads nothing. Raises CannotStart."""
    if rotation.status != Rotation.Status.READY or rotation.credential_id != export.credential_id:
        raise CannotStart("Only a new pair that was tested, and has not taken over yet, can be tried.")
    settings = replace(
        _settings_of(export), test=True, look_back_days=0, mark_as="", email_recipients=[], sftp_host="", sftp_login=""
    )
    return start_all([prepare(export, settings, by=by, kind=Run.Kind.TRIAL, trial_of=rotation)])[0]


@transaction.atomic
def mark_now(run: Run, *, by: User) -> Run:
    """Start a run that only marks the reports of `run`, whose file is stored. Raises CannotStart."""
    if not can_be_marked(run):
        raise CannotStart("Only a run whose file is in the portal and whose reports may not be marked can do that.")
    return _once_per_click(_export(run), by, run, lambda: _start_marking(run, by))


def can_be_marked(run: Run) -> bool:
    """Whether the file is stored and its reports are not marked, or it is unknown whether they are."""
    if not run.marks_last or run.status not in {Status.FAILED, Status.UNCONFIRMED, Status.CANCELLED}:
        return False
    is_safe = run.kind == Run.Kind.MARKING or hasattr(run, "result")
    return is_safe and not run.again.filter(kind=Run.Kind.MARKING, status=Status.SUCCEEDED).exists()


@transaction.atomic
def cancel(run: Run, *, by: User | Actor) -> bool:
    """Cancel a resting run. False when a call is in progress or the run has finished."""
    was = run.status
    if was not in RESTING:
        return False
    who = by if isinstance(by, User) else by.name
    if not run.move(
        was,
        Status.CANCELLED,
        error_code="cancelled",
        error=f"{who} cancelled this run. {failure_messages.cancelled(run)}",
    ):
        return False
    employee_steps.release(run)
    audit.record(Action.RUN_CANCELLED, run, by=by, was=was)
    tasks.send_after_commit(tasks.leave_queue, run.pk)
    return True


@transaction.atomic
def look_after(run: Run, *, by: User) -> None:
    """Acknowledge a failure: it leaves the list of runs that need attention."""
    if Run.objects.filter(pk=run.pk, looked_after_at=None).update(looked_after_at=timezone.now()):
        audit.record(Action.RUN_LOOKED_AFTER, run, by=by, was=run.status)


def _settings_of(export: SavedExport) -> ExportSettings:
    return ExportSettings.from_json(export.present.settings)


def _start_marking(run: Run, by: User) -> Run:
    """Start a run where `run` stopped: its file is stored, and its reports are listed."""
    refuse_to_call(run.credential)
    new = Run.objects.create(
        team=run.team,
        kind=Run.Kind.MARKING,
        export=run.export,
        version=run.version,
        credential=run.credential,
        job=run.job,
        template=run.template,
        marks=False,
        mark_label=run.mark_label,
        selection=run.selection,
        report_count=run.report_count,
        remote_file=run.remote_file,
        status=Status.STORED,
        source=Run.Source.PAGE,
        again_of=run,
        **_requester(by),
    )
    audit.record(Action.RUN_STARTED, new, by=by, **_audit_fields(new))
    tasks.send_after_commit(tasks.enqueue_runs, new.pk)
    return new


def _audit_fields(run: Run) -> dict[str, Any]:
    return {
        "export": _export(run).name,
        "version": run.version.number if run.version else None,
        "credential": run.credential.name,
        "again_of": run.again_of_id,
    }


def _requester(by: User | Actor) -> dict[str, Any]:
    if isinstance(by, User):
        return {"requested_by": by, "requested_by_name": str(by)}
    return {"requested_by": None, "requested_by_name": by.name}


def _once_per_click(export: SavedExport, by: User, again_of: Run | None, start: Callable[[], Run]) -> Run:
    """Call `start`, unless this person did so a moment ago: return that run instead. Acknowledges the run before."""
    # The second of two clicks waits here until the first commits, and finds its run.
    SavedExport.objects.select_for_update().get(pk=export.pk)
    just_now = timezone.now() - DOUBLE_CLICK
    clicked = export.runs.filter(requested_by=by, source=Run.Source.PAGE, again_of=again_of, created_at__gt=just_now)
    run = clicked.order_by("-id").first() or start()
    if again_of is not None:
        look_after(again_of, by=by)
    return run


def _export(run: Run) -> SavedExport:
    if run.export is None:
        raise CannotStart("This run belongs to an employee update. It is repeated from the update's page.")
    return run.export


def _listed(run: Run) -> ReportList:
    if not run.selection or not run.report_count:
        raise CannotStart("This run did not list its reports, so they cannot be asked for again.")
    return ReportList.from_json(run.selection)


def _last_success_at(export: SavedExport, settings: ExportSettings, at: datetime) -> datetime | None:
    """When the last successful run of a period up to `at` was due or started; None if no period counts from it."""
    if periods.SINCE_LAST_SUCCESS not in {settings.period, settings.approved_since}:
        return None
    succeeded = export.runs.filter(status=Status.SUCCEEDED, kind__in=OF_PERIODS).annotate(
        covered_to=Coalesce("occurrence__due_at", "created_at")
    )
    return succeeded.filter(covered_to__lte=at).order_by("-id").values_list("covered_to", flat=True).first()


def _refuse_to_start(export: SavedExport, job: ReportExport, now: datetime, *, can_call: bool = False) -> None:
    if export.is_archived:
        raise CannotStart("This export is archived. Clone it to run it again.")
    if export.present.is_draft:
        raise CannotStart(
            "This export is a draft: its template cannot be read. Edit the export and put the template right; "
            f"nothing was sent. {export.present.draft_because}"
        )
    if not can_call:
        refuse_to_call(export.credential)
    problems = job.problems(now.astimezone(export.team.zone).date())
    if problems:
        raise CannotStart(" ".join(problem.sentence for problem in problems))


def refuse_to_call(credential: Credential) -> None:
    if not credential.can_call:
        raise CannotStart(
            f"The credential “{credential}” is {credential.status_in_words}. "
            "An Admin has to put that right first; nothing was sent."
        )
