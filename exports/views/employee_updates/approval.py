"""The buttons of an employee update: each is one call of `exports.employee_updates.actions`."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db.models import Model
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.door import TeamRequest, View, team_view
from accounts.numbers import whole_number
from accounts.permissions import Permission
from exports.employee_updates import actions as employee_updates
from exports.employee_updates.rules import Cannot
from exports.models import EmployeeUpdate
from exports.views.employee_updates.pages import find_update

MOST_DIGITS = 9


def _user(request: TeamRequest) -> dict[str, Any]:
    return {"by": request.user}


def _user_and_hash(request: TeamRequest) -> dict[str, Any]:
    """The hash is of the content that the page showed when the button was pressed."""
    return {"by": request.user, "content_hash": request.POST.get("content_hash", "")}


def _member_hash_and_leavers(request: TeamRequest) -> dict[str, Any]:
    """The number of leavers may be typed with the thousands separators of any country."""
    digits = "".join(char for char in request.POST.get("leavers", "") if char not in " \u00a0\u202f.,'’")
    return _user_and_hash(request) | {"by": request.membership, "typed_leavers": whole_number(digits, MOST_DIGITS)}


def _button(
    action: Callable[..., Model | None],
    arguments: Callable[[TeamRequest], dict[str, Any]] = _user,
    *,
    permission: Permission = Permission.PREPARE_UPDATES,
    fresh: bool = False,
) -> View:
    """A POST view of this action. It redirects to the update, or to the new update that the action returns.

    A refusal is shown on the page of the update.
    """

    @require_POST
    @team_view(permission, fresh=fresh)
    @wraps(action)
    def view(request: TeamRequest, update_id: int) -> HttpResponse:
        update = find_update(request, update_id)
        try:
            result = action(update, **arguments(request))
        except Cannot as reason:
            messages.error(request, str(reason))
            return redirect(update)
        return redirect(result if isinstance(result, EmployeeUpdate) else update)

    return view


update_members = _button(employee_updates.read_members)
update_accept = _button(employee_updates.accept_warnings, _user_and_hash)
update_try = _button(employee_updates.try_out)
update_submit = _button(employee_updates.submit, _user_and_hash)
update_approve = _button(
    employee_updates.approve, _member_hash_and_leavers, permission=Permission.APPROVE_UPDATES, fresh=True
)
update_withdraw = _button(employee_updates.withdraw)
update_apply = _button(employee_updates.apply, _member_hash_and_leavers)
update_discard = _button(employee_updates.discard)
update_reverse = _button(employee_updates.prepare_reverse)
