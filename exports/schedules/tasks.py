"""Celery tasks that beat starts: one thin task for each regular job.

Their Celery names (`exports.unattended.…`) stay when modules are renamed, as in `exports.runs.tasks`.
"""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from accounts import clock, invitations
from accounts.audit import anchor as audit_anchor
from accounts.audit import stream as audit_stream
from accounts.audit import trim as audit_trim
from accounts.credentials import rotation as rotation_actions
from accounts.mail import notifications, outbox
from exports.credentials import nightly_checks
from exports.deliveries import lifecycle as deliveries
from exports.deliveries import recipient_review
from exports.runs import heartbeat
from exports.schedules import actions as schedules
from exports.schedules import finish, start_due

# How many seconds a round sends mails. The next round continues, with a new connection.
ROUND_SECONDS = 20


@shared_task(name="exports.unattended.start_schedules")
def start_schedules() -> None:
    """Resume schedules whose pause has ended, and start due ones. Idempotent."""
    if heartbeat.begin_sweep(settings.SWEEP_SECONDS, heartbeat.STARTED):
        now = clock.now()
        schedules.resume_due(now)
        start_due.start_due(now)


@shared_task(name="exports.unattended.settle_occurrences")
def settle_occurrences() -> None:
    """Settle the ended runs of schedules. Idempotent."""
    if heartbeat.begin_sweep(settings.SWEEP_SECONDS, heartbeat.SETTLED):
        finish.settle_ended(clock.now())


# Acknowledged early: the next round starts in two seconds, and a redelivered copy would only claim other mails.
@shared_task(name="exports.unattended.send_mails", acks_late=False, reject_on_worker_lost=False)
def send_mails() -> None:
    """Send due mails. Several of these may run at once: each mail is claimed by one."""
    outbox.send_due([notifications.MAILS, invitations.MAILS, deliveries.MAILS], seconds=ROUND_SECONDS)


@shared_task(name="exports.unattended.keep_up_recipients")
def keep_up_recipients() -> None:
    """Drop recipients who left, and ask owners to confirm outside recipients. Idempotent."""
    recipient_review.review_recipients(timezone.now())


@shared_task(name="exports.unattended.stream_audit")
def stream_audit() -> None:
    """Send audit entries to AUDIT_STREAM. Several may run at once: each chain is sent by one."""
    audit_stream.stream()


@shared_task(name="exports.unattended.write_audit_heads")
def write_audit_heads() -> None:
    """Write the heads of the audit chains to AUDIT_HEADS once a day; retry hourly until it succeeds."""
    audit_anchor.write(timezone.now())


@shared_task(name="exports.unattended.trim_audit")
def trim_audit() -> None:
    """Delete audit entries past their teams' retention. Idempotent."""
    audit_trim.trim_all(timezone.now())


@shared_task(name="exports.unattended.rotate")
def rotate() -> None:
    """Switch due rotations to their new key pairs, and delete replaced ones. Idempotent."""
    rotation_actions.switch_due(clock.now())
    rotation_actions.wipe_previous(clock.now())


@shared_task(name="exports.unattended.watch_credentials")
def watch_credentials() -> None:
    """Every night, test working credentials to detect lost access, and remind of old key pairs. Idempotent."""
    nightly_checks.remind_of_old_pairs(timezone.now())
    nightly_checks.ask_for_checks(clock.now())


@shared_task(name="exports.unattended.tell_of_lost_policies")
def tell_of_lost_policies() -> None:
    """Notify people of policies that tests found missing, once for each loss."""
    nightly_checks.tell_of_lost_policies()
