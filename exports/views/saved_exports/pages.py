"""Pages of saved exports: list, one export, the form, clone and archive."""

from dataclasses import replace
from functools import partial
from typing import Any

from django.contrib import messages
from django.db import IntegrityError
from django.db.models import OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.door import TeamRequest, team_view
from accounts.numbers import whole_number
from accounts.permissions import Permission
from exports.forms.saved_exports.content import Contents
from exports.forms.saved_exports.paste import CannotReadJob, read
from exports.forms.saved_exports.settings import ExportForm
from exports.models import ExportVersion, SavedExport
from exports.models.saved_export import NAME_TAKEN
from exports.saved_exports import actions as saved_exports
from exports.saved_exports import wording
from exports.views.saved_exports.content_editor import editor_context

LAST_RUNS = 10
LAST_VERSIONS = 20
SHOWN_SCHEDULES = 20


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def export_list(request: TeamRequest) -> HttpResponse:
    archived = request.GET.get("archived") == "1"
    last_run = request.team.runs.filter(export=OuterRef("pk")).order_by("-id")
    exports: list[Any] = list(
        request.team.exports.filter(archived_at__isnull=not archived)
        .select_related("credential", "version")
        .annotate(last_run_id=Subquery(last_run.values("pk")[:1]))
    )
    last_runs = request.team.runs.brief().in_bulk([export.last_run_id for export in exports if export.last_run_id])
    for export in exports:
        export.last_run = last_runs.get(export.last_run_id)
    return render(request, "exports/export_list.html", {"exports": exports, "archived": archived})


@require_safe
@team_view(Permission.VIEW_EXPORTS)
def export(request: TeamRequest, export_id: int) -> HttpResponse:
    """Settings of the present version, or of `?version=<number>`, with schedules, versions and runs."""
    export = get_object_or_404(request.team.exports.select_related("credential", "version"), pk=export_id)
    versions = list(export.versions.all()[: LAST_VERSIONS + 1])
    shown = export.present
    if number := request.GET.get("version", ""):
        shown = get_object_or_404(export.versions, number=whole_number(number, 8))
    return render(
        request,
        "exports/export.html",
        {
            "export": export,
            "shown": shown,
            "lines": wording.lines_of_version(shown, request.team, timezone.now()),
            "schedules": list(export.schedules.live()[: SHOWN_SCHEDULES + 1]),
            "shown_schedules": SHOWN_SCHEDULES,
            "versions": _with_changes(versions)[:LAST_VERSIONS],
            "runs": export.runs.brief().select_related("version")[:LAST_RUNS],
        },
    )


@sensitive_post_parameters("pasted_job", "sftp_password")
@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.EDIT_EXPORTS)
def export_new(request: TeamRequest) -> HttpResponse:
    return _edit(request, SavedExport(team=request.team))


@sensitive_post_parameters("pasted_job", "sftp_password")
@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.EDIT_EXPORTS)
def export_edit(request: TeamRequest, export_id: int) -> HttpResponse:
    return _edit(request, get_object_or_404(request.team.exports.live().select_related("version"), pk=export_id))


@require_POST
@team_view(Permission.EDIT_EXPORTS)
def export_clone(request: TeamRequest, export_id: int) -> HttpResponse:
    export = get_object_or_404(request.team.exports.select_related("credential", "version"), pk=export_id)
    copy = saved_exports.clone(export, by=request.user)
    messages.success(request, f"This is a copy of “{export}”. Change what you need and save it.")
    return redirect("exports:export-edit", request.team.slug, copy.pk)


@require_POST
@team_view(Permission.EDIT_EXPORTS)
def export_archive(request: TeamRequest, export_id: int) -> HttpResponse:
    export = get_object_or_404(request.team.exports, pk=export_id)
    try:
        is_new = saved_exports.archive(export, by=request.user)
    except saved_exports.CannotArchive as reason:
        messages.error(request, str(reason))
        return redirect(export)
    if is_new:
        messages.success(request, f"“{export}” is archived. Its runs and results stay; clone it to use it again.")
    return redirect("exports:export-list", request.team.slug)


def _edit(request: TeamRequest, export: SavedExport) -> HttpResponse:
    """The form. Its other buttons read a pasted job, change the columns or show a preview, and save nothing."""
    form_with = partial(ExportForm, team=request.team, now=timezone.now(), instance=export)
    page = partial(form_page, request, saved_name=export.name)
    if request.method != "POST":
        contents = Contents.from_export(export).act(f"starter:{request.GET.get('starter', '')}", request.GET)
        return page(form_with(initial={}, contents=contents))
    sent = Contents.from_post(request.POST)
    form = form_with(request.POST, initial={}, contents=sent)
    if pasted := request.POST.get("pasted_job", "").strip():
        try:
            values, notes = read(pasted)
        except CannotReadJob as problem:
            return page(form_with(initial=form.entered(), contents=sent), job_problem=str(problem))
        extension = values["file_extension"]
        form = form_with(initial=form.entered() | values, contents=replace(sent, extension=extension))
        return page(form, job_was_read=True, job_notes=notes)
    if do := request.POST.get("do", ""):
        contents = sent.act(do, request.POST)
        states = {"states": list(contents.states)} if contents.states else {}
        return page(form_with(initial=form.entered() | states, contents=contents))
    if not form.is_valid():
        return page(form)
    try:
        # The database checks the name: two people may save the same one at once.
        saved_exports.save(
            form.instance,
            settings=form.settings,
            template=form.template_text,
            columns=form.columns,
            sftp_password=form.new_sftp_password,
            by=request.user,
        )
    except IntegrityError:
        form.add_error("name", NAME_TAKEN)
        return page(form)
    _announce_saved(request, form.instance)
    return redirect(form.instance)


def form_page(request: TeamRequest, form: ExportForm, **context: Any) -> HttpResponse:
    export = form.instance
    contents = editor_context(form.contents, request.team, request.POST)
    return render(request, "exports/export_form.html", {"form": form, "export": export, **contents, **context})


def _announce_saved(request: TeamRequest, export: SavedExport) -> None:
    version = export.present
    if version.is_draft:
        messages.warning(
            request,
            f"“{export}” is saved as version {version.number}, as a draft: its template cannot be read, "
            f"so it cannot run yet. {version.draft_because}",
        )
    else:
        messages.success(request, f"“{export}” is saved as version {version.number}.")


def _with_changes(versions: list[ExportVersion]) -> list[ExportVersion]:
    """Set on each version the names of what it `changed`, where the version before it is in the list."""
    for version, before in zip(versions, [*versions[1:], None], strict=True):
        # Only the template reads it.
        version.changed = wording.changed(version, before) if before else []  # type: ignore[attr-defined]
    return versions
