from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from accounts.credentials.keyring import SealedField, sealed_fields
from accounts.models import Credential, SealedRow, Team, TeamManager, TeamOwned


class Stage(models.TextChoices):
    """The progress of an employee update; see `EmployeeUpdate.stage`."""

    MAPPING = "mapping", "Columns to be named"
    ERRORS = "errors", "Has errors"
    DRAFT = "draft", "Ready for a dry run"
    TRIED = "tried", "Dry run done"
    WAITING = "waiting", "Waits for approval"
    APPROVED = "approved", "Approved"
    APPLYING = "applying", "Being applied"
    APPLIED = "applied", "Applied"
    UNCONFIRMED = "unconfirmed", "Unconfirmed"
    DISCARDED = "discarded", "Discarded"


class FeedProfile(TeamOwned):
    """How a team's HR file is read and sent: its column mapping and settings, stored under a name."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="feed_profiles")
    name = models.CharField(max_length=100)
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="feed_profiles")
    mapping = models.JSONField(help_text="See `exports.employee_updates.feed.mapping.ColumnMapping`.")
    settings = models.JSONField(help_text="See `exports.employee_updates.feed.settings.UpdateSettings`.")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="one_feed_profile_per_name")]

    def __str__(self) -> str:
        return self.name


class EmployeeUpdateQuerySet(models.QuerySet["EmployeeUpdate"]):
    def live(self) -> "EmployeeUpdateQuerySet":
        return self.filter(discarded_at=None)

    def done_before(self, limit: datetime) -> "EmployeeUpdateQuerySet":
        """Updates with rows whose run finished before `limit`; without a run, that were created before it."""
        done = Coalesce("applied_by_run__finished_at", "created_at")
        return self.filter(wiped_at=None, created_at__lt=limit).alias(done=done).filter(done__lt=limit)

    def waiting(self) -> "EmployeeUpdateQuerySet":
        """Submitted, and neither approved nor withdrawn."""
        return self.live().filter(submitted_at__isnull=False, approved_at=None, applied_by_run=None, wiped_at=None)

    def at(self, stage: str) -> "EmployeeUpdateQuerySet":
        """The updates at a stage of the list's filter: a database query, coarser than `EmployeeUpdate.stage`."""
        before_sending = self.live().filter(applied_by_run=None)
        sent = self.live().filter(applied_by_run__isnull=False)
        return {
            "preparing": before_sending.filter(submitted_at=None),
            "waiting": self.waiting(),
            "approved": before_sending.filter(approved_at__isnull=False),
            "sent": sent.exclude(applied_by_run__status__in=["succeeded", "unconfirmed"]),
            "applied": sent.filter(applied_by_run__status="succeeded"),
            "unconfirmed": sent.filter(applied_by_run__status="unconfirmed"),
            "discarded": self.filter(discarded_at__isnull=False),
        }[stage]

    def without_people(self) -> "EmployeeUpdateQuerySet":
        """For lists: do not load the encrypted data about people."""
        return self.defer(*(field.name for field in sealed_fields(self.model) if field.name != "feed"))


EmployeeUpdateManager = TeamManager.from_queryset(EmployeeUpdateQuerySet)


class EmployeeUpdate(SealedRow):
    """Changes to a team's people at Expensify, from the first row to the receipt.

    `content_hash` identifies the rows and settings. A dry run and an approval are valid for one hash; every change
    removes both. Personal data is encrypted, and deleted at the end of its retention.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="employee_updates")
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="employee_updates")
    name = models.CharField(max_length=100)
    profile = models.ForeignKey(FeedProfile, on_delete=models.SET_NULL, null=True, blank=True, related_name="updates")
    reverse_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="reverses")
    author = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    author_name = models.CharField(max_length=255)
    source = models.CharField(max_length=255, help_text="Where the rows came from, as a phrase for people.")

    sheet = SealedField(null=True, editable=False)
    rows = SealedField(null=True, editable=False)
    found = SealedField(null=True, editable=False)
    feed = SealedField(null=True, editable=False)
    before = SealedField(null=True, editable=False)
    before_at = models.DateTimeField(null=True, blank=True)
    after = SealedField(null=True, editable=False)
    after_at = models.DateTimeField(null=True, blank=True)
    mapping = models.JSONField(null=True, blank=True)
    settings = models.JSONField()

    revision = models.PositiveIntegerField(default=0, help_text="Counts the changes of rows and settings.")
    content_hash = models.CharField(max_length=64, blank=True)
    row_count = models.PositiveIntegerField(default=0)
    error_count = models.PositiveIntegerField(default=0)
    warning_count = models.PositiveIntegerField(default=0)
    leaver_count = models.PositiveIntegerField(default=0)
    kinds = models.JSONField(default=dict, help_text="The number of rows for each kind of change.")

    accepted_hash = models.CharField(max_length=64, blank=True)
    accepted_by_name = models.CharField(max_length=255, blank=True)

    tried_hash = models.CharField(max_length=64, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    tried_answer = SealedField(null=True, editable=False)

    submits_itself = models.BooleanField(
        default=False, help_text="Whether it is submitted for approval when its dry run is done."
    )
    submitted_at = models.DateTimeField(null=True, blank=True)

    approved_hash = models.CharField(max_length=64, blank=True)
    approved_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    approved_by_name = models.CharField(max_length=255, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    typed_leavers = models.PositiveIntegerField(
        null=True, blank=True, help_text="The number of leavers as an Admin typed it."
    )

    applied_by_run = models.OneToOneField(
        "exports.Run", on_delete=models.PROTECT, null=True, blank=True, related_name="applies"
    )
    applied_at = models.DateTimeField(null=True, blank=True)
    applied_answer = SealedField(null=True, editable=False)
    summary = models.JSONField(default=dict, help_text="The number of people in the receipt for each outcome.")
    leavers_noted_at = models.DateTimeField(
        null=True, blank=True, help_text="When its leavers were removed from the recipients of schedules."
    )

    discarded_at = models.DateTimeField(null=True, blank=True)
    wiped_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[EmployeeUpdateManager[Self]] = EmployeeUpdateManager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["id", "team"], name="update_of_team"),
            models.CheckConstraint(
                condition=~Q(approved_by=F("author")) | Q(approved_by=None) | Q(author=None),
                name="update_approved_by_another",
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_hash="") | Q(approved_at__isnull=False, approved_hash__gt=""),
                name="update_approval_has_a_hash",
            ),
        ]
        indexes = [
            models.Index(fields=["team", "-id"], name="update_newest"),
            models.Index(
                fields=["applied_at"],
                condition=Q(applied_at__isnull=False, leavers_noted_at__isnull=True),
                name="update_leavers_to_note",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def seal_now(self) -> None:
        """Encrypt the assigned values, so that they can be read before the row is saved."""
        for field in sealed_fields(type(self)):
            field.pre_save(self, add=False)

    def get_absolute_url(self) -> str:
        return reverse("exports:update", args=[self.team.slug, self.pk])

    @property
    def is_hosted(self) -> bool:
        """Whether Expensify fetches the rows from a URL or SFTP server, so that the portal does not know them."""
        return self.feed is not None

    @property
    def is_open(self) -> bool:
        """Whether rows and settings may still change: not sent, discarded or deleted."""
        return self.discarded_at is None and self.wiped_at is None and self.applied_by_run_id is None

    def is_tried(self) -> bool:
        """Whether there is a recent dry run of exactly this content."""
        if not self.content_hash or self.tried_hash != self.content_hash or self.tried_at is None:
            return False
        return self.tried_at >= timezone.now() - timedelta(hours=self.team.dry_run_hours)

    @property
    def is_accepted(self) -> bool:
        """Whether a person has accepted all warnings of this content."""
        return not self.warning_count or (bool(self.accepted_hash) and self.accepted_hash == self.content_hash)

    @property
    def is_approved(self) -> bool:
        """Whether another person has approved exactly this content, and its dry run is still valid."""
        return bool(self.approved_hash) and self.approved_hash == self.content_hash and self.is_tried()

    @property
    def needs_approval(self) -> bool:
        """Whether the two-person rule holds for this update; of one that was sent, whether it did then."""
        if self.applied_by_run is not None:
            return bool(self.applied_by_run.job.get("two_people", True))
        if self.discarded_at or self.wiped_at:
            return self.approved_at is not None
        return self.team.two_people

    @property
    def stage(self) -> Stage:
        if self.discarded_at or (self.wiped_at and self.applied_by_run_id is None):
            return Stage.DISCARDED
        if self.applied_by_run is not None:
            status = self.applied_by_run.status
            if status == "succeeded":
                return Stage.APPLIED
            return Stage.UNCONFIRMED if status == "unconfirmed" else Stage.APPLYING
        # Rows have a hash once their columns are mapped, unless they have errors.
        if not self.content_hash and not self.error_count:
            return Stage.MAPPING
        if self.error_count or not (self.row_count or self.is_hosted):
            return Stage.ERRORS
        if not self.is_tried():
            return Stage.DRAFT
        if self.is_approved:
            return Stage.APPROVED
        return Stage.WAITING if self.submitted_at else Stage.TRIED
