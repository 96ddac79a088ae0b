"""Signing in with the company's own accounts, by OpenID Connect: who is meant, and which roles their groups give.

Everything comes from settings. The protocol is allauth's; `accounts.sso.adapter` joins the two.
"""

import hashlib
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import structlog
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from accounts import teams
from accounts.audit.record import Actor
from accounts.models import Membership, Team, User
from accounts.permissions import Role

log = structlog.get_logger()

# Who is in several groups gets the role that may most.
BY_STRENGTH = [Role.ADMIN, Role.EDITOR, Role.AUDITOR, Role.VIEWER]


def is_on() -> bool:
    return bool(settings.OIDC_ISSUER)


def name() -> str:
    """What the company's sign-in is called on the button; empty without one."""
    return settings.OIDC_NAME if is_on() else ""


def provider_id() -> str:
    """Links belong to one issuer: another one, later, may give the same number to somebody else."""
    return "oidc-" + hashlib.sha256(settings.OIDC_ISSUER.encode()).hexdigest()[:16]


def is_linked(user: User) -> bool:
    return is_on() and SocialAccount.objects.filter(user=user, provider=provider_id()).exists()


def check_settings() -> None:
    """Stop the start with a sentence when the settings of the company's sign-in cannot work."""
    if not is_on():
        return
    issuer = urlsplit(settings.OIDC_ISSUER)
    if issuer.scheme != "https" and not settings.OIDC_ALLOW_PRIVATE:
        raise ImproperlyConfigured("OIDC_ISSUER must begin with https://, unless OIDC_ALLOW_PRIVATE is on.")
    if not (settings.OIDC_CLIENT_ID and settings.OIDC_CLIENT_SECRET):
        raise ImproperlyConfigured("OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET beside it.")
    group_roles()


def group_roles() -> list[tuple[str, str, Role]]:
    """OIDC_GROUP_ROLES as (group, address of the team, role)."""
    found = []
    for entry in settings.OIDC_GROUP_ROLES:
        group, _, rest = entry.rpartition("=")
        team, _, role = rest.partition(":")
        if not (group and team) or role not in Role.values:
            raise ImproperlyConfigured(
                f"OIDC_GROUP_ROLES holds “{entry}”. Each entry reads group=team:role, with a role of "
                f"{', '.join(Role.values)}."
            )
        found.append((group, team, Role(role)))
    return found


def roles_of(groups: Iterable[str]) -> dict[str, Role]:
    """The role that these groups give in each team, by the team's address."""
    given: dict[str, Role] = {}
    mine = set(groups)
    for group, team, role in group_roles():
        if group in mine and BY_STRENGTH.index(role) <= BY_STRENGTH.index(given.get(team, Role.VIEWER)):
            given[team] = role
    return given


def groups_in(claims: dict[str, Any]) -> list[str]:
    """The groups that the provider names; one alone may come without its list."""
    said = claims.get(settings.OIDC_GROUPS_CLAIM) or []
    return [str(group) for group in ([said] if isinstance(said, str) else said)]


def is_verified(claims: dict[str, Any]) -> bool:
    """Whether the provider vouches for the e-mail address; some write their true as text."""
    return claims.get("email_verified") in (True, "true") and bool(claims.get("email"))


@transaction.atomic
def follow_groups(user: User, groups: Iterable[str]) -> None:
    """Give the person the roles of their groups. What an Admin gave by hand stays where no group speaks of the team."""
    given, by = roles_of(groups), Actor(f"Sign-in with {settings.OIDC_NAME}")
    for team in Team.objects.filter(slug__in={slug for _, slug, _ in group_roles()}).order_by("pk"):
        role, present = given.get(team.slug), team.memberships.filter(user=user).first()
        try:
            if role is not None and present is None:
                _mark(teams.add(team, user, role, by=by))
            elif role is not None and present is not None:
                teams.change_role(present, role, by=by)
                _mark(present)
            elif present is not None and present.by_sso:
                teams.remove(present, by=by)
        except teams.CannotChange as error:
            log.warning("role_kept", team=team.slug, user=user.pk, why=error.sentence)


def _mark(membership: Membership) -> None:
    Membership.objects.filter(pk=membership.pk).update(by_sso=True)
