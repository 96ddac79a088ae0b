"""Saved exports and their versions."""

from typing import ClassVar, Self

from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django_scopes import ScopedManager

from accounts.credentials.keyring import SealedField
from accounts.models import Credential, SealedRow, Team, TeamManager

NAME_TAKEN = "The team has a saved export of this name already. Choose another name."


class SavedExportQuerySet(models.QuerySet["SavedExport"]):
    def live(self) -> "SavedExportQuerySet":
        return self.filter(archived_at=None)


SavedExportManager = TeamManager.from_queryset(SavedExportQuerySet)


class SavedExport(SealedRow):
    """A report export to run again and again: a credential, filters and a template.

    Versions hold its content: each changing save makes one, and a run keeps the version that it started with.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="exports")
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="exports")
    name = models.CharField(max_length=100)
    version = models.ForeignKey(
        "exports.ExportVersion", on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    archived_at = models.DateTimeField(null=True, blank=True)
    sftp_password = SealedField(null=True, editable=False)

    objects: ClassVar[SavedExportManager[Self]] = SavedExportManager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                "team",
                Lower("name"),
                condition=models.Q(archived_at=None),
                name="one_live_export_per_name",
                violation_error_message=NAME_TAKEN,
            ),
            models.UniqueConstraint(fields=["id", "team"], name="export_of_team"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("exports:export", args=[self.team.slug, self.pk])

    @property
    def present(self) -> "ExportVersion":
        """The version in use. Every export has one from its first save on."""
        assert self.version is not None
        return self.version

    @property
    def is_archived(self) -> bool:
        return self.archived_at is not None


class ExportVersion(models.Model):
    """Content of a saved export between two saves. Immutable: a trigger rejects changes.

    `columns` is the layout that wrote the template, or null when a person wrote it. A template that cannot be read
    makes the version a draft: `draft_because` is the sentence that says why it cannot run.
    """

    export = models.ForeignKey(SavedExport, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    settings = models.JSONField()
    template = models.TextField()
    columns = models.JSONField(null=True)
    # Null, not "": only a nullable column can be added to SQLite's table without losing its trigger.
    draft_because = models.TextField(null=True)  # noqa: DJ001
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=255)
    at = models.DateTimeField()

    objects: ClassVar[models.Manager["ExportVersion"]] = ScopedManager(team="export__team")
    _default_manager: ClassVar[models.Manager["ExportVersion"]]

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="export_versions_numbered")]

    def __str__(self) -> str:
        return f"{self.export}, version {self.number}"

    @property
    def is_draft(self) -> bool:
        return self.draft_because is not None
