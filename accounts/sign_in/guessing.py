"""Slow down whoever guesses the password of one account from many network addresses, and tell the people concerned.

allauth limits the failures of each network address. This counts those of one account, from wherever they come. Nobody
is locked out: each attempt waits for some seconds, and a browser in which the person has signed in before waits for
nothing.
"""

import hashlib
import time
from threading import BoundedSemaphore

from django.conf import settings
from django.core.cache import cache
from django.core.signing import BadSignature
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django_scopes import scope

from accounts import people
from accounts.audit.record import Action, Actor
from accounts.mail import notifications
from accounts.models import User

# Failed attempts at one account within the window before anybody waits: more than a person makes.
FREE = 20
WINDOW_SECONDS = 3600
LONGEST_SECONDS = 4.0
GUESSER = Actor("Somebody not signed in")
KNOWN_BROWSER = "known_browser"
KNOWN_SECONDS = 180 * 24 * 3600
TEXT = (
    "Within an hour, {failures} attempts to sign in as {email} have failed. That looks like guessing.\n\n"
    "Nobody got in by them, and nobody is locked out: further attempts wait for some seconds each, but not in browsers "
    "in which this person has signed in before.\n\n"
    "A second factor protects the account even if its password is guessed. If the person has forgotten the password, "
    "they can set a new one from the sign-in page."
)
# Threads that may wait in one process: a web process has four, and pages must go on.
_waiting = BoundedSemaphore(2)


class Busy(Exception):
    """Others wait already; this attempt was not looked at."""


def seconds_after(failures: int) -> float:
    """How long an attempt waits after so many failures at its account: half a second, and twice as long each time."""
    return 0.0 if failures < FREE else min(LONGEST_SECONDS, 0.5 * 2.0 ** min(failures - FREE, 10))


def slow_down(request: HttpRequest, address: str) -> None:
    """Wait before an attempt at the account with this address, whether there is one or not. Raises Busy."""
    seconds = seconds_after(failures_of(address))
    if not seconds or _is_known(request, address):
        return
    if not _waiting.acquire(blocking=False):
        raise Busy
    try:
        time.sleep(seconds)
    finally:
        _waiting.release()


def note_failure(address: str) -> None:
    """Count a failed attempt at this account; at the limit, tell the person and the Admins of their teams, once."""
    key = _key(address)
    cache.add(key, 0, WINDOW_SECONDS)
    try:
        failures = cache.incr(key)
    except ValueError:  # removed from the cache between the two
        return
    if failures == FREE:
        user = User.objects.filter(email__iexact=address, is_active=True).first()
        if user is not None:
            _tell(user)


def failures_of(address: str) -> int:
    return int(cache.get(_key(address), 0))


def remember_browser(response: HttpResponse, user: User) -> None:
    """Mark the browser as one in which this person has signed in."""
    response.set_signed_cookie(
        KNOWN_BROWSER, _digest(user.email), salt=KNOWN_BROWSER, max_age=KNOWN_SECONDS, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip


def _is_known(request: HttpRequest, address: str) -> bool:
    try:
        known = request.get_signed_cookie(KNOWN_BROWSER, "", salt=KNOWN_BROWSER, max_age=KNOWN_SECONDS)
    except BadSignature:
        return False
    return known == _digest(address)


@transaction.atomic
def _tell(user: User) -> None:
    people.log(Action.SIGN_IN_GUESSED, user, by=GUESSER, failures=FREE)
    hour = int(time.time() // WINDOW_SECONDS)
    told: set[int] = set()
    for membership in user.memberships.select_related("team"):
        team = membership.team
        concerned = {person.pk: person for person in [user, *notifications.admins(team)] if person.pk not in told}
        told |= concerned.keys()
        with scope(team=team):
            notifications.tell(
                team,
                f"guessing at user {user.pk} in hour {hour}",
                concerned.values(),
                subject=f"Somebody may be guessing the password of {user.email}",
                text=TEXT.format(failures=FREE, email=user.email),
                path="/account/",
            )


def _key(address: str) -> str:
    return f"guessing-{_digest(address)}"


def _digest(address: str) -> str:
    return hashlib.sha256(address.strip().lower().encode(errors="replace")).hexdigest()
