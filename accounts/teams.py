"""What people do to teams: make one, change it, and decide who belongs to it in which role."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django_scopes import scope

from accounts import people, tokens
from accounts.audit import record as audit
from accounts.audit.record import Action, Actor
from accounts.models import Membership, Team, User
from accounts.models.invitation import close
from accounts.permissions import Role


class CannotChange(Exception):
    """A member stays as they are; `sentence` says why, and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


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
    """Give the team other settings, by their names. Its address in links stays, so that old links keep working."""
    before = {name: getattr(team, name) for name in settings}
    if before == settings:
        return
    for name, value in settings.items():
        setattr(team, name, value)
    team.save(update_fields=list(settings))
    audit.record(Action.TEAM_CHANGED, team, by=by, **audit.changes(before, settings))


@transaction.atomic
def add(team: Team, user: User, role: str, *, by: User | Actor) -> Membership:
    """Let a person in. Raises AlreadyMember."""
    membership, is_new = Membership.objects.get_or_create(team=team, user=user, defaults={"role": role})
    if not is_new:
        raise AlreadyMember
    audit.record(Action.MEMBER_ADDED, user, by=by, team=team, email=user.email, role=role)
    return membership


@transaction.atomic
def change_role(membership: Membership, role: str, *, by: User | Actor) -> None:
    """Give a member another role; they sign in again. Raises CannotChange."""
    membership = _locked(membership)
    before = membership.role
    if before == role:
        return
    _keep_an_admin(membership, role)
    membership.role = role
    membership.save(update_fields=["role"])
    people.end_sessions(membership.user)
    audit.record(
        Action.MEMBER_CHANGED,
        membership.user,
        by=by,
        team=membership.team,
        **audit.changes({"role": before}, {"role": role}),
    )


@transaction.atomic
def remove(membership: Membership, *, by: User | Actor) -> None:
    """Take a person out of the team: their sessions and open invitations end at once. Raises CannotChange."""
    membership = _locked(membership)
    _keep_an_admin(membership, None)
    user, team, role = membership.user, membership.team, membership.role
    membership.delete()
    people.end_sessions(user)
    with scope(team=team):
        close(team.invitations.filter(address__iexact=user.email), timezone.now())
    tokens.revoke_all(team, user, by=by)
    audit.record(Action.MEMBER_REMOVED, user, by=by, team=team, email=user.email, role=role)


def _locked(membership: Membership) -> Membership:
    """The membership as it stands now; until the caller commits, nobody else changes any of its team."""
    team = Team.objects.select_for_update().get(pk=membership.team_id)
    found = team.memberships.select_related("team", "user").filter(pk=membership.pk).first()
    if found is None:
        raise CannotChange("Somebody else has just removed this person from the team.")
    return found


def _keep_an_admin(membership: Membership, role: str | None) -> None:
    """Refuse if only this member is Admin, and in the new role (or gone: None) would be so no longer."""
    if membership.role != Role.ADMIN or role == Role.ADMIN:
        return
    admins = membership.team.memberships.filter(role=Role.ADMIN, user__is_active=True)
    if not admins.exclude(pk=membership.pk).exists():
        raise CannotChange("A team needs an Admin. Make somebody else an Admin first.")
