from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.door import TeamRequest, View, team_view
from accounts.permissions import Permission
from exports.employee_updates import actions as employee_updates
from exports.employee_updates import intake
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.feed.findings import UnreadableFile
from exports.employee_updates.rules import Cannot
from exports.forms.employee_updates.rows import Grid, SubmittedRows, read_submitted
from exports.models import EmployeeUpdate, Run
from exports.views.employee_updates.pages import find_update

# On this status htmx swaps nothing in and stops polling.
STOP_POLLING = 286


@require_safe
@team_view(Permission.VIEW_UPDATES)
def update_rows(request: TeamRequest, update_id: int) -> HttpResponse:
    update = find_update(request, update_id)
    may_prepare = request.membership.may(Permission.PREPARE_UPDATES)
    if update.sheet is not None and update.is_open and may_prepare:
        return redirect("exports:update-columns", request.team.slug, update.pk)
    return _render_page(request, update)


@require_POST
@team_view(Permission.PREPARE_UPDATES)
def update_rows_change(request: TeamRequest, update_id: int) -> HttpResponse:
    """Save the cells of one page of the table, add its new rows, remove the ticked rows."""
    update = find_update(request, update_id)
    submitted = read_submitted(request.POST)
    if request.POST.get("revision", str(update.revision)) != str(update.revision):
        problem = (
            "Somebody changed this update since you opened the page, so nothing was saved. What you typed is below: "
            "look at it again and save it, or open the page anew."
        )
        return _render_page(request, update, submitted=submitted, problem=problem)
    changed = submitted.changed(stored_updates.analyse(update).checked.rows)
    if not (changed or submitted.new_rows or submitted.removed):
        messages.info(request, "Nothing was changed, so nothing was saved.")
        return _redirect_back(request, update)
    try:
        update = employee_updates.change_rows(
            update, by=request.user, changed=changed, added=submitted.new_rows, removed=submitted.removed
        )
    except Cannot as reason:
        return _render_page(request, update, submitted=submitted, problem=str(reason))
    messages.success(request, _saved_sentence(update))
    return _redirect_back(request, update)


@require_POST
@team_view(Permission.PREPARE_UPDATES)
def update_rows_paste(request: TeamRequest, update_id: int) -> HttpResponse:
    update = find_update(request, update_id)
    text = request.POST.get("pasted", "")
    columns = [field.name for field in _grid(request, update).fields]
    try:
        added, notes = intake.paste(update, text, columns=columns, by=request.user)
    except (Cannot, UnreadableFile) as reason:
        return _render_page(request, update, pasted=text, paste_problem=str(reason))
    messages.success(request, f"Added {_counted(added)}.")
    for note in notes[:10]:
        messages.warning(request, note)
    return _redirect_back(request, update)


def _button(action: Callable[..., int], sentence: str) -> View:
    """A POST view of this action, which returns a number of rows for the sentence."""

    @require_POST
    @team_view(Permission.PREPARE_UPDATES)
    @wraps(action)
    def view(request: TeamRequest, update_id: int) -> HttpResponse:
        update = find_update(request, update_id)
        try:
            count = action(update, by=request.user)
        except Cannot as reason:
            messages.error(request, str(reason))
        else:
            messages.success(request, sentence.format(_counted(count)))
        return redirect("exports:update-rows", request.team.slug, update.pk)

    return view


update_rows_members = _button(intake.take_members, "The table has {} now. Change what should change.")
update_rows_keep = _button(intake.keep_changed, "{} that would change nothing left out.")


@require_POST
@team_view(Permission.PREPARE_UPDATES)
def update_rows_read(request: TeamRequest, update_id: int) -> HttpResponse:
    """Read the members of the policies that the rows name; without rows, repeat the last read."""
    update = find_update(request, update_id)
    last = None if update.row_count else _last_read(update)
    policies = last.job["policies"] if last else ()
    try:
        employee_updates.read_members(update, by=request.user, policies=policies)
    except Cannot as reason:
        messages.error(request, str(reason))
    return _redirect_back(request, update)


@require_safe
@team_view(Permission.VIEW_UPDATES)
def update_rows_waiting(request: TeamRequest, update_id: int) -> HttpResponse:
    """Polled while members are read: 204 until the read ends, then a reload of the page."""
    read = _last_read(find_update(request, update_id))
    if read is not None and not read.is_final:
        return HttpResponse(status=204)
    return HttpResponse(status=STOP_POLLING, headers={"HX-Refresh": "true"})


def _last_read(update: EmployeeUpdate) -> Run | None:
    """The last run that read members."""
    return update.runs.filter(kind=Run.Kind.MEMBERS).order_by("-pk").first()


def _grid(request: TeamRequest, update: EmployeeUpdate, submitted: SubmittedRows | None = None) -> Grid:
    can_change = update.is_open and request.membership.may(Permission.PREPARE_UPDATES)
    return Grid(stored_updates.analyse(update), request.GET, can_change, submitted)


def _render_page(
    request: TeamRequest, update: EmployeeUpdate, *, submitted: SubmittedRows | None = None, **context: Any
) -> HttpResponse:
    grid = _grid(request, update, submitted)
    read = _last_read(update)
    return render(
        request,
        "exports/updates/update_rows.html",
        {
            "update": update,
            "grid": grid,
            "reads": read,
            "is_reading": read is not None and not read.is_final,
            "policies": update.credential.policies.all(),
            "members": len(intake.members_of(update)) if not update.row_count else 0,
            "same": len(intake.same_rows(update)) if grid.can_change and update.row_count else 0,
            **context,
        },
    )


def _redirect_back(request: TeamRequest, update: EmployeeUpdate) -> HttpResponse:
    """Return to the page of the table that the form was on."""
    url = reverse("exports:update-rows", args=[request.team.slug, update.pk])
    return redirect(url + _grid(request, update).here)


def _saved_sentence(update: EmployeeUpdate) -> str:
    if not update.error_count:
        return "Saved. There are no errors."
    errors = "1 error is" if update.error_count == 1 else f"{update.error_count:,} errors are"
    return f"Saved. {errors} left to mend."


def _counted(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"
