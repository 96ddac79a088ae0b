"""Celery's way into what happens by the clock, without anybody's click: one thin task for each."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from accounts import clock
from exports import heartbeat, recipient_upkeep, scheduling, settling, starting


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


@shared_task
def keep_up_recipients() -> None:
    """Who left drops out, who is outside is confirmed. Done twice, the second finds nothing."""
    recipient_upkeep.keep_up(timezone.now())
