from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.door import TeamRequest, team_view
from accounts.paging import page_of
from accounts.permissions import Permission
from exports.employee_updates import actions as employee_updates
from exports.employee_updates import intake
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.feed import mapping
from exports.employee_updates.rules import Cannot
from exports.forms.employee_updates.columns import ColumnsForm
from exports.forms.employee_updates.settings import MEMBERS, NewUpdateForm, UpdateFilter, UpdateSettingsForm
from exports.models import EmployeeUpdate
from exports.views.employee_updates.pages import find_update


@require_safe
@team_view(Permission.VIEW_UPDATES)
def update_list(request: TeamRequest) -> HttpResponse:
    form = UpdateFilter(request.GET)
    updates = form.filter(request.team.employee_updates.without_people().select_related("applied_by_run"))
    page = page_of(updates, request.GET)
    for update in page.rows:
        update.team = request.team  # saves a query: the team sets how long a dry run is valid
    return render(request, "exports/updates/update_list.html", {"form": form, "page": page})


@sensitive_post_parameters("pasted", "feed_url", "feed_password", "sftp_password")
@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.PREPARE_UPDATES)
def update_new(request: TeamRequest) -> HttpResponse:
    form = NewUpdateForm(request.POST or None, request.FILES or None, team=request.team)
    if not form.is_valid():
        return render(request, "exports/updates/update_new.html", {"form": form})
    values = form.cleaned_data
    update, sentences = intake.prepare(
        values["credential"], values["name"], form.content, by=request.user, profile=values["profile"]
    )
    if values["way"] == MEMBERS:
        try:
            employee_updates.read_members(update, by=request.user, policies=[values["policy"]])
        except Cannot as reason:
            messages.error(request, str(reason))
    # The page of the columns shows these sentences itself.
    if update.sheet is None:
        for sentence in sentences:
            messages.info(request, sentence)
    return redirect(_next_page(update), request.team.slug, update.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.PREPARE_UPDATES)
def update_columns(request: TeamRequest, update_id: int) -> HttpResponse:
    update = find_update(request, update_id)
    sheet = stored_updates.sheet_of(update)
    if sheet is None or not update.is_open:
        return redirect(_next_page(update), request.team.slug, update.pk)
    placed = None
    if update.profile:
        placed = mapping.place(mapping.mapping_from_json(update.profile.mapping), sheet)
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
def update_settings(request: TeamRequest, update_id: int) -> HttpResponse:
    update = find_update(request, update_id)
    form = UpdateSettingsForm(request.POST or None, update=update)
    if form.is_valid():
        try:
            employee_updates.change_settings(update, form.settings, by=request.user, name=form.cleaned_data["name"])
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


def _next_page(update: EmployeeUpdate) -> str:
    """The URL name of the page for the next step."""
    if update.sheet is not None and update.is_open:
        return "exports:update-columns"
    return "exports:update" if update.is_hosted else "exports:update-rows"
