from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models.outgoing import MailStatus, Outgoing
from accounts.permissions import Role


class Invitation(Outgoing):
    """An invitation of an e-mail address to a team: valid once, until it expires.

    The token is created when the mail is composed, and only its hash is stored. Accepting and revoking are conditional
    updates: of two at once, one fails.
    """

    role = models.CharField(max_length=20, choices=Role)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    invited_by_name = models.CharField(max_length=255)
    token_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                "team", Lower("address"), condition=Q(accepted_at=None, revoked_at=None), name="one_open_invitation"
            ),
            models.UniqueConstraint(fields=["token_hash"], condition=~Q(token_hash=""), name="invitation_token_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="invitation_role_known"),
            models.CheckConstraint(condition=Q(status__in=MailStatus.values), name="invitation_status_known"),
            models.CheckConstraint(condition=Q(accepted_at=None) | Q(revoked_at=None), name="invitation_ends_once"),
        ]
        indexes = [
            models.Index(
                fields=["retry_at", "id"], condition=Q(status__in=["queued", "sending"]), name="invitation_to_send"
            )
        ]

    def __str__(self) -> str:
        return f"invitation of {self.address}"

    def is_open(self, now: datetime) -> bool:
        return self.accepted_at is None and self.revoked_at is None and self.expires_at > now


def close(rows: models.QuerySet[Invitation], now: datetime) -> int:
    """Revoke the open ones of these invitations and withdraw their unsent mails; return how many were open."""
    rows.filter(status__in=[MailStatus.HELD, MailStatus.QUEUED]).update(status=MailStatus.WITHDRAWN)
    return rows.filter(accepted_at=None, revoked_at=None).update(revoked_at=now, token_hash="")
