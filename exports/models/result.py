from django.db import models
from django.urls import reverse

from accounts.models import TeamOwned
from exports.models.run import Run


class Result(TeamOwned):
    """A file in private storage, and what it was when it came: its size, rows and SHA-256."""

    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="result")
    file = models.FileField(max_length=500)
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    rows = models.PositiveBigIntegerField(
        null=True, help_text="Rows of a table, headings included; null for other files."
    )
    sha256 = models.CharField(max_length=64)
    purged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["team", "-id"], name="result_newest"),
            models.Index(fields=["sha256"], name="result_by_hash"),
            # Looked for while somebody edits an export: most teams have none.
            models.Index(
                fields=["team", "-id"], condition=models.Q(media_type="application/json"), name="result_json"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("exports:result", args=[self.team.slug, self.pk])
