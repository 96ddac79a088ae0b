"""Create users, let them choose a first password, end their sessions, and log what happens to their accounts."""

import secrets
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.core.validators import validate_email
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from accounts.addresses import read_address
from accounts.audit import record as audit
from accounts.audit.record import Action, Actor
from accounts.models import Team, User


def find_or_make(email: str) -> User:
    """The user with this address, created without a password if new. Raises ValidationError for an invalid address."""
    email = read_address(email)
    validate_email(email)
    user = User.objects.filter(email__iexact=email).first()
    return user or User.objects.create_user(email)


def password_link(user: User) -> str:
    """A link to choose a password: valid once, within PASSWORD_RESET_TIMEOUT."""
    key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return settings.SITE_URL + reverse("account_reset_password_from_key", kwargs=key)


@transaction.atomic
def rename(user: User, name: str) -> None:
    """Set the name that others see. Existing audit entries and approvals keep the previous name."""
    before = str(user)
    user.first_name, user.last_name = name, ""
    user.save(update_fields=["first_name", "last_name"])
    log(Action.NAME_CHANGED, user, before=before, after=name)


def end_sessions(user: User) -> None:
    """Sign the person out everywhere, in the caller's transaction: their sessions do not match the new salt."""
    user.session_salt = secrets.token_hex(16)
    user.save(update_fields=["session_salt"])


def end_other_sessions(request: HttpRequest, user: User) -> None:
    """Sign the person out everywhere but in the session of this request."""
    end_sessions(user)
    request.user.session_salt = user.session_salt  # type: ignore[union-attr]  # somebody is signed in
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()


def end_session(session: UserSession, *, by: User) -> None:
    """End one session of the person."""
    session.end()
    log(Action.SESSION_ENDED, by, browser=session.user_agent, network_address=str(session.ip))


def log(action: Action, user: User, *, by: Actor | None = None, **data: Any) -> None:
    """Log an event of a person's account in each of their teams, or in the portal's own log when they have no team.

    `by` is the person, unless another actor is given.
    """
    teams: list[Team | None] = [membership.team for membership in user.memberships.select_related("team")]
    for team in teams or [None]:
        audit.record(action, user, by=by or user, team=team, **data)
