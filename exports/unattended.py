"""Celery's way into what happens by the clock, without anybody's click: one thin task for each."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from accounts import audit_heads, audit_stream, audit_trim, clock, invitations, notices, rotations, sending
from exports import deliveries, heartbeat, recipient_upkeep, scheduling, settling, starting, watch

# Seconds in which a round begins mails; then the next one does, on a connection of its own.
ROUND_SECONDS = 20


@shared_task
def start_schedules() -> None:
    """Resume what rests until now, and start what is due. Done twice, the second finds nothing."""
    if heartbeat.begin_sweep(settings.SWEEP_SECONDS, heartbeat.STARTED):
        now = clock.now()
        scheduling.resume_due(now)
        starting.start_due(now)


@shared_task
def settle_occurrences() -> None:
    """Deal with the runs of schedules that have ended. Done twice, the second finds nothing."""
    if heartbeat.begin_sweep(settings.SWEEP_SECONDS, heartbeat.SETTLED):
        settling.settle_ended(clock.now())


# Acknowledged early: the next round is two seconds away, and a second copy of this one would claim other mails.
@shared_task(acks_late=False, reject_on_worker_lost=False)
def send_mails() -> None:
    """The mails that are due. Any number of these may be at work: each mail is claimed by one."""
    sending.send_due([notices.MAILS, invitations.MAILS, deliveries.MAILS], seconds=ROUND_SECONDS)


@shared_task
def keep_up_recipients() -> None:
    """Who left drops out, who is outside is confirmed. Done twice, the second finds nothing."""
    recipient_upkeep.keep_up(timezone.now())


@shared_task
def stream_audit() -> None:
    """Audit entries on their way to AUDIT_STREAM. Done twice at once, each chain is sent by one of the two."""
    audit_stream.stream()


@shared_task
def write_audit_heads() -> None:
    """The ends of the audit log's chains to AUDIT_HEADS, once a day; hourly, until they have arrived."""
    audit_heads.write(timezone.now())


@shared_task
def trim_audit() -> None:
    """Audit entries that teams keep no longer. Done twice, the second finds nothing."""
    audit_trim.trim_all(timezone.now())


@shared_task
def rotate() -> None:
    """New pairs whose time has come take over, and replaced ones go. Done twice, the second finds nothing."""
    rotations.switch_due(clock.now())
    rotations.wipe_previous(clock.now())


@shared_task
def watch_credentials() -> None:
    """Every night: test what works, so that lost access shows; remind of old pairs. Tests asked for twice are one."""
    watch.remind_of_old_pairs(timezone.now())
    watch.ask_for_checks(clock.now())


@shared_task
def tell_of_lost_policies() -> None:
    """What tests found missing. Each loss is told once."""
    watch.tell_of_lost_policies()
