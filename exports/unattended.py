"""Celery's way in to what nobody asks for: it comes by the clock."""

from celery import shared_task
from django.utils import timezone

from accounts import invitations, notices, sending
from exports import recipient_upkeep

# Seconds in which a round begins mails; then the next one does, on a connection of its own.
ROUND_SECONDS = 20


# Acknowledged early: the next round is two seconds away, and a second copy of this one would claim other mails.
@shared_task(acks_late=False, reject_on_worker_lost=False)
def send_mails() -> None:
    """The mails that are due. Any number of these may be at work: each mail is claimed by one."""
    sending.send_due([notices.MAILS, invitations.MAILS], seconds=ROUND_SECONDS)


@shared_task
def keep_up_recipients() -> None:
    """Who left drops out, who is outside is confirmed. Done twice, the second finds nothing."""
    recipient_upkeep.keep_up(timezone.now())
