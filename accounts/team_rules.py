"""Switch off the rules that ask for a second person, which takes a second Admin too.

Otherwise one Admin alone could switch such a rule off, act, and switch it on again. Where the team has another Admin,
one of the others approves it. An Admin alone waits for a day, and every Admin is told, so that whoever shares the
account's mailbox or becomes an Admin meanwhile can withdraw it. Switching a rule on takes effect at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action, Actor
from accounts.mail import notifications
from accounts.models import Team, User
from accounts.permissions import Role

# The settings of a team that are such rules, in words.
RULES = {"two_people": "Employee updates need a second person", "two_admins": "A new pair needs a second Admin"}
WAIT = timedelta(hours=24)


class CannotChange(Exception):
    """The rule was not changed; the message says why."""


@dataclass(frozen=True)
class Ending:
    """A rule that somebody wants off."""

    rule: str
    by: int
    by_name: str
    at: datetime

    @property
    def words(self) -> str:
        return RULES[self.rule]

    @property
    def due_at(self) -> datetime:
        return self.at + WAIT


def endings(team: Team) -> list[Ending]:
    """The rules that are to be switched off, in the order of the settings."""
    stored = team.rules_ending or {}
    return [
        Ending(rule, stored[rule]["by"], stored[rule]["by_name"], datetime.fromisoformat(stored[rule]["at"]))
        for rule in RULES
        if rule in stored
    ]


def other_admins(team: Team, person: int) -> bool:
    """Whether the team has an Admin besides this person."""
    admins = team.memberships.filter(role=Role.ADMIN, user__is_active=True)
    return admins.exclude(user=person).exists()


def ask(team: Team, rules: Iterable[str], *, by: User, now: datetime | None = None) -> None:
    """Ask to switch these rules off, in the caller's transaction, and tell all Admins."""
    now, stored = now or timezone.now(), dict(team.rules_ending or {})
    for rule in rules:
        if rule in stored:
            continue
        stored[rule] = {"by": by.pk, "by_name": str(by), "at": now.isoformat()}
        audit.record(Action.TEAM_RULE_ASKED, team, by=by, rule=rule)
        _tell(team, by, rule, now)
    team.rules_ending = stored
    team.save(update_fields=["rules_ending"])


def forget(team: Team, rules: Iterable[str]) -> None:
    """Nobody wants these rules off any more, in the caller's transaction."""
    stored = {rule: asked for rule, asked in (team.rules_ending or {}).items() if rule not in set(rules)}
    team.rules_ending = stored or None
    team.save(update_fields=["rules_ending"])


@transaction.atomic
def approve(team: Team, rule: str, *, by: User) -> None:
    """Switch a rule off as a second Admin. Raises CannotChange."""
    team, ending = _locked(team, rule)
    if ending.by == by.pk:
        raise CannotChange("You asked for this yourself. Another Admin has to approve it.")
    _switch_off(team, ending, by=by, approved_by=str(by))


@transaction.atomic
def withdraw(team: Team, rule: str, *, by: User) -> None:
    """Keep a rule on. Raises CannotChange."""
    team, _ = _locked(team, rule)
    forget(team, [rule])
    audit.record(Action.TEAM_RULE_KEPT, team, by=by, rule=rule)


def switch_off_due(now: datetime) -> None:
    """Switch off what an Admin alone has waited for. With another Admin by now, it waits for their approval."""
    for pk in Team.objects.filter(rules_ending__isnull=False).values_list("pk", flat=True):
        with transaction.atomic():
            team = Team.objects.select_for_update().get(pk=pk)
            for ending in endings(team):
                if ending.due_at <= now and not other_admins(team, ending.by):
                    _switch_off(team, ending, by=PORTAL, approved_by="")


def _switch_off(team: Team, ending: Ending, *, by: User | Actor, approved_by: str) -> None:
    setattr(team, ending.rule, False)
    team.save(update_fields=[ending.rule])
    forget(team, [ending.rule])
    changes = audit.changes({ending.rule: True}, {ending.rule: False})
    audit.record(Action.TEAM_CHANGED, team, by=by, asked_by=ending.by_name, approved_by=approved_by, **changes)


def _locked(team: Team, rule: str) -> tuple[Team, Ending]:
    team = Team.objects.select_for_update().get(pk=team.pk)
    ending = next((ending for ending in endings(team) if ending.rule == rule), None)
    if ending is None:
        raise CannotChange("Nobody wants this rule off any more. Nothing was changed.")
    return team, ending


def _tell(team: Team, by: User, rule: str, now: datetime) -> None:
    if other_admins(team, by.pk):
        then = "It stays on until another Admin approves this on the team's page."
    else:
        then = "The team has no other Admin, so it stays on for 24 hours, and is then switched off."
    with scope(team=team):
        notifications.tell(
            team,
            f"rule {rule} asked off {now.isoformat()}",
            notifications.admins(team),
            subject=f"{by} wants a rule of {team} switched off",
            text=f"The rule: “{RULES[rule]}”.\n\n{then} Any Admin can keep it on, on the same page.",
            path=f"/t/{team.slug}/team/",
        )
