from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.door import team_view
from accounts.paging import page_of
from accounts.permissions import Permission
from exports.employee_updates import actions as employee_updates
from exports.employee_updates import intake
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.actions import Cannot
from exports.employee_updates.feed import mapping
from exports.forms.employee_updates.columns import ColumnsForm
from exports.forms.employee_updates.settings import MEMBERS, NewUpdateForm, UpdateFilter, UpdateSettingsForm
from exports.models import EmployeeUpdate


@require_safe
@team_view(Permission.VIEW_UPDATES)
def update_list(request: HttpRequest) -> HttpResponse:
    form = UpdateFilter(request.GET)
    found = form.of(request.team.employee_updates.without_people().select_related("applied_by_run"))
    page = page_of(found, request.GET)
    for update in page.rows:
        update.team = request.team  # whose rules say how long a dry run stands
    return render(request, "exports/updates/update_list.html", {"form": form, "page": page})


@sensitive_post_parameters("pasted", "feed_url", "feed_password", "sftp_password")
@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.PREPARE_UPDATES)
def update_new(request: HttpRequest) -> HttpResponse:
    form = NewUpdateForm(request.POST or None, request.FILES or None, team=request.team)
    if not form.is_valid():
        return render(request, "exports/updates/update_new.html", {"form": form})
    asked = form.cleaned_data
    update, sentences = intake.prepare(
        asked["credential"], asked["name"], form.content, by=request.user, profile=asked["profile"]
    )
    if asked["way"] == MEMBERS:
        try:
            employee_updates.read_members(update, by=request.user, policies=[asked["policy"]])
        except Cannot as reason:
            messages.error(request, str(reason))
    # What no longer fits is said on the page of the columns, beside them.
    if update.sheet is None:
        for sentence in sentences:
            messages.info(request, sentence)
    return redirect(_next(update), request.team.slug, update.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.PREPARE_UPDATES)
def update_columns(request: HttpRequest, update: int) -> HttpResponse:
    rows = request.team.employee_updates.select_related("team", "credential", "profile", "applied_by_run")
    update = get_object_or_404(rows, pk=update)
    sheet = stored_updates.sheet_of(update)
    if sheet is None or not update.is_open:
        return redirect(_next(update), request.team.slug, update.pk)
    remembered = mapping.mapping_from_json(update.profile.mapping) if update.profile else None
    placed = mapping.place(remembered, sheet) if remembered else None
    form = ColumnsForm(request.POST or None, sheet=sheet, update=update, placed=placed)
    if form.is_valid():
        name = form.cleaned_data["profile_name"]
        try:
            update = employee_updates.name_columns(update, form.mapping, by=request.user, profile_name=name)
        except Cannot as reason:
            messages.error(request, str(reason))
        else:
            kept = f" The columns are remembered as “{name}”." if name else ""
            messages.success(request, f"{update.row_count:,} rows are read and checked.{kept}")
        return redirect("exports:update-rows", request.team.slug, update.pk)
    return render(
        request,
        "exports/updates/update_columns.html",
        {"update": update, "sheet": sheet, "form": form, "placed": placed},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.PREPARE_UPDATES)
def update_settings(request: HttpRequest, update: int) -> HttpResponse:
    rows = request.team.employee_updates.select_related("team", "credential", "applied_by_run")
    update = get_object_or_404(rows, pk=update)
    form = UpdateSettingsForm(request.POST or None, update=update)
    if form.is_valid():
        try:
            employee_updates.change_settings(
                update, form.settings, by=request.user, name=form.cleaned_data["name"]
            )
        except Cannot as reason:
            messages.error(request, str(reason))
        else:
            messages.success(request, "The settings are saved.")
        return redirect(update)
    return render(
        request,
        "exports/updates/update_settings.html",
        {"update": update, "form": form, "feed": stored_updates.feed_of(update)},
    )


def _next(update: EmployeeUpdate) -> str:
    """The page on which an update is gone on with."""
    if update.sheet is not None and update.is_open:
        return "exports:update-columns"
    return "exports:update" if update.is_hosted else "exports:update-rows"
