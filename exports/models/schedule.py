from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower
from django.urls import reverse

from accounts.credentials.keyring import SealedField
from accounts.models import SealedRow, TeamManager, TeamOwned
from exports.models.run import Run
from exports.models.saved_export import SavedExport


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def live(self) -> "ScheduleQuerySet":
        return self.filter(archived_at=None)

    def due(self, at: datetime) -> "ScheduleQuerySet":
        """Schedules whose next occurrence has come. Paused and ended schedules have none."""
        return self.filter(next_at__lte=at)

    def to_start(self, at: datetime) -> "ScheduleQuerySet":
        """Due schedules whose last run has ended."""
        running = Occurrence.objects.to_settle().filter(schedule=OuterRef("pk"))
        return self.due(at).filter(~Exists(running)).order_by("next_at", "pk")

    def paused(self) -> "ScheduleQuerySet":
        return self.live().exclude(paused_at=None)

    def lock(self, pk: int) -> "Schedule":
        """One schedule, locked until the caller commits; rows that refer to it can still be inserted."""
        rows = self.select_for_update(of=("self",), no_key=True)
        return rows.select_related("team", "owner").get(pk=pk)


ScheduleManager = TeamManager.from_queryset(ScheduleQuerySet)


class Schedule(SealedRow):
    """When a saved export runs automatically, and who gets its file by mail. It belongs to the team."""

    class AfterOutage(models.TextChoices):
        RUN_LATE = "run_late", "Run once, late"
        SKIP = "skip", "Skip what was missed"

    export = models.ForeignKey(SavedExport, on_delete=models.PROTECT, related_name="schedules")
    name = models.CharField(max_length=100)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="schedules",
        help_text="Gets the notifications of failures; without an owner the Admins get them.",
    )
    owner_name = models.CharField(max_length=255)
    rule = models.JSONField(help_text="When it runs, see `exports.schedules.rules.rule.Rule`.")
    mail = models.JSONField(help_text="What its mails contain, see `exports.deliveries.settings.MailSettings`.")
    zip_password = SealedField(null=True, editable=False)
    after_outage = models.CharField(max_length=20, choices=AfterOutage, default=AfterOutage.RUN_LATE)
    next_at = models.DateTimeField(null=True, blank=True, help_text="The next occurrence, if there is one.")

    failures = models.PositiveIntegerField(default=0, help_text="Consecutive failures.")
    pause_after = models.PositiveSmallIntegerField(
        default=5, help_text="The number of consecutive failures that pauses it."
    )
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by_name = models.CharField(max_length=255, blank=True, default="")
    pause_reason = models.CharField(max_length=300, blank=True, default="")
    resume_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ScheduleManager[Self]] = ScheduleManager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                "team",
                Lower("name"),
                condition=Q(archived_at=None),
                name="one_live_schedule_per_name",
                violation_error_message="The team has a schedule of this name already. Choose another name.",
            ),
            models.UniqueConstraint(fields=["id", "team"], name="schedule_of_team"),
            models.CheckConstraint(
                condition=Q(next_at=None) | Q(paused_at=None, archived_at=None), name="schedule_at_rest_has_no_next"
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="schedule_due"),
            models.Index(fields=["resume_at"], condition=Q(resume_at__isnull=False), name="schedule_to_resume"),
            models.Index(fields=["team", "next_at"], name="schedule_next_of_team"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("exports:schedule", args=[self.team.slug, self.pk])

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None


class OccurrenceQuerySet(models.QuerySet["Occurrence"]):
    def to_settle(self) -> "OccurrenceQuerySet":
        """Occurrences whose run is not settled."""
        return self.filter(outcome="started", settled_at=None)


OccurrenceManager = TeamManager.from_queryset(OccurrenceQuerySet)


class Occurrence(TeamOwned):
    """One due time of a schedule, and its outcome. There is exactly one for each due time.

    STARTED has a run. When the run has ended, one transaction creates its mails and sets `settled_at`.
    """

    class Outcome(models.TextChoices):
        STARTED = "started", "Started"
        REFUSED = "refused", "Could not start"
        SKIPPED = "skipped", "Skipped"

    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="occurrences")
    due_at = models.DateTimeField(help_text="The time from which relative periods count.")
    outcome = models.CharField(max_length=20, choices=Outcome)
    sentence = models.CharField(
        max_length=1000, blank=True, default="", help_text="The reason for its outcome, for people."
    )
    run = models.OneToOneField(Run, on_delete=models.PROTECT, null=True, blank=True, related_name="occurrence")
    covers = models.PositiveIntegerField(
        default=1, help_text="The number of due times that it covers, several after an outage."
    )
    settling_since = models.DateTimeField(null=True, blank=True, help_text="When a worker began to finish it.")
    settled_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True, help_text="When it was counted as a failure.")
    rows = models.PositiveBigIntegerField(null=True, help_text="Rows of the file without its heading.")
    totals = models.JSONField(null=True, help_text='Amounts by currency, as text: {"EUR": "12.50"}.')
    held_because = models.CharField(max_length=500, blank=True, default="")
    released_at = models.DateTimeField(null=True, blank=True)
    released_by_name = models.CharField(max_length=255, blank=True, default="")

    objects: ClassVar[OccurrenceManager[Self]] = OccurrenceManager()

    class Meta:
        ordering = ["-due_at"]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "due_at"], name="one_occurrence_per_due_time"),
            models.UniqueConstraint(
                fields=["schedule"],
                condition=Q(outcome="started", settled_at__isnull=True),
                name="one_run_of_schedule_at_a_time",
            ),
            models.UniqueConstraint(fields=["id", "team"], name="occurrence_of_team"),
            models.CheckConstraint(
                condition=Q(outcome="started", run__isnull=False)
                | Q(outcome__in=["refused", "skipped"], run__isnull=True),
                name="occurrence_started_has_run",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(outcome="started", settled_at__isnull=True), name="occurrence_to_settle"
            )
        ]

    def __str__(self) -> str:
        return f"{self.schedule}, due at {self.due_at:%Y-%m-%d %H:%M}"


class Holiday(TeamOwned):
    """A day of the team's own calendar: an extra day off or, with `is_off` false, a holiday that is a working day."""

    on = models.DateField()
    name = models.CharField(max_length=100)
    is_off = models.BooleanField(default=True)

    class Meta:
        ordering = ["on"]
        constraints = [models.UniqueConstraint(fields=["team", "on"], name="one_holiday_per_day")]

    def __str__(self) -> str:
        return f"{self.name}, {self.on}"


class Freeze(TeamOwned):
    """A blackout period, both days included: no schedule of the team runs, for example at the year's close."""

    first = models.DateField()
    last = models.DateField()
    reason = models.CharField(max_length=200)

    class Meta:
        ordering = ["first", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(last__gte=models.F("first")), name="freeze_ends_after_it_begins")
        ]

    def __str__(self) -> str:
        return f"{self.first} to {self.last}: {self.reason}"
