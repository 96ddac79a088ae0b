"""Write sign-ins to the audit log; Django and allauth report them by signals only."""

from typing import Any

from allauth.account.signals import password_changed, password_reset
from allauth.mfa import signals as factors
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import people
from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.models import User
from accounts.sign_in import guessing


@receiver(user_logged_in)
def signed_in(sender: Any, user: User, **_: Any) -> None:
    people.log(Action.SIGNED_IN, user)


@receiver(user_logged_out)
def signed_out(sender: Any, user: User | None, **_: Any) -> None:
    if user is not None:
        people.log(Action.SIGNED_OUT, user)


@receiver(user_login_failed)
def sign_in_failed(sender: Any, credentials: dict[str, Any], **_: Any) -> None:
    """Log in the portal's own log: the user name is only a claim."""
    claimed = str(credentials.get("email") or credentials.get("username") or "")[:254]
    audit.record(Action.SIGN_IN_FAILED, None, by=guessing.GUESSER, address=claimed)
    guessing.note_failure(claimed)


@receiver([password_changed, password_reset])
def password_was_changed(sender: Any, user: User, **_: Any) -> None:
    """Django ends the other sessions itself: each has a hash of the password."""
    people.log(Action.PASSWORD_CHANGED, user)


@receiver(factors.authenticator_added)
def factor_added(sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    """End all sessions that began without the factor, but not the one that set it up."""
    people.log(Action.FACTOR_ADDED, user, kind=authenticator.get_type_display(), name=str(authenticator))
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        people.end_other_sessions(request, user)


@receiver(factors.authenticator_removed)
def factor_removed(sender: Any, user: User, authenticator: Authenticator, **_: Any) -> None:
    people.log(Action.FACTOR_REMOVED, user, kind=authenticator.get_type_display(), name=str(authenticator))


@receiver(factors.authenticator_reset)
def codes_made(sender: Any, user: User, **_: Any) -> None:
    people.log(Action.RECOVERY_CODES_MADE, user)


@receiver(factors.authentication_failed)
def factor_failed(sender: Any, user: User, authenticator: Authenticator, **_: Any) -> None:
    """Log in the person's teams: the password was right."""
    people.log(Action.FACTOR_REFUSED, user, kind=authenticator.get_type_display())
