"""Making people, letting them choose their first password, and ending their sessions."""

import secrets
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.core.validators import validate_email
from django.http import HttpRequest
from django.urls import reverse

from accounts.audit import record as audit
from accounts.audit.record import Action, Actor
from accounts.models import Team, User


def find_or_make(email: str) -> User:
    """The person with this address; a new one has no password yet. Raises ValidationError for what is no address."""
    validate_email(email)
    found = User.objects.filter(email__iexact=email).first()
    return found or User.objects.create_user(email)


def password_link(user: User) -> str:
    """A link with which the person chooses a password: once, within PASSWORD_RESET_TIMEOUT."""
    key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return settings.SITE_URL + reverse("account_reset_password_from_key", kwargs=key)


def end_sessions(user: User) -> None:
    """Sign the person out everywhere, in the caller's transaction: no session of theirs matches the new salt."""
    user.session_salt = secrets.token_hex(16)
    user.save(update_fields=["session_salt"])


def end_other_sessions(request: HttpRequest, user: User) -> None:
    """Sign the person out everywhere but here."""
    end_sessions(user)
    request.user.session_salt = user.session_salt
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()


def end_session(session: UserSession, *, by: User) -> None:
    """Sign one browser of the person out."""
    session.end()
    log(Action.SESSION_ENDED, by, browser=session.user_agent, network_address=str(session.ip))


def log(action: Action, user: User, *, by: Actor | None = None, **data: Any) -> None:
    """What happened to somebody's account: into the log of each of their teams, without any into the portal's own.

    Done by themselves, unless another is named.
    """
    teams: list[Team | None] = [each.team for each in user.memberships.select_related("team")]
    for team in teams or [None]:
        audit.record(action, user, by=by or user, team=team, **data)
