"""Access tokens for scripts: making and ending them, and telling whose a request carries."""

import hashlib
import re
import secrets
import time
from datetime import timedelta

from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts.audit import record as audit
from accounts.audit.record import Action, Actor
from accounts.middleware import address_of
from accounts.models import AccessToken, Membership, Team, User
from accounts.permissions import Permission

# What the API asks for, in the order of the form: a token cannot be given more.
FOR_SCRIPTS = (
    Permission.VIEW_EXPORTS,
    Permission.RUN_EXPORTS,
    Permission.DOWNLOAD_RESULTS,
    Permission.VIEW_AUDIT,
)
LONGEST = timedelta(days=365)
# The underscore joins it to one word for a double click; the start lets scanners of repositories know one by sight.
SHAPE = re.compile(r"exp_[0-9a-f]{40}")
SHOWN = 10

# So many tokens of one address may be refused in so many seconds before it hears nothing more of them.
MOST_REFUSED = 20
REFUSED_SECONDS = 300


class TokenRefused(Exception):
    """The request carries no token that opens anything; `sentence` says what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class TooManyRefused(Exception):
    """Another one of too many refused tokens from the same address."""


def may_be_given(membership: Membership) -> list[Permission]:
    return [permission for permission in FOR_SCRIPTS if membership.may(permission)]


@transaction.atomic
def make(membership: Membership, name: str, permissions: list[str], days: int) -> tuple[AccessToken, str]:
    """A new token and its secret, which nobody can learn again. Raises IntegrityError when the name is taken."""
    granted = [each.value for each in may_be_given(membership) if each.value in permissions]
    secret = f"exp_{secrets.token_hex(20)}"
    token = AccessToken.objects.create(
        team=membership.team,
        user=membership.user,
        name=name,
        permissions=granted,
        prefix=secret[:SHOWN],
        digest=_digest(secret),
        expires_at=timezone.now() + min(timedelta(days=days), LONGEST),
    )
    audit.record(
        Action.TOKEN_MADE, token, by=membership.user, permissions=granted, expires_at=token.expires_at
    )
    return token, secret


def seen_by(membership: Membership) -> QuerySet[AccessToken]:
    """A person's own tokens of the team; an Admin's, everybody's."""
    tokens = membership.team.access_tokens.select_related("user")
    return tokens if membership.may(Permission.MANAGE_TEAM) else tokens.filter(user=membership.user)


@transaction.atomic
def revoke(token: AccessToken, *, by: User | Actor) -> bool:
    """End a token from its next request on. False when it had been revoked already."""
    now = timezone.now()
    if not AccessToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        return False
    token.revoked_at = now
    audit.record(Action.TOKEN_REVOKED, token, by=by, of=str(token.user))
    return True


def revoke_all(team: Team, user: User, *, by: User | Actor) -> None:
    """A person has left the team: their tokens of it end, and stay ended should they come back."""
    with scope(team=team):
        for token in team.access_tokens.select_related("user").filter(user=user, revoked_at=None):
            revoke(token, by=by)


def presented(request: HttpRequest) -> AccessToken:
    """The live token of a request. Raises Refused or TooManyRefused.

    A good token passes from any address, whatever others tried from there: nobody behind the same proxy can lock a
    script out, and 160 random bits are not guessed. What the limit spares is the audit log.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        raise TokenRefused("This address takes an access token, in the header “Authorization: Bearer …”.")
    found, why = None, "unknown"
    if SHAPE.fullmatch(secret):
        with scopes_disabled():
            rows = AccessToken.objects.select_related("user", "team")
            found = rows.filter(digest=_digest(secret)).first()
    if found is not None and not (why := found.why_ended(timezone.now())):
        _used(found)
        return found
    _refuse(request, found, why)
    raise TokenRefused(
        "This access token opens nothing: it is unknown, was revoked, or has expired. Make a new one."
    )


def _refuse(request: HttpRequest, token: AccessToken | None, why: str) -> None:
    """Count and tell; beyond the limit only count."""
    address = hashlib.sha256(address_of(request).encode()).hexdigest()
    key = f"refused-tokens-{address}-{int(time.time() // REFUSED_SECONDS)}"
    cache.add(key, 0, REFUSED_SECONDS)
    try:
        refused = cache.incr(key)
    except ValueError:  # culled between the two: the count begins anew
        refused = 1
    if refused > MOST_REFUSED:
        raise TooManyRefused
    somebody = Actor("Somebody with a token that opens nothing")
    audit.record(Action.TOKEN_REFUSED, token, by=somebody, why=why, path=request.path[:500])


def _used(token: AccessToken) -> None:
    now = timezone.now()
    before = now - timedelta(minutes=1)
    if token.last_used_at is None or token.last_used_at < before:
        with scope(team=token.team):
            AccessToken.objects.filter(pk=token.pk, last_used_at=token.last_used_at).update(last_used_at=now)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
