"""What people do to saved exports: save (each save is a version), restore a version, clone, archive."""

from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.models import Credential, Team, User
from expensify.freemarker.errors import TemplateError
from expensify.freemarker.template import parse
from exports.models import ExportVersion, SavedExport
from exports.saved_exports.job import ExportSettings


@transaction.atomic
def save(
    export: SavedExport,
    *,
    settings: ExportSettings,
    template: str,
    columns: dict[str, Any] | None = None,
    sftp_password: str | None,
    by: User,
    restored: int | None = None,
) -> SavedExport:
    """Save a new or changed export. What it asks for becomes a version, when it differs from the present one.

    `columns` is the layout that wrote the template, as JSON. `sftp_password` None keeps the stored one. `restored`
    is the number of the version that is put back, for the audit log. A template that cannot be read makes a draft.
    """
    is_new = export.pk is None
    before = (
        _said(SavedExport.objects.select_related("credential", "version").get(pk=export.pk))
        if not is_new
        else {}
    )
    if sftp_password is not None:
        export.sftp_password = sftp_password or None
    if is_new:
        export.save()
    else:
        # Whoever saves second waits here, and numbers their version after the first.
        SavedExport.objects.select_for_update().get(pk=export.pk)
        export.save(update_fields=["name", "credential", "sftp_password"])
    asked = {
        "settings": settings.as_json(),
        "template": template,
        "columns": columns,
        "draft_because": unreadable(template),
    }
    if export.version is None or _asked_by(export.version) != asked:
        last = export.versions.aggregate(last=Max("number"))["last"] or 0
        export.version = ExportVersion.objects.create(
            export=export,
            number=last + 1,
            **asked,
            by=by,
            by_name=str(by),
            at=timezone.now(),
        )
        export.save(update_fields=["version"])
    said = audit.changes(before, _said(export))
    if sftp_password:
        said["sftp_password"] = "set"
    if said and restored is not None:
        said["restored"] = restored
    if is_new:
        audit.record(Action.EXPORT_CREATED, export, by=by, **said)
    elif said:
        audit.record(Action.EXPORT_CHANGED, export, by=by, **said)
    return export


@transaction.atomic
def clone(export: SavedExport, *, by: User) -> SavedExport:
    """The same export under a free name. The SFTP password is not copied: it is entered again."""
    copy = SavedExport(
        team=export.team, credential=export.credential, name=free_name(export.team, export.name)
    )
    return save(
        copy,
        settings=ExportSettings.from_json(export.version.settings),
        template=export.version.template,
        columns=export.version.columns,
        sftp_password=None,
        by=by,
    )


def restore(export: SavedExport, version: ExportVersion, *, by: User) -> bool:
    """Make a new version that asks for what an old one did. False when the present one does so already."""
    before = export.present
    save(
        export,
        settings=ExportSettings.from_json(version.settings),
        template=version.template,
        columns=version.columns,
        sftp_password=None,
        by=by,
        restored=version.number,
    )
    return export.present != before


class CannotArchive(Exception):
    """Something in use depends on the export; the text says what, and what to do."""


@transaction.atomic
def archive(export: SavedExport, *, by: User) -> bool:
    """Take the export out of use; its runs and results stay. False when it was archived already.

    Raises CannotArchive while a schedule depends on it.
    """
    dependent = list(export.schedules.live().values_list("name", flat=True)[:4])
    if dependent:
        names = ", ".join(f"“{name}”" for name in dependent[:3]) + (
            " and others" if len(dependent) > 3 else ""
        )
        raise CannotArchive(
            f"“{export}” is not archived: it is run by {names}. "
            f"Archive {'that schedule' if len(dependent) == 1 else 'those schedules'} first."
        )
    archived = SavedExport.objects.live().filter(pk=export.pk).update(archived_at=timezone.now())
    if archived:
        audit.record(Action.EXPORT_ARCHIVED, export, by=by)
    return bool(archived)


def unused_name(team: Team, name: str) -> str:
    """The name itself while it is free in the team, else a copy's."""
    return name if not team.exports.live().filter(name__iexact=name).exists() else free_name(team, name)


def unreadable(template: str) -> str | None:
    """The sentence that says why a template cannot be read, with line and column; None when it can."""
    try:
        parse(template)
    except TemplateError as error:
        return f"Line {error.line}, column {error.column}: {error.message}."
    return None


def free_name(team: Team, name: str) -> str:
    taken = {taken.lower() for taken in team.exports.live().values_list("name", flat=True)}
    number = 1
    copy = f"{name[:80]} (copy)"
    while copy.lower() in taken:
        number += 1
        copy = f"{name[:80]} (copy {number})"
    return copy


def _asked_by(version: ExportVersion) -> dict[str, Any]:
    """What a version asks for; a setting that came after it was saved has its default."""
    return {
        "settings": ExportSettings.from_json(version.settings).as_json(),
        "template": version.template,
        "columns": version.columns,
        "draft_because": version.draft_because,
    }


def _said(export: SavedExport) -> dict[str, Any]:
    credential: Credential = export.credential
    version = export.version
    return {
        "name": export.name,
        "credential": credential.name,
        "version": version.number if version else None,
        **(version.settings if version else {}),
    }
