"""Save an export (each change is a version), restore a version, clone, archive."""

from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.models import Credential, Team, User
from expensify.freemarker.errors import TemplateError, Unsupported
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
    """Save a new or changed export, and a new version if its content differs from the present one.

    `columns` is the layout that wrote the template, as JSON. `sftp_password` None keeps the stored one. `restored`
    is the number of a restored version, for the audit log. A template that cannot be read makes a draft.
    """
    is_new = export.pk is None
    before = (
        {} if is_new else _audit_fields(SavedExport.objects.select_related("credential", "version").get(pk=export.pk))
    )
    if sftp_password is not None:
        export.sftp_password = sftp_password or None
    if is_new:
        export.save()
    else:
        # Lock the row: of two simultaneous saves the second gets the next version number.
        SavedExport.objects.select_for_update().get(pk=export.pk)
        export.save(update_fields=["name", "credential", "sftp_password"])
    content = {
        "settings": settings.as_json(),
        "template": template,
        "columns": columns,
        "draft_because": unreadable(template),
    }
    if export.version is None or _content(export.version) != content:
        last = export.versions.aggregate(last=Max("number"))["last"] or 0
        export.version = ExportVersion.objects.create(
            export=export, number=last + 1, **content, by=by, by_name=str(by), at=timezone.now()
        )
        export.save(update_fields=["version"])
    changes = audit.changes(before, _audit_fields(export))
    if sftp_password:
        changes["sftp_password"] = "set"
    if changes and restored is not None:
        changes["restored"] = restored
    if is_new:
        audit.record(Action.EXPORT_CREATED, export, by=by, **changes)
    elif changes:
        audit.record(Action.EXPORT_CHANGED, export, by=by, **changes)
    return export


@transaction.atomic
def clone(export: SavedExport, *, by: User) -> SavedExport:
    """Copy the export under a free name, without its SFTP password, which a person enters again."""
    copy = SavedExport(team=export.team, credential=export.credential, name=_copy_name(export.team, export.name))
    return save(
        copy,
        settings=ExportSettings.from_json(export.present.settings),
        template=export.present.template,
        columns=export.present.columns,
        sftp_password=None,
        by=by,
    )


def restore(export: SavedExport, version: ExportVersion, *, by: User) -> bool:
    """Save an old version's content as a new version. False when the present one has it already."""
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
    """A schedule still runs the export; the text names it and says what to do."""


@transaction.atomic
def archive(export: SavedExport, *, by: User) -> bool:
    """Archive the export; its runs and results stay. False when it was archived already.

    Raises CannotArchive while a schedule depends on it.
    """
    schedules = list(export.schedules.live().values_list("name", flat=True)[:4])
    if schedules:
        names = ", ".join(f"“{name}”" for name in schedules[:3])
        names += " and others" if len(schedules) > 3 else ""
        raise CannotArchive(
            f"“{export}” is not archived: it is run by {names}. "
            f"Archive {'that schedule' if len(schedules) == 1 else 'those schedules'} first."
        )
    archived = SavedExport.objects.live().filter(pk=export.pk).update(archived_at=timezone.now())
    if archived:
        audit.record(Action.EXPORT_ARCHIVED, export, by=by)
    return bool(archived)


def unused_name(team: Team, name: str) -> str:
    """The name itself if it is free in the team, else the name of a copy."""
    return name if not team.exports.live().filter(name__iexact=name).exists() else _copy_name(team, name)


def unreadable(template: str) -> str | None:
    """A sentence that says why FreeMarker refuses the template, with line and column; None when it does not.

    A template that only we cannot read is none of these: Expensify may run it.
    """
    try:
        parse(template)
    except Unsupported:
        return None
    except TemplateError as error:
        return f"Line {error.line}, column {error.column}: {error.message}."
    return None


def _copy_name(team: Team, name: str) -> str:
    taken = {used.lower() for used in team.exports.live().values_list("name", flat=True)}
    number = 1
    copy = f"{name[:80]} (copy)"
    while copy.lower() in taken:
        number += 1
        copy = f"{name[:80]} (copy {number})"
    return copy


def _content(version: ExportVersion) -> dict[str, Any]:
    """The version's content; settings added since it was saved have their defaults."""
    return {
        "settings": ExportSettings.from_json(version.settings).as_json(),
        "template": version.template,
        "columns": version.columns,
        "draft_because": version.draft_because,
    }


def _audit_fields(export: SavedExport) -> dict[str, Any]:
    credential: Credential = export.credential
    version = export.version
    return {
        "name": export.name,
        "credential": credential.name,
        "version": version.number if version else None,
        **(version.settings if version else {}),
    }
