import ipaddress
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ReauthenticationRequired
from allauth.core.internal.ratelimit import get_ip
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import reverse

from accounts import freshness, sso
from accounts.middleware import address_of
from accounts.models import User

METHODS = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use the code of your app, or a recovery code",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}


class Adapter(DefaultAccountAdapter):
    """Sign-up is closed: people come by invitation, by their company's sign-in, or by a command."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "The e-mail address or the password is not right.",
        "too_many_login_attempts": "Too many attempts have failed. Wait a few minutes, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The client's address; behind a Unix socket without a trusted proxy nobody knows it."""
        try:
            return str(ipaddress.ip_address(address_of(request).partition("%")[0]))
        except ValueError:
            return "0.0.0.0"  # noqa: S104  a value to store, nothing listens there

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Failures count for a name from one address: whoever guesses from elsewhere locks out nobody else."""
        return f"{get_ip(request)} {credentials.get('email', '').lower()}"

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """A sign-in counts as well as a confirmation. Raised here, since allauth lets people of SSO through."""
        if super().is_reauthentication_required(app=app, **kwargs) and not freshness.is_fresh(
            context.request
        ):
            raise ReauthenticationRequired
        return False

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, Any]]:
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        methods = [method | {"description": METHODS[method["id"]]} for method in methods]
        if user.is_authenticated and sso.is_linked(user):
            again = {"id": "sso", "description": f"Sign in with {sso.name()}", "url": reverse("account_sso")}
            methods.append(again)
        if user.is_authenticated and not methods:
            again = {"id": "again", "description": "Sign out and in again", "url": reverse("account_logout")}
            methods.append(again)
        return methods
