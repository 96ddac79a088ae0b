"""Access tokens for scripts: create and revoke them, and find the token of a request."""

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

# The permissions that the API uses, in the order of the form; a token gets no others.
FOR_SCRIPTS = (Permission.VIEW_EXPORTS, Permission.RUN_EXPORTS, Permission.DOWNLOAD_RESULTS, Permission.VIEW_AUDIT)
LONGEST = timedelta(days=365)
# A double click selects all of it because of the underscore, and secret scanners recognize the prefix.
SHAPE = re.compile(r"exp_[0-9a-f]{40}")
SHOWN = 10

# After so many refused tokens from one address in so many seconds, further ones get 429 and are not logged.
MOST_REFUSED = 20
REFUSED_SECONDS = 300


class TokenRefused(Exception):
    """The request has no valid token; the message says what to do."""


class TooManyRefused(Exception):
    """Too many refused tokens from the same address."""


def may_be_given(membership: Membership) -> list[Permission]:
    return [permission for permission in FOR_SCRIPTS if membership.may(permission)]


@transaction.atomic
def make(membership: Membership, name: str, permissions: list[str], days: int) -> tuple[AccessToken, str]:
    """A new token and its secret, which is not stored. Raises IntegrityError when the name is taken."""
    granted = [permission.value for permission in may_be_given(membership) if permission.value in permissions]
    secret = f"exp_{secrets.token_hex(20)}"
    token = AccessToken.objects.create(
        team=membership.team,
        user=membership.user,
        name=name,
        permissions=granted,
        prefix=secret[:SHOWN],
        digest=digest_of(secret),
        expires_at=timezone.now() + min(timedelta(days=days), LONGEST),
    )
    audit.record(Action.TOKEN_MADE, token, by=membership.user, permissions=granted, expires_at=token.expires_at)
    return token, secret


def seen_by(membership: Membership) -> QuerySet[AccessToken]:
    """The tokens that a member may see: their own in the team; an Admin sees those of all members."""
    tokens = membership.team.access_tokens.select_related("user")
    return tokens if membership.may(Permission.MANAGE_TEAM) else tokens.filter(user=membership.user)


@transaction.atomic
def revoke(token: AccessToken, *, by: User | Actor) -> bool:
    """Revoke a token, from its next request on. False when it was revoked already."""
    now = timezone.now()
    if not AccessToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        return False
    token.revoked_at = now
    audit.record(Action.TOKEN_REVOKED, token, by=by, of=str(token.user))
    return True


def revoke_all(team: Team, user: User, *, by: User | Actor) -> None:
    """Revoke all tokens of a person who leaves the team; they stay revoked if the person returns."""
    with scope(team=team):
        for token in team.access_tokens.select_related("user").filter(user=user, revoked_at=None):
            revoke(token, by=by)


def presented(request: HttpRequest) -> AccessToken:
    """The valid token of a request. Raises TokenRefused or TooManyRefused.

    A valid token is always accepted, even after many refused ones from its address: a client behind the same proxy
    cannot lock a script out. 160 random bits cannot be guessed; the limit only protects the audit log.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        raise TokenRefused("This address takes an access token, in the header “Authorization: Bearer …”.")
    token, reason = None, "unknown"
    if SHAPE.fullmatch(secret):
        with scopes_disabled():
            rows = AccessToken.objects.select_related("user", "team")
            token = rows.filter(digest=digest_of(secret)).first()
    if token is not None and not (reason := token.why_ended(timezone.now())):
        _note_use(token)
        return token
    _log_refusal(request, token, reason)
    raise TokenRefused("This access token opens nothing: it is unknown, was revoked, or has expired. Make a new one.")


def _log_refusal(request: HttpRequest, token: AccessToken | None, reason: str) -> None:
    """Count a refused token and log it. Raises TooManyRefused, without a log entry, above the limit."""
    address = hashlib.sha256(address_of(request).encode()).hexdigest()
    key = f"refused-tokens-{address}-{int(time.time() // REFUSED_SECONDS)}"
    cache.add(key, 0, REFUSED_SECONDS)
    try:
        refused = cache.incr(key)
    except ValueError:  # it expired between `add` and `incr`
        refused = 1
    if refused > MOST_REFUSED:
        raise TooManyRefused
    somebody = Actor("Somebody with a token that opens nothing")
    audit.record(Action.TOKEN_REFUSED, token, by=somebody, why=reason, path=request.path[:500])


def _note_use(token: AccessToken) -> None:
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - timedelta(minutes=1):
        with scope(team=token.team):
            AccessToken.objects.filter(pk=token.pk, last_used_at=token.last_used_at).update(last_used_at=now)


def digest_of(secret: str) -> str:
    """The digest under which a random secret is stored; with 160 bits or more it needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
