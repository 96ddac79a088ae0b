"""Create and change teams, and add, change and remove their members."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django_scopes import scope

from accounts import people, team_rules, tokens
from accounts.audit import record as audit
from accounts.audit.record import Action, Actor
from accounts.models import Membership, Team, User
from accounts.models.invitation import close
from accounts.permissions import Role


class CannotChange(Exception):
    """The member was not changed; the message says why and what to do."""


class AlreadyMember(Exception):
    """The person belongs to the team already."""


@transaction.atomic
def create(name: str, time_zone: str, *, admin: User, by: User | Actor) -> Team:
    """A new team with its first Admin. Raises ValidationError when the name or zone cannot be used."""
    slug = slugify(name)[:60]
    if not slug:
        raise ValidationError("The name needs letters a to z or digits: the team's address is made of them.")
    if Team.objects.filter(slug=slug).exists():
        raise ValidationError(f"There is a team at /t/{slug}/ already. Choose another name.")
    team = Team(name=name, slug=slug, time_zone=time_zone)
    team.full_clean()
    team.save()
    audit.record(Action.TEAM_CREATED, team, by=by, name=name, address=team.slug, time_zone=time_zone)
    add(team, admin, Role.ADMIN, by=by)
    return team


@transaction.atomic
def change(team: Team, *, by: User, **settings: Any) -> None:
    """Change settings of the team, by field name. The slug stays, so that old links keep working.

    A rule about a second person is not switched off by this: `accounts.team_rules` asks for that.
    """
    before = {name: getattr(team, name) for name in settings}
    wanted_off = [rule for rule in team_rules.RULES if before.get(rule) and not settings.get(rule, True)]
    settings |= dict.fromkeys(wanted_off, True)
    if wanted_off:
        team_rules.ask(team, wanted_off, by=by)
    if before == settings:
        return
    for name, value in settings.items():
        setattr(team, name, value)
    team.save(update_fields=list(settings))
    audit.record(Action.TEAM_CHANGED, team, by=by, **audit.changes(before, settings))


@transaction.atomic
def add(team: Team, user: User, role: str, *, by: User | Actor) -> Membership:
    """Add a person to the team. Raises AlreadyMember."""
    membership, is_new = Membership.objects.get_or_create(team=team, user=user, defaults={"role": role})
    if not is_new:
        raise AlreadyMember
    audit.record(Action.MEMBER_ADDED, user, by=by, team=team, email=user.email, role=role)
    return membership


@transaction.atomic
def change_role(membership: Membership, role: str, *, by: User | Actor) -> None:
    """Change the role of a member and end their sessions. Raises CannotChange."""
    membership = _locked(membership)
    before = membership.role
    if before == role:
        return
    _require_another_admin(membership, role)
    membership.role = role
    membership.save(update_fields=["role"])
    people.end_sessions(membership.user)
    changes = audit.changes({"role": before}, {"role": role})
    audit.record(Action.MEMBER_CHANGED, membership.user, by=by, team=membership.team, **changes)


@transaction.atomic
def remove(membership: Membership, *, by: User | Actor) -> None:
    """Remove a member; end their sessions, open invitations and access tokens. Raises CannotChange."""
    membership = _locked(membership)
    _require_another_admin(membership, None)
    user, team, role = membership.user, membership.team, membership.role
    membership.delete()
    people.end_sessions(user)
    with scope(team=team):
        close(team.invitations.filter(address__iexact=user.email), timezone.now())
    tokens.revoke_all(team, user, by=by)
    audit.record(Action.MEMBER_REMOVED, user, by=by, team=team, email=user.email, role=role)


def _locked(membership: Membership) -> Membership:
    """The membership as it is now; all memberships of the team are locked until the caller commits."""
    team = Team.objects.select_for_update().get(pk=membership.team_id)
    current = team.memberships.select_related("team", "user").filter(pk=membership.pk).first()
    if current is None:
        raise CannotChange("Somebody else has just removed this person from the team.")
    return current


def _require_another_admin(membership: Membership, role: str | None) -> None:
    """Raise CannotChange when this is the only Admin and the new role (None: removed) is another."""
    if membership.role != Role.ADMIN or role == Role.ADMIN:
        return
    admins = membership.team.memberships.filter(role=Role.ADMIN, user__is_active=True)
    if not admins.exclude(pk=membership.pk).exists():
        raise CannotChange("A team needs an Admin. Make somebody else an Admin first.")
