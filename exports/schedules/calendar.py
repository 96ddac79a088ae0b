"""The team's calendar: holidays and freeze windows, what people change in them, and what follows for its schedules."""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.models import Team, User
from exports.models import Freeze, Holiday
from exports.schedules.rules.occurrences import FreezeDays, next_occurrence
from exports.schedules.rules.rule import Rule
from exports.schedules.rules.working_days import Calendar, national_days


def calendar_of(team: Team) -> Calendar:
    """Which days are business days for the team."""
    own = {each.on: (each.name, each.is_off) for each in Holiday.objects.filter(team=team)}
    return Calendar(team.holidays_of, own)


def freezes_of(team: Team) -> list[FreezeDays]:
    return [FreezeDays(each.first, each.last, each.reason) for each in Freeze.objects.filter(team=team)]


@transaction.atomic
def choose_national(team: Team, national: str, *, by: User) -> None:
    """Take another country's public holidays, or with "" none. The team's own days stay."""
    Team.objects.select_for_update().get(pk=team.pk)
    before = {"holidays_of": team.holidays_of}
    if team.holidays_of == national:
        return
    team.holidays_of = national
    team.save(update_fields=["holidays_of"])
    audit.record(Action.HOLIDAYS_CHANGED, team, by=by, **audit.changes(before, {"holidays_of": national}))
    _reckon_anew(team)


@transaction.atomic
def set_days(team: Team, days: Mapping[date, tuple[str, bool]], *, by: User) -> int:
    """Add days of the team's own, (name, whether it is off), or replace those there are; how many are different now."""
    Team.objects.select_for_update().get(pk=team.pk)
    present = {each.on: each for each in Holiday.objects.filter(team=team, on__in=list(days))}
    before: dict[str, str | None] = {}
    after: dict[str, str | None] = {}
    for on, (name, is_off) in days.items():
        row = present.get(on) or Holiday(team=team, on=on)
        if row.pk is not None and (row.name, row.is_off) == (name, is_off):
            continue
        before |= {_label(on): _told(row) if row.pk else None}
        row.name, row.is_off = name, is_off
        row.save()
        after |= {_label(on): _told(row)}
    if after:
        audit.record(Action.HOLIDAYS_CHANGED, team, by=by, **audit.changes(before, after))
        _reckon_anew(team)
    return len(after)


@transaction.atomic
def remove_day(holiday: Holiday, *, by: User) -> None:
    """Take one of the team's own days back; under it a national holiday shows again."""
    team = Team.objects.select_for_update().get(pk=holiday.team_id)
    before = {_label(holiday.on): _told(holiday)}
    if Holiday.objects.filter(pk=holiday.pk).delete()[0]:
        audit.record(Action.HOLIDAYS_CHANGED, team, by=by, **audit.changes(before, {}))
        _reckon_anew(team)


def strike_out(team: Team, on: date, *, by: User) -> bool:
    """Work on a national holiday. False when that day is none."""
    name = national_days(team.holidays_of, on.year).get(on)
    if name is None:
        return False
    set_days(team, {on: (name[:100], False)}, by=by)
    return True


@transaction.atomic
def add_freeze(team: Team, first: date, last: date, reason: str, *, by: User) -> Freeze:
    freeze = Freeze.objects.create(team=team, first=first, last=last, reason=reason)
    audit.record(Action.FREEZE_ADDED, freeze, by=by, first=first, last=last, reason=reason)
    return freeze


@transaction.atomic
def remove_freeze(freeze: Freeze, *, by: User) -> None:
    """From now on schedules run on these days again; what was skipped meanwhile stays skipped."""
    audit.record(
        Action.FREEZE_REMOVED, freeze, by=by, first=freeze.first, last=freeze.last, reason=freeze.reason
    )
    freeze.delete()


def _reckon_anew(team: Team, now: datetime | None = None) -> None:
    """Give each schedule the next occurrence that the changed calendar names.

    One that is due already keeps its time: whoever starts schedules is about to take it.
    """
    now = now or timezone.now()
    calendar = calendar_of(team)
    for schedule in (
        team.schedules.filter(archived_at=None, paused_at=None)
        .exclude(next_at__lte=now)
        .only("rule", "next_at")
    ):
        rule = Rule.from_json(schedule.rule)
        if not rule.needs_calendar:
            continue
        next_at = next_occurrence(rule, now, calendar)
        if next_at != schedule.next_at:
            team.schedules.filter(pk=schedule.pk, next_at=schedule.next_at).update(next_at=next_at)


def _label(on: date) -> str:
    return on.isoformat()


def _told(holiday: Holiday) -> str:
    return f"{holiday.name} ({'off' if holiday.is_off else 'worked'})"
