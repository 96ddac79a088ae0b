from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from accounts.models.team import Team, TeamOwned
from accounts.permissions import Permission


class AccessToken(TeamOwned):
    """Lets a script act in one team as the person who created it, with some of the permissions of their role.

    Only its SHA-256 is stored: 160 random bits need no slower hash. Pages show `prefix` to tell tokens apart.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="access_tokens")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="access_tokens")
    name = models.CharField(max_length=100)
    permissions = models.JSONField(
        help_text="The permissions that its owner chose; each request needs them in the owner's role too."
    )
    prefix = models.CharField(max_length=10)
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="Updated at most once a minute.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                "team",
                "user",
                Lower("name"),
                condition=models.Q(revoked_at=None),
                name="one_token_per_name",
                violation_error_message="You have a token of this name already. Choose another name.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def granted(self) -> frozenset[Permission]:
        """The permissions that were chosen; unknown names, of an older version, are ignored."""
        return frozenset(permission for permission in Permission if permission.value in self.permissions)

    def why_ended(self, at: datetime) -> str:
        """Why the token is not valid, in a word; empty while it is."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at <= at:
            return "expired"
        return "" if self.user.is_active else "account closed"


class OnceKey(TeamOwned):
    """An idempotency key of a script: the same key returns the object that the first request created."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="once_keys")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    made_id = models.BigIntegerField(null=True, help_text="Null only within the transaction that creates the object.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user", "key"], name="asked_once_per_key")]

    def __str__(self) -> str:
        return self.key
