"""Versions of a saved export: compare, restore, share as a file, import from a file."""

import json

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.views.decorators.http import require_POST, require_safe

from accounts.door import TeamRequest, team_view
from accounts.numbers import whole_number
from accounts.permissions import Permission
from exports.forms.saved_exports.content import Contents
from exports.forms.saved_exports.settings import ExportForm
from exports.models import ExportVersion, SavedExport
from exports.saved_exports import actions as saved_exports
from exports.saved_exports import compare as compare_versions
from exports.saved_exports import share, wording
from exports.views.saved_exports.pages import form_page


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def export_compare(request: TeamRequest, export_id: int) -> HttpResponse:
    """Compare versions `?from=<number>&to=<number>`, by default the present one with the one before it."""
    export = get_object_or_404(request.team.exports.select_related("version"), pk=export_id)
    last = export.present.number
    after = _version(export, request.GET.get("to") or str(last))
    before = _version(export, request.GET.get("from") or str(max(after.number - 1, 1)))
    now = timezone.now()
    old, new = (wording.lines_of_version(version, request.team, now) for version in (before, after))
    return render(
        request,
        "exports/export_compare.html",
        {
            "export": export,
            "before": before,
            "after": after,
            "numbers": export.versions.values_list("number", flat=True)[:200],
            "settings": compare_versions.settings(old, new),
            "rows": compare_versions.templates(before.template, after.template),
        },
    )


@require_POST
@team_view(Permission.EDIT_EXPORTS)
def export_restore(request: TeamRequest, export_id: int) -> HttpResponse:
    """Restore the posted `version` (a number) as a new version."""
    export = get_object_or_404(
        request.team.exports.live().select_related("credential", "version", "team"), pk=export_id
    )
    if not request.POST.get("version"):
        messages.info(request, "Choose the version to restore.")
        return redirect(export)
    version = _version(export, request.POST["version"])
    if saved_exports.restore(export, version, by=request.user):
        messages.success(request, f"Version {version.number} is restored, as version {export.present.number}.")
    else:
        messages.info(request, f"The present version is the same as version {version.number} already.")
    return redirect(export)


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def export_share(request: TeamRequest, export_id: int) -> HttpResponse:
    """Download the present version as a JSON file, without the team's own data."""
    export = get_object_or_404(request.team.exports.select_related("version"), pk=export_id)
    content = json.dumps(share.export_file(export.name, export.present), ensure_ascii=False, indent=2)
    name = f"{slugify(export.name) or 'export'}.json"
    return HttpResponse(
        content,
        content_type="application/json",
        headers={"Content-Disposition": content_disposition_header(True, name)},
    )


@require_POST
@team_view(Permission.EDIT_EXPORTS)
def export_import(request: TeamRequest) -> HttpResponse:
    """Open a shared file in the form of a new export. Nothing is saved; the person still chooses a credential."""
    upload = request.FILES.get("file")
    try:
        if upload is None:
            raise share.CannotImport("Choose the file of a shared export.")
        if upload.size is None or upload.size > share.LARGEST:
            raise share.CannotImport("This file is too large for a shared export.")
        shared = share.read(upload.read())
    except share.CannotImport as problem:
        messages.error(request, str(problem))
        return redirect("exports:export-list", request.team.slug)
    form = ExportForm(
        team=request.team,
        now=timezone.now(),
        instance=SavedExport(team=request.team),
        initial=shared["settings"] | {"name": saved_exports.unused_name(request.team, shared["name"])},
        contents=Contents.from_stored(
            shared["template"], shared["columns"], extension=shared["settings"]["file_extension"]
        ),
    )
    return form_page(request, form, saved_name="", was_imported=True)


def _version(export: SavedExport, number: str) -> ExportVersion:
    return get_object_or_404(export.versions, number=whole_number(number, 8))
