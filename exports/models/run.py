from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.urls import reverse
from django.utils import timezone

from accounts import clock
from accounts.models import Credential, Membership, Rotation, Team, TeamManager, TeamOwned
from accounts.permissions import Permission
from expensify.budget.budget import QueuePosition
from exports.models.employee_update import EmployeeUpdate
from exports.models.run_kind import MARKING_LAST, MAY_MARK, OF_EXPORTS, OF_UPDATES, Kind, RunKind, traits_of
from exports.models.saved_export import SavedExport


class Status(models.TextChoices):
    QUEUED = "queued", "Queued"
    SELECTING = "selecting", "Asking for the reports"
    SELECTED = "selected", "List is made"
    LISTING = "listing", "Fetching the list"
    LISTED = "listed", "Reports known"
    GENERATING = "generating", "Generating"
    GENERATED = "generated", "File name received"
    DOWNLOADING = "downloading", "Downloading"
    STORED = "stored", "Stored, not marked yet"
    MARKING = "marking", "Marking the reports"
    READING = "reading", "Reading the members"
    UPDATING = "updating", "Sending the update"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    UNCONFIRMED = "unconfirmed", "Unconfirmed"
    CANCELLED = "cancelled", "Cancelled"


RESTING = frozenset({Status.QUEUED, Status.SELECTED, Status.LISTED, Status.GENERATED, Status.STORED})
FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.UNCONFIRMED, Status.CANCELLED})
IN_FLIGHT = frozenset(Status) - RESTING - FINAL
# `Run.budget_key`, for queries.
BUDGET_KEY = Case(
    When(trial_of__isnull=False, then=F("trial_of__fingerprint")),
    When(by_previous=True, then=F("credential__previous_fingerprint")),
    default=F("credential__fingerprint"),
)


class RunQuerySet(models.QuerySet["Run"]):
    def seen_by(self, membership: Membership) -> "RunQuerySet":
        """Without the runs of employee updates, unless the member may see those."""
        return self if membership.may(Permission.VIEW_UPDATES) else self.filter(kind__in=OF_EXPORTS)

    def resting(self) -> "RunQuerySet":
        return self.unfinished().filter(status__in=RESTING)

    def in_flight(self) -> "RunQuerySet":
        return self.unfinished().filter(status__in=IN_FLIGHT)

    def unfinished(self) -> "RunQuerySet":
        """Unfinished runs. Combined with a status, it lets the database use the partial index."""
        return self.filter(finished_at=None)

    def due(self, at: datetime) -> "RunQuerySet":
        """Resting runs whose next call may be made at this time."""
        return self.resting().filter(Q(retry_at=None) | Q(retry_at__lte=at))

    def stuck(self, since: datetime) -> "RunQuerySet":
        """In flight since before `since`: the worker died."""
        return self.in_flight().filter(moved_at__lt=since)

    def brief(self) -> "RunQuerySet":
        """For lists: without the long fields, which only the run's page and its calls read."""
        return self.defer("job", "template", "selection")

    def needing_attention(self) -> "RunQuerySet":
        return self.filter(status__in=[Status.FAILED, Status.UNCONFIRMED], looked_after_at=None)


RunManager = TeamManager.from_queryset(RunQuerySet)


class Run(TeamOwned):
    """One attempt to read something from the Integration Server, or to change something there.

    QUEUED -> GENERATING -> GENERATED -> DOWNLOADING -> SUCCEEDED
    A kind that `selects` lists the reports first: QUEUED -> SELECTING -> SELECTED -> LISTING -> LISTED ->
    GENERATING ..., or -> SUCCEEDED when there are none.
    A kind that `marks_last` marks them when the file is stored: ... DOWNLOADING -> STORED -> MARKING -> SUCCEEDED.
    An employee update makes one call: QUEUED -> READING or UPDATING -> SUCCEEDED.
    IN_FLIGHT -> the resting state before, to retry; -> FAILED when the API rejected the call.
    GENERATING, MARKING, UPDATING -> UNCONFIRMED when a call that must not be repeated got no answer: a person decides.
    RESTING -> CANCELLED. "Run again" creates a new run; a FINAL run never moves, with one exception:
    FAILED, CANCELLED -> GENERATED when a person has the named file downloaded again.
    """

    Status = Status

    class Source(models.TextChoices):
        PAGE = "page", "A person, in the portal"
        COMMAND = "command", "A command"
        API = "api", "A script, by the API"
        SCHEDULE = "schedule", "A schedule"

    Kind = Kind

    # Old processes insert rows too while a new version is rolled out, hence the defaults in the database.
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.EXPORT, db_default=Kind.EXPORT.value)
    export = models.ForeignKey(SavedExport, on_delete=models.PROTECT, null=True, blank=True, related_name="runs")
    version = models.ForeignKey(
        "exports.ExportVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="runs"
    )
    update = models.ForeignKey(
        "exports.EmployeeUpdate", on_delete=models.PROTECT, null=True, blank=True, related_name="runs"
    )
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="runs")
    made_with = models.PositiveIntegerField(
        null=True, blank=True, help_text="The number of the credential's pair that generated its file."
    )
    by_previous = models.BooleanField(
        default=False, db_default=False, help_text="Its file is downloaded with the credential's previous pair."
    )
    trial_of = models.ForeignKey(
        Rotation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="trials",
        help_text="The rotation whose new pair it tests; such a run changes nothing.",
    )
    job = models.JSONField(help_text="The job as sent, without secrets; later changes of the export do not change it.")
    template = models.TextField()
    marks = models.BooleanField(help_text="Generating marks reports or uploads the file, so it must not be repeated.")
    mark_label = models.CharField(
        max_length=255, blank=True, db_default="", default="", help_text="The label its reports get."
    )
    late_before = models.DateField(
        null=True, blank=True, help_text="Reports from before this day belong to an earlier period."
    )
    selection_file = models.CharField(max_length=255, blank=True, db_default="", default="")
    selection = models.JSONField(null=True, blank=True, help_text="The listed reports, see `exports.runs.report_list`.")
    report_count = models.PositiveIntegerField(null=True, blank=True)
    checked = models.CharField(
        max_length=500, blank=True, db_default="", default="", help_text="Result of comparing the file with the list."
    )
    source = models.CharField(max_length=20, choices=Source)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="runs"
    )
    requested_by_name = models.CharField(max_length=255)
    again_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="again")

    status = models.CharField(max_length=20, choices=Status, default=Status.QUEUED)
    moves = models.PositiveIntegerField(
        default=0, help_text="Counts the changes of status; a worker with an old count may not change the run."
    )
    moved_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0, help_text="Failed attempts at the current step.")
    queue_order = models.FloatField(
        null=True, blank=True, help_text="Its order in the queue of calls, kept for its later calls."
    )
    remote_file = models.TextField(
        blank=True, help_text="The file name that Expensify returned, or several, separated by commas."
    )
    generated_at = models.DateTimeField(null=True, blank=True)
    ready_after = models.FloatField(
        null=True,
        blank=True,
        help_text="Seconds from the file's name to its download. Null after a download that came too early.",
    )
    fetched = models.PositiveIntegerField(default=0, help_text="How many of these files are downloaded.")
    bytes_received = models.PositiveBigIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    tidied_at = models.DateTimeField(null=True, blank=True, help_text="When its storage was cleaned up after its end.")
    looked_after_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[RunManager[Self]] = RunManager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="run_status_known"),
            models.CheckConstraint(
                condition=Q(kind__in=OF_EXPORTS, export__isnull=False, version__isnull=False, update__isnull=True)
                | Q(kind__in=OF_UPDATES, export__isnull=True, version__isnull=True, update__isnull=False),
                name="run_of_export_or_update",
            ),
            models.CheckConstraint(
                condition=Q(kind="trial", trial_of__isnull=False) | (~Q(kind="trial") & Q(trial_of__isnull=True)),
                name="run_trial_has_rotation",
            ),
            models.CheckConstraint(condition=Q(marks=False) | Q(kind__in=MAY_MARK), name="run_marks_if_its_kind_may"),
            models.UniqueConstraint(
                fields=["update"],
                condition=Q(kind="apply", status__in=["queued", "updating", "succeeded", "unconfirmed"]),
                name="update_applied_once",
            ),
            models.UniqueConstraint(
                fields=["update", "kind"],
                condition=Q(finished_at__isnull=True, kind__in=["members", "dry_run"]),
                name="update_asked_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(remote_file__gt="")
                | Q(kind__in=OF_UPDATES)
                | Q(status="succeeded", report_count=0)
                | ~Q(status__in=["generated", "downloading", "stored", "marking", "succeeded"]),
                name="run_generated_has_file",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=MARKING_LAST, mark_label__gt="", report_count__gt=0)
                | ~Q(status__in=["stored", "marking"]),
                name="run_marks_what_it_listed",
            ),
            models.CheckConstraint(
                condition=Q(status__in=sorted(FINAL), finished_at__isnull=False)
                | (~Q(status__in=sorted(FINAL)) & Q(finished_at__isnull=True)),
                name="run_final_is_finished",
            ),
        ]
        indexes = [
            models.Index(fields=["team", "-id"], name="run_newest"),
            models.Index(fields=["team", "status", "-id"], name="run_by_status"),
            models.Index(fields=["team", "export", "-id"], name="run_by_export"),
            models.Index(fields=["team", "requested_by", "-id"], name="run_by_person"),
            models.Index(fields=["team", "source", "-id"], name="run_by_source"),
            models.Index(fields=["team", "created_at"], name="run_by_time"),
            models.Index(fields=["status", "moved_at"], condition=Q(finished_at__isnull=True), name="run_unfinished"),
            models.Index(
                fields=["finished_at"],
                condition=Q(finished_at__isnull=False, tidied_at__isnull=True),
                name="run_to_tidy",
            ),
            models.Index(
                fields=["mark_label"],
                condition=Q(finished_at__isnull=True, mark_label__gt=""),
                name="run_under_way_by_label",
            ),
            models.Index(
                fields=["team", "-id"],
                condition=Q(status__in=["failed", "unconfirmed"], looked_after_at__isnull=True),
                name="run_needs_attention",
            ),
        ]

    def __str__(self) -> str:
        return f"Run {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("exports:run", args=[self.team.slug, self.pk])

    # Set by `exports.views.runs.queue.add_positions`.
    queue_position: QueuePosition | None = None

    @property
    def traits(self) -> RunKind:
        return traits_of(self.kind)

    @property
    def marks_last(self) -> bool:
        return self.traits.marks_last

    @property
    def subject(self) -> SavedExport | EmployeeUpdate:
        """The saved export or employee update of the run."""
        subject = self.export or self.update
        assert subject is not None
        return subject

    @property
    def budget_key(self) -> str:
        """The call budget of the next call: the fingerprint of the key pair that will make it."""
        if self.trial_of is not None:
            return self.trial_of.fingerprint
        return self.credential.previous_fingerprint if self.by_previous else self.credential.fingerprint

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def is_resting(self) -> bool:
        return self.status in RESTING

    @property
    def waits_for_file(self) -> bool:
        """Whether it waits because Expensify usually still generates its file."""
        return self.status == Status.GENERATED and self.retry_at is not None and not self.attempts

    @property
    def remote_files(self) -> list[str]:
        return [name for name in self.remote_file.split(",") if name]

    def move(self, source: str, target: str, **fields: Any) -> bool:
        """Move from `source` to `target`; False when somebody else moved the run since this object was read.

        The only place that changes a run's status: one conditional UPDATE, so one of all racing workers wins.
        """
        now = clock.now()
        fields |= {"status": target, "moved_at": now}
        if target in FINAL:
            fields["finished_at"] = now
        elif source in FINAL:
            fields["finished_at"] = None
        won = Run.objects.filter(pk=self.pk, status=source, moves=self.moves).update(moves=F("moves") + 1, **fields)
        if won:
            self.moves += 1
            for name, value in fields.items():
                setattr(self, name, value)
        return bool(won)


class ApiCall(models.Model):
    """One request to the Integration Server. Inserted before it is sent, so that a call of a dead worker shows too."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, null=True, related_name="calls")
    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="calls")
    kind = models.CharField(max_length=40)
    sent_at = models.DateTimeField()
    seconds = models.FloatField(null=True, help_text="Null until the answer is read.")
    http_status = models.IntegerField(null=True)
    response_code = models.IntegerField(null=True)
    message = models.CharField(max_length=500, blank=True)

    objects = TeamManager()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["credential", "-id"], name="call_newest"),
            models.Index(fields=["credential", "sent_at"], name="call_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.sent_at:%Y-%m-%d %H:%M:%S}"
