"""The company's sign-in by OpenID Connect: its settings, linked accounts, and roles by group.

allauth implements the protocol; `accounts.sso.adapter` connects it.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

import structlog
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from accounts import teams
from accounts.audit.record import Actor
from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.public_hosts import NotAHost, is_outside, parse_url

log = structlog.get_logger()

# The strongest role first: a member of several groups gets the first that applies.
BY_STRENGTH = [Role.ADMIN, Role.EDITOR, Role.AUDITOR, Role.VIEWER]


def is_on() -> bool:
    return bool(settings.OIDC_ISSUER)


def name() -> str:
    """The provider's name on the button; empty without a provider."""
    return settings.OIDC_NAME if is_on() else ""


def provider_id() -> str:
    """An ID that is unique to the issuer: another issuer may give the same subject to somebody else."""
    return "oidc-" + hashlib.sha256(settings.OIDC_ISSUER.encode()).hexdigest()[:16]


def is_linked(user: User) -> bool:
    return is_on() and SocialAccount.objects.filter(user=user, provider=provider_id()).exists()


def check_settings() -> None:
    """Raise ImproperlyConfigured when the settings of the company's sign-in cannot work."""
    if not is_on():
        return
    try:
        issuer = parse_url(settings.OIDC_ISSUER, ("https", "http"))
    except NotAHost as reason:
        raise ImproperlyConfigured(f"OIDC_ISSUER cannot be read. {reason}") from None
    if issuer.scheme != "https" and not settings.OIDC_ALLOW_PRIVATE:
        raise ImproperlyConfigured("OIDC_ISSUER must begin with https://, unless OIDC_ALLOW_PRIVATE is on.")
    if not (settings.OIDC_ALLOW_PRIVATE or is_outside(issuer.host)):
        raise ImproperlyConfigured("OIDC_ISSUER is on a private network. OIDC_ALLOW_PRIVATE=yes allows that.")
    if not (settings.OIDC_CLIENT_ID and settings.OIDC_CLIENT_SECRET):
        raise ImproperlyConfigured("OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET beside it.")
    group_roles()


def group_roles() -> list[tuple[str, str, Role]]:
    """OIDC_GROUP_ROLES as (group, slug of the team, role)."""
    roles = []
    for entry in settings.OIDC_GROUP_ROLES:
        group, _, rest = entry.rpartition("=")
        team, _, role = rest.partition(":")
        if not (group and team) or role not in Role.values:
            raise ImproperlyConfigured(
                f"OIDC_GROUP_ROLES holds “{entry}”. Each entry reads group=team:role, with a role of "
                f"{', '.join(Role.values)}."
            )
        roles.append((group, team, Role(role)))
    return roles


def roles_of(groups: Iterable[str]) -> dict[str, Role]:
    """The role that these groups give in each team, by slug."""
    roles: dict[str, Role] = {}
    groups = set(groups)
    for group, team, role in group_roles():
        if group in groups and BY_STRENGTH.index(role) <= BY_STRENGTH.index(roles.get(team, Role.VIEWER)):
            roles[team] = role
    return roles


def groups_in(claims: dict[str, Any]) -> list[str]:
    """The groups in the claims; a provider may send a single group as a string."""
    groups = claims.get(settings.OIDC_GROUPS_CLAIM) or []
    return [str(group) for group in ([groups] if isinstance(groups, str) else groups)]


def is_verified(claims: dict[str, Any]) -> bool:
    """Whether the provider has verified the e-mail address; some send true as a string."""
    return claims.get("email_verified") in (True, "true") and bool(claims.get("email"))


@transaction.atomic
def follow_groups(user: User, groups: Iterable[str]) -> None:
    """Set the person's roles by their groups. In teams without a mapped group, roles that an Admin gave stay."""
    roles, by = roles_of(groups), Actor(f"Sign-in with {settings.OIDC_NAME}")
    for team in Team.objects.filter(slug__in={slug for _, slug, _ in group_roles()}).order_by("pk"):
        role = roles.get(team.slug)
        membership = team.memberships.filter(user=user).first()
        try:
            if role is not None and membership is None:
                _mark_as_sso(teams.add(team, user, role, by=by))
            elif role is not None and membership is not None:
                teams.change_role(membership, role, by=by)
                _mark_as_sso(membership)
            elif membership is not None and membership.by_sso:
                teams.remove(membership, by=by)
        except teams.CannotChange as error:
            log.warning("role_kept", team=team.slug, user=user.pk, why=str(error))


def _mark_as_sso(membership: Membership) -> None:
    Membership.objects.filter(pk=membership.pk).update(by_sso=True)
