"""Consecutive failures of a schedule: count, notify, and pause automatically."""

from datetime import datetime

from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action
from accounts.mail import notifications
from exports.deliveries import recipients
from exports.models import Occurrence, Schedule
from exports.schedules import missed


def failed(schedule: Schedule, occurrence: Occurrence, sentence: str, *, now: datetime) -> None:
    """Count a failure. The caller has locked the schedule's row, and calls once for each occurrence."""
    occurrence.failed_at = now
    occurrence.save(update_fields=["failed_at"])
    schedule.failures += 1
    schedule.save(update_fields=["failures"])
    is_last = schedule.failures >= schedule.pause_after and not schedule.is_paused
    count = f"That is failure {schedule.failures} in a row."
    if is_last:
        count += " The schedule has paused itself: nothing runs until an Admin resumes it."
    elif schedule.failures == schedule.pause_after - 1:
        count += " If the next one fails too, the schedule pauses itself and the Admins are told."
    recipients.tell_owner(
        schedule,
        f"occurrence {occurrence.pk} failed",
        subject=f"“{schedule}” failed",
        text=f"{describe_run(schedule, occurrence)} failed. {sentence}\n\n{count}",
        page=occurrence.run,
    )
    if is_last:
        reason = f"{schedule.failures} failures in a row. The last one: {sentence}"
        pause_itself(schedule, reason, key=f"occurrence {occurrence.pk} paused its schedule", now=now)


def succeeded(schedule: Schedule, occurrence: Occurrence) -> None:
    """Reset the failure count. The caller has locked the schedule's row."""
    if schedule.failures:
        schedule.failures = 0
        schedule.save(update_fields=["failures"])
    if _failed_before(occurrence):
        recipients.tell_owner(
            schedule,
            f"occurrence {occurrence.pk} recovered",
            subject=f"“{schedule}” works again",
            text=f"{describe_run(schedule, occurrence)} succeeded, for the first time after it had failed.",
            page=occurrence.run,
        )


def pause_itself(schedule: Schedule, reason: str, *, key: str, now: datetime) -> None:
    """Pause until an Admin resumes it. The caller has locked the schedule's row."""
    schedule.paused_at, schedule.paused_by_name, schedule.next_at = now, PORTAL.name, None
    schedule.pause_reason = reason if len(reason) <= 300 else f"{reason[:299]}…"
    schedule.save(update_fields=["paused_at", "paused_by_name", "pause_reason", "next_at"])
    audit.record(Action.SCHEDULE_PAUSED, schedule, by=PORTAL, reason=reason)
    text = f"The schedule “{schedule}” has paused itself, and nothing runs until an Admin resumes it. {reason}"
    notifications.tell_admins(schedule, key, subject=f"“{schedule}” has paused itself", text=text)


def _failed_before(occurrence: Occurrence) -> bool:
    """Whether the occurrence before this one failed; skipped ones do not count."""
    earlier = Occurrence.objects.filter(schedule=occurrence.schedule_id, due_at__lt=occurrence.due_at)
    last = earlier.exclude(outcome=Occurrence.Outcome.SKIPPED).order_by("-due_at").first()
    return last is not None and last.failed_at is not None


def describe_run(schedule: Schedule, occurrence: Occurrence) -> str:
    """The beginning of a sentence about its run."""
    due = missed.time_in_words(occurrence.due_at, missed.zone_of(schedule.rule))
    return f"The run of “{schedule}” that was due on {due}"
