from django.conf import settings
from django.db import models

from accounts.models.team import TeamOwned


class MailStatus(models.TextChoices):
    HELD = "held", "Held"
    QUEUED = "queued", "Queued"
    SENDING = "sending", "Sending"
    SENT = "sent", "Sent"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Not sent"
    UNCONFIRMED = "unconfirmed", "Unconfirmed"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    WITHDRAWN = "withdrawn", "Withdrawn"


MAIL_FINAL = frozenset(MailStatus) - {MailStatus.HELD, MailStatus.QUEUED, MailStatus.SENDING}


class Outgoing(TeamOwned):
    """One mail to one address, sent at most once unless a person asks.

    HELD ─> QUEUED ─> SENDING ─> SENT
                         ├─ surely not sent, may be retried ─> QUEUED
                         ├─ rejected for good ─> REFUSED
                         ├─ attempts or time used up, not sent ─> FAILED
                         └─ may have been sent ─> UNCONFIRMED: a person decides
    UNSUBSCRIBED, WITHDRAWN: not to be sent after all.
    """

    Status = MailStatus

    address = models.EmailField(max_length=254)
    status = models.CharField(max_length=20, choices=MailStatus, default=MailStatus.QUEUED)
    attempts = models.PositiveIntegerField(
        default=0, help_text="Counts the claims; a worker with an old count may not change the mail."
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    message_id = models.CharField(max_length=255, blank=True, default="")
    error = models.CharField(max_length=500, blank=True, default="", help_text="A sentence for people.")

    class Meta:
        abstract = True

    @property
    def is_final(self) -> bool:
        return self.status in MAIL_FINAL


class Notice(Outgoing):
    """A notification of one person: a schedule failed, a credential was refused, a rotation is due.

    `key` names the event: nobody is notified of it twice.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="notices"
    )
    key = models.CharField(max_length=200)
    subject = models.CharField(max_length=200)
    text = models.TextField(help_text="Plain paragraphs, without a secret.")
    path = models.CharField(max_length=500, blank=True, help_text="The page to look at, from the root.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["team", "key", "address"], name="told_once"),
            models.CheckConstraint(condition=models.Q(status__in=MailStatus.values), name="notice_status_known"),
        ]
        indexes = [
            models.Index(
                fields=["retry_at", "id"], condition=models.Q(status__in=["queued", "sending"]), name="notice_to_send"
            )
        ]

    def __str__(self) -> str:
        return self.subject
