"""Celery's way in to what nobody asks for: it comes by the clock."""

from celery import shared_task
from django.utils import timezone

from exports import recipient_upkeep


@shared_task
def keep_up_recipients() -> None:
    """Who left drops out, who is outside is confirmed. Done twice, the second finds nothing."""
    recipient_upkeep.keep_up(timezone.now())
