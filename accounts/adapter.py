from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from accounts.middleware import address_of


class Adapter(DefaultAccountAdapter):
    """Sign-up is closed: people are added to a team by its Admin."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "The e-mail address or the password is not right.",
        "too_many_login_attempts": "Too many attempts have failed. Wait a few minutes, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request)
