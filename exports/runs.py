"""What people do to runs: start, cancel, run again."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Action, Actor
from accounts.keyring import unseal
from accounts.models import User
from expensify.jobs import ReportExport
from exports import jobs, tasks
from exports.models import Run, SavedExport
from exports.models.run import RESTING, Status

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
    job = asked_for(export, at=now)
    _refuse_to_start(export, job, now)
    run = Run.objects.create(
        team=export.team,
        export=export,
        version=export.present,
        credential=export.credential,
        job=job.without_secrets(),
        template=export.present.template,
        marks=not job.repeatable,
        source=source,
        requested_by=by if isinstance(by, User) else None,
        requested_by_name=str(by) if isinstance(by, User) else by.name,
        again_of=again_of,
        moved_at=now,
    )
    audit.record(
        Action.RUN_STARTED,
        run,
        by=by,
        export=export.name,
        version=export.present.number,
        credential=export.credential.name,
        again_of=again_of.pk if again_of else None,
    )
    tasks.ring_after_commit(tasks.line_up, run.pk)
    return run


@transaction.atomic
def start_by_click(export: SavedExport, *, by: User, again_of: Run | None = None) -> Run:
    """`start` for a button in a page: a double click starts one run. Raises CannotStart."""
    # The second of two clicks waits here for the first, and finds its run.
    SavedExport.objects.select_for_update().get(pk=export.pk)
    just_now = timezone.now() - DOUBLE_CLICK
    clicked = export.runs.filter(
        requested_by=by, source=Run.Source.PAGE, again_of=again_of, created_at__gt=just_now
    )
    return clicked.order_by("-id").first() or start(export, by=by, again_of=again_of)


@transaction.atomic
def again(run: Run, *, by: User) -> Run:
    """A new run of the same export, as the export stands now; the old one counts as looked after."""
    new = start_by_click(run.export, by=by, again_of=run)
    look_after(run)
    return new


@transaction.atomic
def cancel(run: Run, *, by: User | Actor) -> bool:
    """Stop a run that rests. False when it is at work, or has finished."""
    for status in sorted(RESTING):
        if run.move(
            status,
            Status.CANCELLED,
            error_code="cancelled",
            error=f"{by if isinstance(by, User) else by.name} cancelled this run. "
            + CANCELLED_CHANGES[status](run),
        ):
            audit.record(Action.RUN_CANCELLED, run, by=by, was=status)
            tasks.ring_after_commit(tasks.leave_line, run.pk)
            return True
    return False


def look_after(run: Run) -> None:
    """A person has seen the failure: it leaves the list of what needs attention."""
    Run.objects.filter(pk=run.pk, looked_after_at=None).update(looked_after_at=timezone.now())


def asked_for(export: SavedExport, *, at: datetime) -> ReportExport:
    """The job of the export, with its secrets, for a run that starts at `at`."""
    last = export.runs.filter(status=Status.SUCCEEDED).order_by("-id").first()
    return jobs.describe(
        jobs.Settings.from_json(export.present.settings),
        at=at,
        zone=export.team.zone,
        last_success_at=last.created_at if last else None,
        sftp_password=unseal(export, "sftp_password") or "",
    )


def _refuse_to_start(export: SavedExport, job: ReportExport, now: datetime) -> None:
    if export.is_archived:
        raise CannotStart("This export is archived. Clone it to run it again.")
    if export.present.is_draft:
        raise CannotStart(
            "This export is a draft: its template cannot be read. Edit the export and put the template right; "
            f"nothing was sent. {export.present.draft_because}"
        )
    if not export.credential.can_call:
        raise CannotStart(
            f"The credential “{export.credential}” is {export.credential.get_status_display().lower()}. "
            "An Admin has to put that right first; nothing was sent."
        )
    problems = job.problems(now.astimezone(export.team.zone).date())
    if problems:
        raise CannotStart(" ".join(problem.sentence for problem in problems))


def _nothing_changed(run: Run) -> str:
    return "Nothing was sent to Expensify." if not run.attempts else "Nothing was changed at Expensify."


def _file_remains(run: Run) -> str:
    if run.marks:
        return (
            "Its file was generated, and what the export does at Expensify (marking, uploading) has happened."
        )
    return "Its file was generated at Expensify and is left there; nothing else was changed."


CANCELLED_CHANGES = {Status.QUEUED: _nothing_changed, Status.GENERATED: _file_remains}
