from collections.abc import Callable

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import invitations, people, teams
from accounts.door import TeamRequest, team_view
from accounts.forms.invitations import InviteForm, NewPersonForm
from accounts.models import Invitation, User
from accounts.permissions import Permission
from accounts.sso import company as sso


@require_http_methods(["GET", "HEAD", "POST"])
@team_view(Permission.MANAGE_TEAM, fresh=True)
def member_invite(request: TeamRequest) -> HttpResponse:
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            invitation = invitations.invite(request.team, **form.cleaned_data, by=request.user)
        except teams.AlreadyMember:
            form.add_error("address", "This person is in the team already.")
        except invitations.AlreadyInvited:
            form.add_error("address", "This address is invited already. Send that invitation again, or revoke it.")
        else:
            messages.success(request, f"The invitation to {invitation.address} is on its way.")
            return redirect("accounts:team", request.team.slug)
    return render(request, "accounts/member_invite.html", {"form": form})


@require_POST
@team_view(Permission.MANAGE_TEAM, fresh=True)
def invitation_again(request: TeamRequest, invitation_id: int) -> HttpResponse:
    done = "A new invitation to {} is on its way; the old link is closed."
    return _act(request, invitation_id, invitations.send_again, done)


@require_POST
@team_view(Permission.MANAGE_TEAM, fresh=True)
def invitation_revoke(request: TeamRequest, invitation_id: int) -> HttpResponse:
    return _act(request, invitation_id, invitations.revoke, "The invitation to {} is revoked.")


def _act(request: TeamRequest, invitation_id: int, act: Callable[..., None], done: str) -> HttpResponse:
    invitation = get_object_or_404(request.team.invitations, pk=invitation_id)
    try:
        act(invitation, by=request.user)
    except invitations.NoLongerOpen:
        messages.error(request, "This invitation was answered or revoked meanwhile. Nothing was changed.")
    else:
        messages.success(request, done.format(invitation.address))
    return redirect("accounts:team", request.team.slug)


@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The page of the mailed link. The token proves the address; a person who can sign in must do so too."""
    invitation = invitations.find(token)
    if invitation is None:
        return render(request, "account/invitation_closed.html", status=404)
    user = User.objects.filter(email__iexact=invitation.address).first()
    if user is not None and not user.is_active:
        raise PermissionDenied
    is_mine = request.user.is_authenticated and request.user == user
    is_new = user is None or not (user.has_usable_password() or sso.is_linked(user))
    context = {"invitation": invitation, "team": invitation.team, "is_mine": is_mine, "is_new": is_new}
    form = None
    if is_new and not request.user.is_authenticated:
        form = NewPersonForm(request.POST or None, address=invitation.address)
    if request.method == "POST" and (is_mine or (form is not None and form.is_valid())):
        try:
            person = _accept(invitation, token, user, form)
        except invitations.NoLongerOpen:
            return render(request, "account/invitation_closed.html", status=404)
        if is_mine:
            return redirect(invitation.team)
        login = Login(user=person, redirect_url=invitation.team.get_absolute_url())
        response: HttpResponse = perform_login(request, login)
        return response
    return render(request, "account/invitation.html", context | {"form": form})


@transaction.atomic
def _accept(invitation: Invitation, token: str, user: User | None, form: NewPersonForm | None) -> User:
    person = user or people.find_or_make(invitation.address)
    if form is not None:
        person.first_name = form.cleaned_data["name"]
        person.set_password(form.cleaned_data["password"])
        person.save(update_fields=["first_name", "password"])
    invitations.accept(invitation, token, person)
    return person
