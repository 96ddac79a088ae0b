"""What people do to runs: start, cancel, run again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Action, Actor
from accounts.keyring import unseal
from accounts.models import Credential, OnceKey, User
from expensify.jobs import ReportExport
from exports import effects, employee_steps, jobs, selection, tasks
from exports.jobs import Settings
from exports.models import Run, SavedExport
from exports.models.run import RESTING, Status
from exports.selection import Selection

# Two clicks on the same button within this time are one.
DOUBLE_CLICK = timedelta(seconds=3)


class CannotStart(Exception):
    """The run cannot be started; the text says why and what to do."""


@transaction.atomic
def start(
    export: SavedExport, *, by: User | Actor, source: str = Run.Source.PAGE, again_of: Run | None = None
) -> Run:
    """Queue a run of the export as it stands now. Raises CannotStart with a sentence for people."""
    now = timezone.now()
    asked = Settings.from_json(export.present.settings)
    return _queue(export, asked, now, by=by, source=source, again_of=again_of)


@transaction.atomic
def start_by_click(export: SavedExport, *, by: User, again_of: Run | None = None) -> Run:
    """`start` for a button in a page: a double click starts one run. Raises CannotStart."""
    return _once_per_click(export, by, again_of, lambda: start(export, by=by, again_of=again_of))


@transaction.atomic
def start_once(export: SavedExport, *, by: User, key: str | None) -> tuple[Run, bool]:
    """`start` for a script. The same key again gets the run that it started, and False. Raises CannotStart.

    A second request under the key waits at the unique row for the first one to commit; a start that fails frees it.
    """
    if key is None:
        return start(export, by=by, source=Run.Source.COMMAND), True
    once, is_new = OnceKey.objects.get_or_create(team=export.team, user=by, key=key)
    if is_new:
        run = start(export, by=by, source=Run.Source.COMMAND)
        once.made_id = run.pk
        once.save(update_fields=["made_id"])
        return run, True
    assert once.made_id is not None
    made = export.runs.filter(pk=once.made_id).first()
    if made is None:
        raise CannotStart("This key has started a run of another export. Nothing was started: use a new key.")
    return made, False


@transaction.atomic
def again(run: Run, *, by: User) -> Run:
    """A new run of the export as it stands now; the old one counts as looked after. Raises CannotStart."""
    new = start_by_click(_export(run), by=by, again_of=run)
    look_after(run)
    return new


@transaction.atomic
def same_reports_again(run: Run, *, by: User) -> Run:
    """A new run for the reports that `run` listed, whatever label they carry; it puts none on. Raises CannotStart.

    Everything else is as the export stands now, so a corrected column reaches an old batch.
    """
    export = _export(run)
    asked = replace(
        Settings.from_json(export.present.settings),
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
    now = timezone.now()
    new = _once_per_click(
        export, by, run, lambda: _queue(export, asked, now, by=by, again_of=run, of_batch=True)
    )
    look_after(run)
    return new


@transaction.atomic
def mark_now(run: Run, *, by: User) -> Run:
    """A new run that only marks the reports of one whose file is safe but whose marking failed. Raises CannotStart."""
    if not can_be_marked(run):
        raise CannotStart(
            "Only a run whose file is in the portal and whose reports may not be marked can do that."
        )
    new = _once_per_click(_export(run), by, run, lambda: _queue_marking(run, by))
    look_after(run)
    return new


def can_be_marked(run: Run) -> bool:
    """Whether the file is safe in the portal while the reports are not marked, or nobody knows."""
    if not run.marks_last or run.status not in {Status.FAILED, Status.UNCONFIRMED, Status.CANCELLED}:
        return False
    is_safe = run.of_batch or hasattr(run, "result")
    return is_safe and not run.again.filter(of_batch=True, status=Status.SUCCEEDED, marks_last=True).exists()


@transaction.atomic
def cancel(run: Run, *, by: User | Actor) -> bool:
    """Stop a run that rests. False when it is at work, or has finished."""
    was = run.status
    if was not in RESTING:
        return False
    who = by if isinstance(by, User) else by.name
    if not run.move(
        was,
        Status.CANCELLED,
        error_code="cancelled",
        error=f"{who} cancelled this run. {effects.cancelled(run)}",
    ):
        return False
    employee_steps.given_up(run)
    audit.record(Action.RUN_CANCELLED, run, by=by, was=was)
    tasks.ring_after_commit(tasks.leave_line, run.pk)
    return True


def look_after(run: Run) -> None:
    """A person has seen the failure: it leaves the list of what needs attention."""
    Run.objects.filter(pk=run.pk, looked_after_at=None).update(looked_after_at=timezone.now())


def asked_for(export: SavedExport, asked: Settings, *, at: datetime) -> ReportExport:
    """The job of these settings of the export, with its secrets, for a run that starts at `at`."""
    return jobs.describe(
        asked,
        at=at,
        zone=export.team.zone,
        last_success_at=_last_success_at(export),
        sftp_password=unseal(export, "sftp_password") or "",
    )


def _queue(
    export: SavedExport,
    asked: Settings,
    now: datetime,
    *,
    by: User | Actor,
    source: str = Run.Source.PAGE,
    again_of: Run | None = None,
    of_batch: bool = False,
) -> Run:
    job = asked_for(export, asked, at=now)
    _refuse_to_start(export, job, now)
    generated = selection.of_exactly(job, (), marking=False) if asked.marks_last else job
    run = Run.objects.create(
        team=export.team,
        export=export,
        version=export.present,
        credential=export.credential,
        job=job.without_secrets(),
        template=export.present.template,
        marks=not generated.repeatable,
        selects=asked.selects,
        marks_last=asked.marks_last,
        mark_label=asked.mark_as if job.marks else "",
        late_before=jobs.late_before(
            asked, at=now, zone=export.team.zone, last_success_at=_last_success_at(export)
        ),
        source=source,
        again_of=again_of,
        of_batch=of_batch,
        moved_at=now,
        **_asked_by(by),
    )
    return _rung(run, by)


def _queue_marking(run: Run, by: User) -> Run:
    """A run that begins where the other one stopped: its file is stored, and the list is known."""
    _refuse_to_call(run.credential)
    new = Run.objects.create(
        team=run.team,
        export=run.export,
        version=run.version,
        credential=run.credential,
        job=run.job,
        template=run.template,
        marks=False,
        marks_last=True,
        mark_label=run.mark_label,
        selection=run.selection,
        report_count=run.report_count,
        remote_file=run.remote_file,
        status=Status.STORED,
        source=Run.Source.PAGE,
        again_of=run,
        of_batch=True,
        **_asked_by(by),
    )
    return _rung(new, by)


def _rung(run: Run, by: User | Actor) -> Run:
    audit.record(
        Action.RUN_STARTED,
        run,
        by=by,
        export=_export(run).name,
        version=run.version.number if run.version else None,
        credential=run.credential.name,
        again_of=run.again_of_id,
    )
    tasks.ring_after_commit(tasks.line_up, run.pk)
    return run


def _asked_by(by: User | Actor) -> dict[str, Any]:
    if isinstance(by, User):
        return {"requested_by": by, "requested_by_name": str(by)}
    return {"requested_by": None, "requested_by_name": by.name}


def _once_per_click(export: SavedExport, by: User, again_of: Run | None, start: Callable[[], Run]) -> Run:
    """What `start` makes, unless this person made it a moment ago: a double click is one."""
    # The second of two clicks waits here for the first, and finds its run.
    SavedExport.objects.select_for_update().get(pk=export.pk)
    just_now = timezone.now() - DOUBLE_CLICK
    clicked = export.runs.filter(
        requested_by=by, source=Run.Source.PAGE, again_of=again_of, created_at__gt=just_now
    )
    return clicked.order_by("-id").first() or start()


def _export(run: Run) -> SavedExport:
    if run.export is None:
        raise CannotStart("This run belongs to an employee update. It is repeated from the update's page.")
    return run.export


def _listed(run: Run) -> Selection:
    if not run.selection or not run.report_count:
        raise CannotStart("This run did not list its reports, so they cannot be asked for again.")
    return Selection.from_json(run.selection)


def _last_success_at(export: SavedExport) -> datetime | None:
    """When the last run that covered a period was started."""
    succeeded = export.runs.filter(status=Status.SUCCEEDED, of_batch=False)
    return succeeded.order_by("-id").values_list("created_at", flat=True).first()


def _refuse_to_start(export: SavedExport, job: ReportExport, now: datetime) -> None:
    if export.is_archived:
        raise CannotStart("This export is archived. Clone it to run it again.")
    if export.present.is_draft:
        raise CannotStart(
            "This export is a draft: its template cannot be read. Edit the export and put the template right; "
            f"nothing was sent. {export.present.draft_because}"
        )
    _refuse_to_call(export.credential)
    problems = job.problems(now.astimezone(export.team.zone).date())
    if problems:
        raise CannotStart(" ".join(problem.sentence for problem in problems))


def _refuse_to_call(credential: Credential) -> None:
    if not credential.can_call:
        raise CannotStart(
            f"The credential “{credential}” is {credential.get_status_display().lower()}. "
            "An Admin has to put that right first; nothing was sent."
        )
