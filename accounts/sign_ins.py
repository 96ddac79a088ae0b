"""Sign-ins in the audit log. Django and allauth announce these by signal, and only so."""

from typing import Any

from allauth.account.signals import password_changed, password_reset
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from accounts import audit
from accounts.audit import Action, Actor
from accounts.models import User


def _record(action: Action, user: User) -> None:
    """Into the log of every team of the person, and without any into the portal's own."""
    teams = [membership.team for membership in user.memberships.select_related("team")]
    for team in teams or [None]:
        audit.record(action, user, by=user, team=team)


@receiver(user_logged_in)
def signed_in(sender: Any, user: User, **_: Any) -> None:
    _record(Action.SIGNED_IN, user)


@receiver(user_logged_out)
def signed_out(sender: Any, user: User | None, **_: Any) -> None:
    if user is not None:
        _record(Action.SIGNED_OUT, user)


@receiver(user_login_failed)
def sign_in_failed(sender: Any, credentials: dict[str, Any], **_: Any) -> None:
    """Into the portal's own log: who it was meant to be is a claim, not a fact."""
    claimed = str(credentials.get("email") or credentials.get("username") or "")[:254]
    audit.record(Action.SIGN_IN_FAILED, None, by=Actor("Somebody not signed in"), address=claimed)


@receiver(password_changed)
@receiver(password_reset)
def password_was_changed(sender: Any, user: User, **_: Any) -> None:
    _record(Action.PASSWORD_CHANGED, user)
