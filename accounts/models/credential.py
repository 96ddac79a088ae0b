from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.credentials.keyring import SealedField, unseal
from accounts.models.team import SealedRow, Team, TeamOwned
from expensify.budget.budget import budget_key
from expensify.pair import KeyPair


class Credential(SealedRow):
    """A key pair of the Integration Server. It has the rights of the Expensify account that created it.

    The pair is write-only: only `partner_pair`, for the API client, decrypts it.
    """

    class Status(models.TextChoices):
        UNCHECKED = "unchecked", "Not tested yet"
        WORKING = "working", "Working"
        REFUSED = "refused", "Refused by Expensify"
        WIPED = "wiped", "Wiped"

    name = models.CharField(max_length=100)
    pair = SealedField(null=True, editable=False)
    fingerprint = models.CharField(max_length=20, editable=False)
    status = models.CharField(max_length=20, choices=Status, default=Status.UNCHECKED)
    message = models.CharField(max_length=500, blank=True)
    check_due_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When a test is due; during a test, when it is due again if the test gets lost.",
    )
    checked_at = models.DateTimeField(null=True, blank=True)
    paired_at = models.DateTimeField(help_text="When the current pair was entered; its age counts from then.")
    previous_pair = SealedField(null=True, editable=False)
    previous_pair_until = models.DateTimeField(null=True, blank=True)
    previous_fingerprint = models.CharField(max_length=20, editable=False, blank=True, default="", db_default="")
    pair_number = models.PositiveIntegerField(
        default=1,
        db_default=1,
        editable=False,
        help_text="The number of the current pair, from 1. `Run.made_with` refers to it.",
    )
    lost_policies = models.JSONField(
        null=True, blank=True, help_text="Policies that the last test no longer reached, until the Admins are notified."
    )

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                "team",
                Lower("name"),
                name="one_credential_per_name",
                violation_error_message="The team has a credential of this name already. Choose another name.",
            ),
            models.CheckConstraint(
                condition=models.Q(status="wiped", pair__isnull=True)
                | (~models.Q(status="wiped") & models.Q(pair__isnull=False)),
                name="credential_wiped_without_pair",
            ),
            # The target of Run's composite foreign key: a run cannot use another team's credential.
            models.UniqueConstraint(fields=["id", "team"], name="credential_of_team"),
        ]
        indexes = [
            models.Index(
                fields=["check_due_at"], condition=models.Q(check_due_at__isnull=False), name="credential_check_due"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("accounts:credential", args=[self.team.slug, self.pk])

    def take_pair(self, pair: KeyPair, at: datetime) -> None:
        """Set the key pair (unsaved): it is untested, and the call budget is that of its partnerUserID."""
        self.pair = {"id": pair.partner_user_id, "secret": pair.partner_user_secret}
        self.fingerprint = fingerprint(pair.partner_user_id)
        self.paired_at = at
        self.status = self.Status.UNCHECKED
        self.message = ""

    def partner_pair(self) -> KeyPair:
        """The decrypted key pair, for the API client. Raises CannotOpen."""
        opened = unseal(self, "pair")
        return KeyPair(opened["id"], opened["secret"])

    def previous_partner_pair(self) -> KeyPair | None:
        """The decrypted previous key pair while it is kept. Raises CannotOpen."""
        opened = unseal(self, "previous_pair")
        return KeyPair(opened["id"], opened["secret"]) if opened else None

    @property
    def is_being_checked(self) -> bool:
        return self.check_due_at is not None

    @property
    def rotation_due_at(self) -> datetime:
        return self.paired_at + timedelta(days=self.team.pair_days)

    @property
    def is_due(self) -> bool:
        """Whether the key pair is older than the team's rotation interval."""
        return self.status != self.Status.WIPED and self.rotation_due_at <= timezone.now()

    @property
    def status_in_words(self) -> str:
        """The status within a sentence, such as "refused by Expensify"."""
        label = self.get_status_display()
        return label[0].lower() + label[1:]

    @property
    def can_call(self) -> bool:
        return self.status in {self.Status.UNCHECKED, self.Status.WORKING}


def fingerprint(partner_user_id: str) -> str:
    """The key of the call budget of a partnerUserID; teams with the same pair share it."""
    pepper = salted_hmac("call budget", b"", settings.SECRET_KEY, algorithm="sha256").digest()
    return budget_key(pepper, partner_user_id)


class Policy(TeamOwned):
    """A policy (workspace) that a credential reached in its last test; forms offer these."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="policies")
    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="policies")
    policy_id = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    role = models.CharField(max_length=50, blank=True)
    type = models.CharField(max_length=50, blank=True)
    owner = models.CharField(max_length=255, blank=True)
    currency = models.CharField(max_length=10, blank=True)

    class Meta:
        ordering = ["name", "policy_id"]
        verbose_name_plural = "policies"
        constraints = [models.UniqueConstraint(fields=["credential", "policy_id"], name="one_policy_per_credential")]

    def __str__(self) -> str:
        return self.name
