"""Making people, and letting them choose their first password: what the commands share."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.validators import validate_email
from django.urls import reverse

from accounts.models import User


def find_or_make(email: str) -> User:
    """The person with this address; a new one has no password yet. Raises ValidationError for what is no address."""
    validate_email(email)
    found = User.objects.filter(email__iexact=email).first()
    return found or User.objects.create_user(email)


def password_link(user: User) -> str:
    """A link with which the person chooses a password: once, within PASSWORD_RESET_TIMEOUT."""
    key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return settings.SITE_URL + reverse("account_reset_password_from_key", kwargs=key)
