from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.door import team_view
from accounts.permissions import Permission
from exports.employee_updates import actions as employee_updates
from exports.employee_updates import intake
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.actions import Cannot
from exports.employee_updates.feed.findings import UnreadableFile
from exports.forms.employee_updates.rows import Grid, Typed, typed
from exports.models import EmployeeUpdate, Run

# htmx swaps nothing in, and stops polling.
STOP_POLLING = 286


@require_safe
@team_view(Permission.VIEW_UPDATES)
def update_rows(request: HttpRequest, update: int) -> HttpResponse:
    update = _update(request, update)
    may_prepare = request.membership.may(Permission.PREPARE_UPDATES)
    if update.sheet is not None and update.is_open and may_prepare:
        return redirect("exports:update-columns", request.team.slug, update.pk)
    return _page(request, update)


@require_POST
@team_view(Permission.PREPARE_UPDATES)
def update_rows_change(request: HttpRequest, update: int) -> HttpResponse:
    """Save the cells of one page of the table, add its new rows, take out those that are ticked."""
    update = _update(request, update)
    sent = typed(request.POST)
    if request.POST.get("revision", str(update.revision)) != str(update.revision):
        problem = (
            "Somebody changed this update since you opened the page, so nothing was saved. What you typed is below: "
            "look at it again and save it, or open the page anew."
        )
        return _page(request, update, typed=sent, problem=problem)
    changed = sent.changed(stored_updates.analyse(update).checked.rows)
    if not (changed or sent.new_rows or sent.removed):
        messages.info(request, "Nothing was changed, so nothing was saved.")
        return _back(request, update)
    try:
        update = employee_updates.change_rows(
            update, by=request.user, changed=changed, added=sent.new_rows, removed=sent.removed
        )
    except Cannot as reason:
        return _page(request, update, typed=sent, problem=str(reason))
    messages.success(request, _saved(update))
    return _back(request, update)


@require_POST
@team_view(Permission.PREPARE_UPDATES)
def update_rows_paste(request: HttpRequest, update: int) -> HttpResponse:
    update = _update(request, update)
    text = request.POST.get("pasted", "")
    columns = [field.name for field in _grid(request, update).fields]
    try:
        added, notes = intake.paste(update, text, columns=columns, by=request.user)
    except (Cannot, UnreadableFile) as reason:
        return _page(request, update, pasted=text, paste_problem=str(reason))
    messages.success(request, f"Added {_counted(added)}.")
    for note in notes[:10]:
        messages.warning(request, note)
    return _back(request, update)


@require_POST
@team_view(Permission.PREPARE_UPDATES)
def update_rows_members(request: HttpRequest, update: int) -> HttpResponse:
    """Take the members that were read for rows."""
    update = _update(request, update)
    return _do(request, update, intake.take_members, "The table has {} now. Change what should change.")


@require_POST
@team_view(Permission.PREPARE_UPDATES)
def update_rows_keep(request: HttpRequest, update: int) -> HttpResponse:
    """Leave only what differs from the members as they are."""
    update = _update(request, update)
    return _do(request, update, intake.keep_changed, "{} that would change nothing left out.")


@require_POST
@team_view(Permission.PREPARE_UPDATES)
def update_rows_read(request: HttpRequest, update: int) -> HttpResponse:
    """Read the members of the policies that the rows name; without rows once more of those that were asked for."""
    update = _update(request, update)
    last = None if update.row_count else _last_read(update)
    policies = last.job["policies"] if last else ()
    try:
        employee_updates.read_members(update, by=request.user, policies=policies)
    except Cannot as reason:
        messages.error(request, str(reason))
    return _back(request, update)


@require_safe
@team_view(Permission.VIEW_UPDATES)
def update_rows_waiting(request: HttpRequest, update: int) -> HttpResponse:
    """Polled while members are being read: nothing new (204) until they are there, then the page comes anew."""
    reads = _last_read(_update(request, update))
    if reads is not None and not reads.is_final:
        return HttpResponse(status=204)
    return HttpResponse(status=STOP_POLLING, headers={"HX-Refresh": "true"})


def _update(request: HttpRequest, update: int) -> EmployeeUpdate:
    rows = request.team.employee_updates.select_related("team", "credential", "applied_by_run")
    return get_object_or_404(rows, pk=update)


def _last_read(update: EmployeeUpdate) -> Run | None:
    """The last run that read members."""
    return update.runs.filter(kind=Run.Kind.MEMBERS).order_by("-pk").first()


def _grid(request: HttpRequest, update: EmployeeUpdate, sent: Typed | None = None) -> Grid:
    can_change = update.is_open and request.membership.may(Permission.PREPARE_UPDATES)
    return Grid(stored_updates.analyse(update), request.GET, can_change, sent)


def _page(
    request: HttpRequest, update: EmployeeUpdate, *, typed: Typed | None = None, **told: Any
) -> HttpResponse:
    grid = _grid(request, update, typed)
    reads = _last_read(update)
    return render(
        request,
        "exports/updates/update_rows.html",
        {
            "update": update,
            "grid": grid,
            "reads": reads,
            "is_reading": reads is not None and not reads.is_final,
            "policies": update.credential.policies.all(),
            "members": len(intake.members_of(update)) if not update.row_count else 0,
            "same": len(intake.same_rows(update)) if grid.can_change and update.row_count else 0,
            **told,
        },
    )


def _back(request: HttpRequest, update: EmployeeUpdate) -> HttpResponse:
    """To the page of the table that was left."""
    url = reverse("exports:update-rows", args=[request.team.slug, update.pk])
    return redirect(url + _grid(request, update).here)


def _do(request: HttpRequest, update: EmployeeUpdate, act: Callable[..., int], sentence: str) -> HttpResponse:
    try:
        count = act(update, by=request.user)
    except Cannot as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, sentence.format(_counted(count)))
    return redirect("exports:update-rows", request.team.slug, update.pk)


def _saved(update: EmployeeUpdate) -> str:
    if not update.error_count:
        return "Saved. There are no errors."
    errors = "1 error is" if update.error_count == 1 else f"{update.error_count:,} errors are"
    return f"Saved. {errors} left to mend."


def _counted(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"
