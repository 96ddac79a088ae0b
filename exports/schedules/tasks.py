"""Celery's way into what happens by the clock, without anybody's click: one thin task for each."""

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
from exports.deliveries import recipient_review
from exports.deliveries import send as deliveries
from exports.runs import heartbeat
from exports.schedules import actions as schedules
from exports.schedules import finish, start_due

# Seconds in which a round begins mails; then the next one does, on a connection of its own.
ROUND_SECONDS = 20


@shared_task(name="exports.unattended.start_schedules")
def start_schedules() -> None:
    """Resume what rests until now, and start what is due. Done twice, the second finds nothing."""
    if heartbeat.begin_sweep(settings.SWEEP_SECONDS, heartbeat.STARTED):
        now = clock.now()
        schedules.resume_due(now)
        start_due.start_due(now)


@shared_task(name="exports.unattended.settle_occurrences")
def settle_occurrences() -> None:
    """Deal with the runs of schedules that have ended. Done twice, the second finds nothing."""
    if heartbeat.begin_sweep(settings.SWEEP_SECONDS, heartbeat.SETTLED):
        finish.settle_ended(clock.now())


# Acknowledged early: the next round is two seconds away, and a second copy of this one would claim other mails.
@shared_task(name="exports.unattended.send_mails", acks_late=False, reject_on_worker_lost=False)
def send_mails() -> None:
    """The mails that are due. Any number of these may be at work: each mail is claimed by one."""
    outbox.send_due([notifications.MAILS, invitations.MAILS, deliveries.MAILS], seconds=ROUND_SECONDS)


@shared_task(name="exports.unattended.keep_up_recipients")
def keep_up_recipients() -> None:
    """Who left drops out, who is outside is confirmed. Done twice, the second finds nothing."""
    recipient_review.review_recipients(timezone.now())


@shared_task(name="exports.unattended.stream_audit")
def stream_audit() -> None:
    """Audit entries on their way to AUDIT_STREAM. Done twice at once, each chain is sent by one of the two."""
    audit_stream.stream()


@shared_task(name="exports.unattended.write_audit_heads")
def write_audit_heads() -> None:
    """The ends of the audit log's chains to AUDIT_HEADS, once a day; hourly, until they have arrived."""
    audit_anchor.write(timezone.now())


@shared_task(name="exports.unattended.trim_audit")
def trim_audit() -> None:
    """Audit entries that teams keep no longer. Done twice, the second finds nothing."""
    audit_trim.trim_all(timezone.now())


@shared_task(name="exports.unattended.rotate")
def rotate() -> None:
    """New pairs whose time has come take over, and replaced ones go. Done twice, the second finds nothing."""
    rotation_actions.switch_due(clock.now())
    rotation_actions.wipe_previous(clock.now())


@shared_task(name="exports.unattended.watch_credentials")
def watch_credentials() -> None:
    """Every night: test what works, so that lost access shows; remind of old pairs. Tests asked for twice are one."""
    nightly_checks.remind_of_old_pairs(timezone.now())
    nightly_checks.ask_for_checks(clock.now())


@shared_task(name="exports.unattended.tell_of_lost_policies")
def tell_of_lost_policies() -> None:
    """What tests found missing. Each loss is told once."""
    nightly_checks.tell_of_lost_policies()
