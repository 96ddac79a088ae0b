"""A person's own account: password, second factors and sessions."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts import people


@require_safe
def account(request: HttpRequest) -> HttpResponse:
    context = {
        "factors": Authenticator.objects.filter(user=request.user).exclude(type="recovery_codes"),
        "sessions": len(UserSession.objects.purge_and_list(request.user)),
    }
    return render(request, "account/account.html", context)


@require_safe
def no_password(request: HttpRequest) -> HttpResponse:
    """allauth redirects people without a password here when they want to change it."""
    messages.info(request, "You have no password here: you sign in by your company. Nothing was changed.")
    return redirect("account")


@require_POST
def session_end(request: HttpRequest, session_id: int) -> HttpResponse:
    session = get_object_or_404(UserSession.objects.filter(user=request.user), pk=session_id)
    if session.is_current():
        return redirect("account_logout")
    people.end_session(session, by=session.user)
    messages.success(request, "This session has ended.")
    return redirect("usersessions_list")
