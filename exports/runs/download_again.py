"""Continue a run that ended with the name of its file but without the file, which may still be at Expensify."""

from django.db import IntegrityError, transaction

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.models import Credential, User
from exports.models import Occurrence, Run
from exports.models.run import IN_FLIGHT, Status
from exports.runs import tasks
from exports.runs.actions import CannotStart, refuse_to_call


def can_download_again(run: Run) -> bool:
    """Whether the run ended with the name of a file that it did not get."""
    return (
        run.status in {Status.FAILED, Status.CANCELLED}
        and bool(run.remote_file)
        and "download" in run.traits.calls
        and run.kind != Run.Kind.TRIAL
        and not hasattr(run, "result")
    )


def download_again(run: Run, *, by: User) -> Run:
    """Move the run back to its download. Raises CannotStart.

    The present pair asks for the file first, then the one before it. All files of several are fetched: the parts that
    were here are deleted when a run ends.
    """
    try:
        with transaction.atomic():
            _continue(run, by)
    except IntegrityError:
        raise CannotStart(
            "Another run of its schedule is under way. Nothing was started: try again when that has finished."
        ) from None
    return run


def _continue(run: Run, by: User) -> None:
    if not can_download_again(run):
        raise CannotStart("Only a run that knows the name of its file, and did not get the file, can do that.")
    refuse_to_call(run.credential)
    _refuse_if_marked_since(run)
    was, error = run.status, run.error
    moved = run.move(
        was,
        Status.GENERATED,
        tidied_at=None,
        looked_after_at=None,
        retry_at=None,
        queue_order=None,
        attempts=0,
        error_code="",
        error="",
        by_previous=False,
        fetched=0,
        bytes_received=0,
        generated_at=None,  # its time says nothing about how long Expensify takes
        ready_after=None,
    )
    if not moved:
        raise CannotStart("Somebody else has just continued this run.")
    _unsettle(run, error)
    audit.record(Action.RUN_DOWNLOADED_AGAIN, run, by=by, was=was, file=run.remote_file)
    tasks.send_after_commit(tasks.enqueue_runs, run.pk)


def _refuse_if_marked_since(run: Run) -> None:
    """A later run with the label has listed the same reports again: they would be exported twice."""
    if not run.marks_last:
        return
    fingerprint = run.credential.fingerprint
    list(Credential.objects.filter(fingerprint=fingerprint).order_by("pk").select_for_update().values_list("pk"))
    later = Run.objects.filter(
        pk__gt=run.pk, mark_label=run.mark_label, credential__fingerprint=fingerprint, report_count__gt=0
    )
    found = later.filter(
        status__in=[*IN_FLIGHT, Status.LISTED, Status.GENERATED, Status.STORED, Status.SUCCEEDED]
    ).first()
    if found is not None:
        raise CannotStart(
            f"Run {found.pk} has listed the reports without “{run.mark_label}” since, so these reports would be "
            "exported twice. Nothing was started. “Same reports again” makes this file without marking."
        )


def _unsettle(run: Run, error: str) -> None:
    """The schedule's mails are made when the run ends again."""
    occurrence = Occurrence.objects.filter(run=run).first()
    if occurrence is not None:
        occurrence.settled_at = occurrence.settling_since = occurrence.failed_at = None
        occurrence.sentence = occurrence.sentence.removesuffix(error).strip()
        occurrence.save(update_fields=["settled_at", "settling_since", "failed_at", "sentence"])
