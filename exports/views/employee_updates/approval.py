"""What is done with an employee update by a button: each is one call of `exports.employee_updates.actions`."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.door import team_view
from accounts.permissions import Permission
from exports.employee_updates import actions as employee_updates
from exports.employee_updates.actions import Cannot
from exports.forms.employee_updates.approval import typed_number
from exports.models import EmployeeUpdate
from exports.views.employee_updates.pages import find


@require_POST
@team_view(Permission.PREPARE_UPDATES)
def update_members(request: HttpRequest, update: int) -> HttpResponse:
    return _act(request, find(request, update), employee_updates.read_members, by=request.user)


@require_POST
@team_view(Permission.PREPARE_UPDATES)
def update_accept(request: HttpRequest, update: int) -> HttpResponse:
    return _act(
        request, find(request, update), employee_updates.accept_warnings, by=request.user, **_hash(request)
    )


@require_POST
@team_view(Permission.PREPARE_UPDATES)
def update_try(request: HttpRequest, update: int) -> HttpResponse:
    return _act(request, find(request, update), employee_updates.try_out, by=request.user)


@require_POST
@team_view(Permission.PREPARE_UPDATES)
def update_submit(request: HttpRequest, update: int) -> HttpResponse:
    return _act(request, find(request, update), employee_updates.submit, by=request.user, **_hash(request))


@require_POST
@team_view(Permission.APPROVE_UPDATES, fresh=True)
def update_approve(request: HttpRequest, update: int) -> HttpResponse:
    return _act(
        request,
        find(request, update),
        employee_updates.approve,
        by=request.membership,
        typed_leavers=typed_number(request.POST.get("leavers", "")),
        **_hash(request),
    )


@require_POST
@team_view(Permission.PREPARE_UPDATES)
def update_withdraw(request: HttpRequest, update: int) -> HttpResponse:
    return _act(request, find(request, update), employee_updates.withdraw, by=request.user)


@require_POST
@team_view(Permission.PREPARE_UPDATES)
def update_apply(request: HttpRequest, update: int) -> HttpResponse:
    return _act(
        request,
        find(request, update),
        employee_updates.apply,
        by=request.membership,
        typed_leavers=typed_number(request.POST.get("leavers", "")),
        **_hash(request),
    )


@require_POST
@team_view(Permission.PREPARE_UPDATES)
def update_discard(request: HttpRequest, update: int) -> HttpResponse:
    return _act(request, find(request, update), employee_updates.discard, by=request.user)


@require_POST
@team_view(Permission.PREPARE_UPDATES)
def update_reverse(request: HttpRequest, update: int) -> HttpResponse:
    return _act(request, find(request, update), employee_updates.prepare_reverse, by=request.user)


def _hash(request: HttpRequest) -> dict[str, str]:
    """The content that the reader had before them when they pressed the button."""
    return {"content_hash": request.POST.get("content_hash", "")}


def _act(
    request: HttpRequest, update: EmployeeUpdate, act: Callable[..., Model | None], **given: Any
) -> HttpResponse:
    """Do it and show the update, or the new one that it made; a refusal is shown on the page."""
    try:
        made = act(update, **given)
    except Cannot as reason:
        messages.error(request, str(reason))
        return redirect(update)
    return redirect(made if isinstance(made, EmployeeUpdate) else update)
