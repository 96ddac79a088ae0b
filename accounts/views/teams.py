from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import team_rules, teams
from accounts.door import TeamRequest, team_view
from accounts.forms.teams import RoleForm, TeamForm
from accounts.models import Membership
from accounts.permissions import Permission, Role


@require_safe
def first_team(request: HttpRequest) -> HttpResponse:
    """Redirect from / to the first of the person's teams."""
    rows = Membership.objects.filter(user=request.user.pk).select_related("team")
    membership = rows.order_by("team__name", "pk").first()
    if membership is None:
        return render(request, "accounts/no_team.html")
    return redirect(membership.team)


@require_safe
@team_view(Permission.VIEW_TEAM)
def team(request: TeamRequest) -> HttpResponse:
    members = request.team.memberships.select_related("user").order_by("user__first_name", "user__email")
    invited = request.team.invitations.filter(accepted_at=None, revoked_at=None).order_by("address")
    endings = [
        (ending, team_rules.other_admins(request.team, ending.by), ending.by == request.user.pk)
        for ending in team_rules.endings(request.team)
    ]
    context = {
        "members": members,
        "endings": endings,
        "roles": Role.choices,
        "invitations": invited,
        "now": timezone.now(),
    }
    return render(request, "accounts/team.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.MANAGE_TEAM, fresh=True)
def team_edit(request: TeamRequest) -> HttpResponse:
    current = {name: getattr(request.team, name) for name in TeamForm.base_fields}
    form = TeamForm(request.POST or None, team=request.team, by=request.user, initial=current)
    if request.method == "POST" and form.is_valid():
        teams.change(request.team, **form.cleaned_data, by=request.user)
        for ending in team_rules.endings(request.team):
            if not form.cleaned_data[ending.rule]:
                messages.warning(request, f"“{ending.words}” is still on. This page says what switches it off.")
        return redirect("accounts:team", request.team.slug)
    return render(request, "accounts/team_edit.html", {"form": form})


@require_POST
@team_view(Permission.MANAGE_TEAM, fresh=True)
def rule_approve(request: TeamRequest) -> HttpResponse:
    """Switch off, as a second Admin, what another Admin wants off."""
    return _change_rule(request, team_rules.approve, "The rule is off now.")


@require_POST
@team_view(Permission.MANAGE_TEAM, fresh=True)
def rule_keep(request: TeamRequest) -> HttpResponse:
    return _change_rule(request, team_rules.withdraw, "The rule stays on.")


def _change_rule(request: TeamRequest, change: Callable[..., None], done: str) -> HttpResponse:
    try:
        change(request.team, request.POST.get("rule", ""), by=request.user)
    except team_rules.CannotChange as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, done)
    return redirect("accounts:team", request.team.slug)


@require_POST
@team_view(Permission.MANAGE_TEAM, fresh=True)
def member_role(request: TeamRequest, membership_id: int) -> HttpResponse:
    membership = get_object_or_404(request.team.memberships.select_related("user"), pk=membership_id)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "There is no such role. Nothing was changed.")
    else:
        try:
            teams.change_role(membership, form.cleaned_data["role"], by=request.user)
        except teams.CannotChange as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"{membership.user} is now {Role(form.cleaned_data['role']).label}.")
    return _to_team(request)


@require_POST
@team_view(Permission.MANAGE_TEAM, fresh=True)
def member_remove(request: TeamRequest, membership_id: int) -> HttpResponse:
    membership = get_object_or_404(request.team.memberships.select_related("user"), pk=membership_id)
    try:
        teams.remove(membership, by=request.user)
    except teams.CannotChange as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{membership.user} is no longer in {request.team}.")
    return _to_team(request)


def _to_team(request: TeamRequest) -> HttpResponse:
    """Redirect to the members' page, or to / for an Admin who may no longer see it."""
    own = request.team.memberships.filter(user=request.user).first()
    if own is None or not own.may(Permission.VIEW_TEAM):
        return redirect("accounts:start")
    return redirect("accounts:team", request.team.slug)
