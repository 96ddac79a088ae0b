"""The two ways into a team's data: `team_view` for people and their scripts, `team_of` (and `each_of`) for workers.

Both open the team's scope (django-scopes).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.models import AccessToken, Membership, Team, TeamOwned, User
from accounts.permissions import Permission
from accounts.sign_in import recent as recent_sign_in
from accounts.sign_in.two_factor import has_factor

SAFE = {"GET", "HEAD", "OPTIONS"}
View = Callable[..., HttpResponseBase]
Owned = TypeVar("Owned", bound=TeamOwned)


class TeamRequest(HttpRequest):
    """A request that `team_view` has let in."""

    user: User
    team: Team
    membership: Membership
    confirm_first: str


def team_view(permission: Permission, *, fresh: bool = False) -> Callable[[View], View]:
    """Open `/t/<team>/…` to members with this permission.

    1. An outsider gets the same 404 as for a team that does not exist.
    2. A member without the permission gets 403.
    3. When the team requires a second factor, a member without one is redirected to set one up.
    4. With `fresh`, a change needs a sign-in within FRESH_SIGN_IN_SECONDS; forms say so beforehand (`confirm_first`).
    5. The view is called with `request.team` and `request.membership`, without the argument `team`, in the team's
       time zone.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: TeamRequest, team: str, **arguments: Any) -> HttpResponseBase:
            opened = Team.objects.filter(slug=team).first()
            if opened is None:
                raise Http404
            membership = _membership(opened, request)
            if membership is not None:
                request.team, request.membership = opened, membership
            if membership is None or not membership.may(permission):
                audit.record(
                    Action.ACCESS_DENIED,
                    opened,
                    by=request.user,
                    path=request.path[:500],
                    method=request.method,
                    needed=permission.value,
                )
                if membership is None:
                    raise Http404
                raise PermissionDenied(permission.value)
            if opened.second_factor and not has_factor(request.user):
                if getattr(request, "token", None) is not None:
                    raise PermissionDenied("a second factor on your account, which the team asks for")
                return recent_sign_in.send(
                    request, reverse("mfa_index"), f"{opened} asks for a second factor. Set one up to go on."
                )
            if fresh and not recent_sign_in.is_fresh(request):
                if request.method not in SAFE:
                    return recent_sign_in.ask(request, back_to=opened.get_absolute_url())
                request.confirm_first = recent_sign_in.confirm_url(request.get_full_path())
            with scope(team=opened), timezone.override(opened.zone):
                return view(request, **arguments)

        # For the tests that walk all routes.
        guarded.door = permission  # type: ignore[attr-defined]
        guarded.fresh = fresh  # type: ignore[attr-defined]
        return guarded

    return decorate


def _membership(team: Team, request: TeamRequest) -> Membership | None:
    """The person's membership, limited to the rights of their access token; None in other teams than the token's."""
    token: AccessToken | None = getattr(request, "token", None)
    if token is not None and token.team_id != team.pk:
        return None
    membership = Membership.objects.filter(team=team, user=request.user).first()
    if membership is not None:
        membership.team = team
        membership.within = token.granted if token is not None else None
    return membership


@contextmanager
def team_of(model: type[Owned], pk: int) -> Iterator[Owned]:
    """Load a row by its id and open its team, for tasks and commands. Raises `model.DoesNotExist`."""
    with scopes_disabled():
        row: Owned = model.objects.select_related("team").get(pk=pk)
    with scope(team=row.team):
        yield row


def each_of(select: Callable[[], QuerySet[Owned]]) -> Iterator[Owned]:
    """Load the selected rows of all teams one by one, each with its team open, for tasks."""
    with scopes_disabled():
        rows = select()
        pks = list(rows.values_list("pk", flat=True))
    for pk in pks:
        with team_of(rows.model, pk) as row:
            yield row
