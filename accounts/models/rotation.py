from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.credentials.keyring import SealedField, unseal
from accounts.models.credential import Credential
from accounts.models.team import SealedRow
from expensify.pair import KeyPair


class Rotation(SealedRow):
    """The replacement of a credential's key pair. It holds the new pair only while it is open (TESTING, READY).

    TESTING ─> READY ─> SWITCHED ─> DONE, when the old pair is deleted
       │         │          └─> ROLLED_BACK
       ├─────────┴─> CANCELLED
       └─> REFUSED
    """

    class Status(models.TextChoices):
        TESTING = "testing", "New pair being tested"
        READY = "ready", "Ready to take over"
        SWITCHED = "switched", "Taken over, the old pair is kept"
        DONE = "done", "Done"
        REFUSED = "refused", "New pair refused"
        CANCELLED = "cancelled", "Cancelled"
        ROLLED_BACK = "rolled_back", "Rolled back"

    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="rotations")
    status = models.CharField(max_length=20, choices=Status, default=Status.TESTING)
    pair = SealedField(null=True, editable=False)
    fingerprint = models.CharField(max_length=20, editable=False, help_text="Of the new pair.")
    message = models.CharField(max_length=500, blank=True)
    check_due_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    reach = models.JSONField(null=True, help_text="The policies that the new pair reaches.")
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    started_by_name = models.CharField(max_length=255)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    approved_by_name = models.CharField(max_length=255, blank=True)
    switch_at = models.DateTimeField(null=True, blank=True, help_text="When to switch to the new pair, if planned.")
    switch_by_name = models.CharField(max_length=255, blank=True)
    switched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["credential"],
                condition=Q(status__in=["testing", "ready"]),
                name="one_open_rotation_per_credential",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["testing", "ready"], pair__isnull=False)
                | (~Q(status__in=["testing", "ready"]) & Q(pair__isnull=True)),
                name="rotation_holds_pair_while_open",
            ),
            models.CheckConstraint(
                condition=~Q(approved_by=models.F("started_by")) | Q(approved_by=None) | Q(started_by=None),
                name="rotation_approved_by_another",
            ),
            models.UniqueConstraint(fields=["id", "team"], name="rotation_of_team"),
        ]
        indexes = [
            models.Index(fields=["check_due_at"], condition=Q(check_due_at__isnull=False), name="rotation_check_due"),
            models.Index(
                fields=["switch_at"], condition=Q(status="ready", switch_at__isnull=False), name="rotation_due"
            ),
        ]

    def __str__(self) -> str:
        return f"Rotation of {self.credential}"

    def get_absolute_url(self) -> str:
        return reverse("exports:rotation", args=[self.team.slug, self.pk])

    @property
    def is_open(self) -> bool:
        return self.status in {self.Status.TESTING, self.Status.READY}

    @property
    def is_being_checked(self) -> bool:
        return self.check_due_at is not None

    def partner_pair(self) -> KeyPair:
        """The decrypted new key pair, for the API client. Raises CannotOpen."""
        opened = unseal(self, "pair")
        return KeyPair(opened["id"], opened["secret"])
