"""A person's own account: password, second factors and sessions."""

from typing import cast

from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import people
from accounts.forms.sign_in import PersonNameForm
from accounts.models import User
from accounts.sign_in import two_factor


@require_safe
def account(request: HttpRequest) -> HttpResponse:
    context = {
        "factors": Authenticator.objects.filter(user=request.user).exclude(type="recovery_codes"),
        "sessions": len(UserSession.objects.purge_and_list(request.user)),
    }
    return render(request, "account/account.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def change_name(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    form = PersonNameForm(request.POST or None, initial={"name": user.get_full_name()})
    if form.is_valid():
        people.rename(user, form.cleaned_data["name"])
        messages.success(request, "Your name is changed.")
        return redirect("account")
    return render(request, "account/name.html", {"form": form})


class AddApp(ActivateTOTPView):  # type: ignore[misc]  # allauth has no types
    """allauth's page that adds an authenticator app. The code that added it signs nobody in."""

    @transaction.atomic
    def form_valid(self, form: ActivateTOTPForm) -> HttpResponseBase:
        response: HttpResponseBase = super().form_valid(form)
        app = Authenticator.objects.get(user=self.request.user, type=Authenticator.Type.TOTP)
        two_factor.use_code(app, normalize_user_code(form.cleaned_data["code"]))
        return response


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
