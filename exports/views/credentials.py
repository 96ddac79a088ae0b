"""Pages to rotate a credential. They are here, not in accounts, because they show exports and runs."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.credentials import rotation as rotation_actions
from accounts.credentials.rotation import CannotRotate
from accounts.door import TeamRequest, team_view
from accounts.forms.credentials import PairForm, SwitchForm
from accounts.models import Credential, Rotation
from accounts.numbers import whole_number
from accounts.permissions import Permission
from exports.credentials import dependents, trial_runs
from exports.models import Run
from exports.runs import actions as runs
from exports.runs import budget_usage
from exports.runs.actions import CannotStart

# htmx swaps this answer in and stops polling.
STOP_POLLING = 286


@sensitive_post_parameters("partner_user_id", "partner_user_secret")
@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.MANAGE_CREDENTIALS, fresh=True)
def rotation_new(request: TeamRequest, credential_id: int) -> HttpResponse:
    credential: Credential = get_object_or_404(request.team.credentials, pk=credential_id)
    form = PairForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(rotation_actions.start_rotation(credential, form.pair(), by=request.user))
        except CannotRotate as reason:
            form.add_error(None, str(reason))
    under_way = credential.rotations.filter(status__in=[Rotation.Status.TESTING, Rotation.Status.READY]).first()
    context = {"form": form, "credential": credential, "under_way": under_way}
    return render(request, "exports/rotations/rotation_new.html", context)


@require_safe
@team_view(Permission.VIEW_CREDENTIALS)
def rotation(request: TeamRequest, rotation_id: int) -> HttpResponse:
    return render(request, "exports/rotations/rotation.html", _status(request, rotation_id))


@require_safe
@team_view(Permission.VIEW_CREDENTIALS)
def rotation_status(request: TeamRequest, rotation_id: int) -> HttpResponse:
    """Polled while the new pair is tested; 204 until the test ends."""
    context = _status(request, rotation_id)
    if context["rotation"].is_being_checked:
        return HttpResponse(status=204)
    return render(request, "exports/rotations/_standing.html", context, status=STOP_POLLING)


@require_POST
@team_view(Permission.MANAGE_CREDENTIALS, fresh=True)
def rotation_check(request: TeamRequest, rotation_id: int) -> HttpResponse:
    rotation = _rotation(request, rotation_id)
    if not rotation_actions.ask_for_check(rotation, by=request.user):
        messages.info(request, "This rotation is over: there is no new pair to test.")
    return redirect(rotation)


@require_POST
@team_view(Permission.MANAGE_CREDENTIALS, fresh=True)
def rotation_try(request: TeamRequest, rotation_id: int) -> HttpResponse:
    """Run one export as a test with the new pair."""
    rotation = _rotation(request, rotation_id)
    exports = rotation.credential.exports.live().filter(team=request.team)
    number = whole_number(request.POST.get("export", ""))
    export = exports.filter(pk=number).first() if number is not None else None
    try:
        if export is None:
            raise CannotStart("Choose one of the exports that depend on this credential.")
        runs.try_pair(export, rotation, by=request.user)
    except CannotStart as reason:
        messages.error(request, str(reason))
    return redirect(rotation)


@require_POST
@team_view(Permission.MANAGE_CREDENTIALS, fresh=True)
def rotation_approve(request: TeamRequest, rotation_id: int) -> HttpResponse:
    return _act(request, rotation_id, lambda rotation: rotation_actions.approve(rotation, by=request.user))


@require_POST
@team_view(Permission.MANAGE_CREDENTIALS, fresh=True)
def rotation_switch(request: TeamRequest, rotation_id: int) -> HttpResponse:
    form = SwitchForm(request.POST)
    if not form.is_valid():
        context = _status(request, rotation_id) | {"switch_form": form}
        return render(request, "exports/rotations/rotation.html", context, status=422)
    at = form.cleaned_data["at"]
    return _act(request, rotation_id, lambda rotation: rotation_actions.switch(rotation, at=at, by=request.user))


@require_POST
@team_view(Permission.MANAGE_CREDENTIALS, fresh=True)
def rotation_cancel(request: TeamRequest, rotation_id: int) -> HttpResponse:
    rotation = _rotation(request, rotation_id)
    if rotation_actions.cancel(rotation, by=request.user):
        messages.success(request, "The new pair is forgotten. The credential goes on with its present pair.")
    else:
        messages.info(request, "This rotation is over already.")
    return redirect(rotation.credential)


@require_POST
@team_view(Permission.MANAGE_CREDENTIALS, fresh=True)
def rotation_roll_back(request: TeamRequest, rotation_id: int) -> HttpResponse:
    return _act(request, rotation_id, lambda rotation: rotation_actions.roll_back(rotation, by=request.user))


@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.MANAGE_CREDENTIALS, fresh=True)
def credential_leaked(request: TeamRequest, credential_id: int) -> HttpResponse:
    credential: Credential = get_object_or_404(request.team.credentials, pk=credential_id)
    if request.method == "POST":
        if rotation_actions.leaked(credential, by=request.user):
            messages.success(request, "The pair is deleted, and no further call is made with it.")
        else:
            messages.info(request, "This credential was wiped already.")
        return redirect("exports:rotation-new", request.team.slug, credential.pk)
    context = {
        "credential": credential,
        "dependents": dependents.of(credential),
        "unfinished_runs": credential.runs.unfinished().count(),
    }
    return render(request, "exports/rotations/credential_leaked.html", context)


def _act(request: TeamRequest, rotation_id: int, act: Callable[[Rotation], None]) -> HttpResponse:
    rotation = _rotation(request, rotation_id)
    try:
        act(rotation)
    except CannotRotate as reason:
        messages.error(request, str(reason))
    return redirect(rotation)


def _rotation(request: TeamRequest, rotation_id: int) -> Rotation:
    rows = request.team.rotations.select_related("credential", "team")
    rotation: Rotation = get_object_or_404(rows, pk=rotation_id)
    return rotation


def _status(request: TeamRequest, rotation_id: int) -> dict[str, Any]:
    rotation = _rotation(request, rotation_id)
    credential = rotation.credential
    reach = rotation_actions.compare(credential.policies.all(), rotation.reach or [])
    in_flight = Run.objects.unfinished().filter(credential=credential, by_previous=True).count()
    newest = credential.rotations.filter(switched_at__isnull=False).order_by("-switched_at", "-pk").first()
    return {
        "rotation": rotation,
        "credential": credential,
        "reach": reach,
        "dependents": dependents.of(credential, lost=reach.lost if rotation.status == Rotation.Status.READY else []),
        "trials": trial_runs.of(rotation),
        "needs_approval": request.team.two_admins and rotation.approved_by_id is None,
        "can_go_back": rotation == newest and credential.previous_pair is not None,
        "in_flight_with_old": in_flight,
        "switch_form": SwitchForm(),
        **budget_usage.of_rotation(rotation, old_in_flight=in_flight > 0),
    }
