from typing import Any, ClassVar, Self

from django.db import models
from django.urls import reverse

from accounts.models import TeamManager, TeamOwned
from exports.models.run import Run


class ResultQuerySet(models.QuerySet["Result"]):
    def whole(self) -> "ResultQuerySet":
        """The files of runs, without their parts."""
        return self.filter(part_of=None)

    def with_run(self) -> "ResultQuerySet":
        """With the rows that `of_run` reads."""
        return self.select_related("run__export", "part_of__run__export")


ResultManager = TeamManager.from_queryset(ResultQuerySet)


class Result(TeamOwned):
    """A file in private storage, with its size, rows and SHA-256.

    Either the file of a run, or a part of one: the rows with one value in the column that a schedule splits by.
    """

    run = models.OneToOneField(Run, on_delete=models.PROTECT, null=True, blank=True, related_name="result")
    part_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="parts")
    part_value = models.CharField(
        max_length=254, blank=True, default="", db_default="", help_text="What the column holds in its rows."
    )
    file = models.FileField(max_length=500)
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    rows = models.PositiveBigIntegerField(
        null=True, help_text="Rows of a table, without its headings; null for other files."
    )
    sha256 = models.CharField(max_length=64)
    purged_at = models.DateTimeField(null=True, blank=True)
    damaged_at = models.DateTimeField(
        null=True, blank=True, help_text="When the file in storage was first found to be another than its SHA-256 says."
    )

    objects: ClassVar[ResultManager[Self]] = ResultManager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(run__isnull=False, part_of__isnull=True)
                | models.Q(run__isnull=True, part_of__isnull=False),
                name="result_of_run_or_part",
            ),
            models.UniqueConstraint(fields=["part_of", "part_value"], name="one_part_per_value"),
            models.UniqueConstraint(fields=["id", "team"], name="result_of_team"),
        ]
        indexes = [
            models.Index(fields=["team", "-id"], condition=models.Q(part_of__isnull=True), name="result_newest_whole"),
            models.Index(
                fields=["team", "created_at"],
                condition=models.Q(part_of__isnull=True, purged_at__isnull=True),
                name="result_to_purge",
            ),
            models.Index(fields=["sha256"], name="result_by_hash"),
            # Queried while somebody edits an export; most teams have no JSON result.
            models.Index(fields=["team", "-id"], condition=models.Q(media_type="application/json"), name="result_json"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def of_run(self) -> Run:
        """The run that produced the file, or the whole of which it is a part."""
        run = self.part_of.run if self.part_of is not None else self.run
        assert run is not None
        return run

    @property
    def is_part(self) -> bool:
        return self.part_of_id is not None

    @property
    def for_audit(self) -> dict[str, Any]:
        """The file's data for audit entries."""
        part = {"part": self.part_value, "run": self.of_run.pk} if self.is_part else {}
        return {"size": self.size, "sha256": self.sha256} | part

    def get_absolute_url(self) -> str:
        return reverse("exports:result", args=[self.team.slug, self.pk])
