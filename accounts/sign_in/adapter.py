import ipaddress
from smtplib import SMTPException
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ReauthenticationRequired
from allauth.core.internal.ratelimit import get_ip
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.middleware import address_of
from accounts.models import User
from accounts.sign_in import guessing
from accounts.sign_in import recent as recent_sign_in
from accounts.sso import company as sso

log = structlog.get_logger(__name__)

METHODS = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use the code of your app, or a recovery code",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}


class AccountAdapter(DefaultAccountAdapter):
    """allauth's adapter. Sign-up is closed: users come by invitation, company sign-in, or command."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "The e-mail address or the password is not right.",
        "too_many_login_attempts": "Too many attempts have failed. Wait a few minutes, then try again.",
        "busy": "Many attempts to sign in to this account are being made. Try again in some seconds.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The client's address; 0.0.0.0 when unknown: behind a Unix socket without a trusted proxy."""
        try:
            return str(ipaddress.ip_address(address_of(request).partition("%")[0]))
        except ValueError:
            return "0.0.0.0"  # noqa: S104  a value to store, nothing listens there  # nosec B104

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The URL on SITE_URL, whatever host the request used."""
        path = urlsplit(super().get_reset_password_from_key_url(key)).path
        return f"{settings.SITE_URL}{path}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send the mail for a forgotten password in a thread.

        Otherwise the response would be slower, or fail, for known addresses only. A lost mail is requested again.
        Somebody who has only the company's sign-in gets no link: a password would outlive their account there.
        """
        user = context["user"]
        if sso.is_linked(user) and not user.has_usable_password():
            context = context | {"password_reset_url": "", "company": sso.name()}
        message = self.render_mail(template_prefix, email, {"email": email} | context)
        Thread(target=_send, args=[message], name="reset-mail").start()

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        super().pre_authenticate(request, **credentials)
        try:
            guessing.slow_down(request, credentials.get("email", ""))
        except guessing.Busy:
            raise self.validation_error("busy") from None

    def post_login(self, request: HttpRequest, user: User, **arguments: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **arguments)
        guessing.remember_browser(response, user)
        return response

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count failures per user name and network address, so that guessing from elsewhere locks nobody out."""
        return f"{get_ip(request)} {credentials.get('email', '').lower()}"

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """A recent sign-in counts as confirmation. Raises, because allauth would not ask users of SSO."""
        if super().is_reauthentication_required(app=app, **kwargs) and not recent_sign_in.is_fresh(context.request):
            raise ReauthenticationRequired
        return False

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, Any]]:
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        methods = [method | {"description": METHODS[method["id"]]} for method in methods]
        if user.is_authenticated and sso.is_linked(user):
            methods.append({"id": "sso", "description": f"Sign in with {sso.name()}", "url": reverse("account_sso")})
        if user.is_authenticated and not methods:
            methods.append({"id": "again", "description": "Sign out and in again", "url": reverse("account_logout")})
        return methods


def _send(message: EmailMessage) -> None:
    try:
        message.send()
    except (SMTPException, OSError) as error:
        log.warning("reset_mail_not_sent", error=type(error).__name__)
