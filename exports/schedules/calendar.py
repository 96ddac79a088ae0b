"""The team's calendar: change holidays and blackout periods, and update the due times of schedules."""

from collections.abc import Mapping
from datetime import date

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
    """The team's business days."""
    own = {holiday.on: (holiday.name, holiday.is_off) for holiday in Holiday.objects.filter(team=team)}
    return Calendar(team.holidays_of, own)


def freezes_of(team: Team) -> list[FreezeDays]:
    rows = Freeze.objects.filter(team=team)
    return [FreezeDays(freeze.first, freeze.last, freeze.reason) for freeze in rows]


@transaction.atomic
def choose_national(team: Team, national: str, *, by: User) -> None:
    """Use another country's public holidays, or none with "". The team's own days stay."""
    Team.objects.select_for_update().get(pk=team.pk)
    before = {"holidays_of": team.holidays_of}
    if team.holidays_of == national:
        return
    team.holidays_of = national
    team.save(update_fields=["holidays_of"])
    audit.record(Action.HOLIDAYS_CHANGED, team, by=by, **audit.changes(before, {"holidays_of": national}))
    _update_next_times(team)


@transaction.atomic
def set_days(team: Team, days: Mapping[date, tuple[str, bool]], *, by: User) -> int:
    """Add or replace the team's own days, as (name, whether it is off). Returns how many changed."""
    Team.objects.select_for_update().get(pk=team.pk)
    present = {holiday.on: holiday for holiday in Holiday.objects.filter(team=team, on__in=list(days))}
    before: dict[str, str | None] = {}
    after: dict[str, str | None] = {}
    for on, (name, is_off) in days.items():
        row = present.get(on) or Holiday(team=team, on=on)
        if row.pk is not None and (row.name, row.is_off) == (name, is_off):
            continue
        before[on.isoformat()] = _describe(row) if row.pk else None
        row.name, row.is_off = name, is_off
        row.save()
        after[on.isoformat()] = _describe(row)
    if after:
        audit.record(Action.HOLIDAYS_CHANGED, team, by=by, **audit.changes(before, after))
        _update_next_times(team)
    return len(after)


@transaction.atomic
def remove_day(holiday: Holiday, *, by: User) -> None:
    """Remove one of the team's own days. A national holiday on that day applies again."""
    team = Team.objects.select_for_update().get(pk=holiday.team_id)
    before = {holiday.on.isoformat(): _describe(holiday)}
    if Holiday.objects.filter(pk=holiday.pk).delete()[0]:
        audit.record(Action.HOLIDAYS_CHANGED, team, by=by, **audit.changes(before, {}))
        _update_next_times(team)


def strike_out(team: Team, on: date, *, by: User) -> bool:
    """Make a national holiday a working day. False if that day is not a holiday."""
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
    """Schedules run on these days again from now on; skipped occurrences stay skipped."""
    audit.record(Action.FREEZE_REMOVED, freeze, by=by, first=freeze.first, last=freeze.last, reason=freeze.reason)
    freeze.delete()


def _update_next_times(team: Team) -> None:
    """Set the next time of each schedule by the changed calendar.

    A schedule that is due already keeps its time: a worker is about to start it.
    """
    now = timezone.now()
    calendar = calendar_of(team)
    for schedule in (
        team.schedules.filter(archived_at=None, paused_at=None).exclude(next_at__lte=now).only("rule", "next_at")
    ):
        rule = Rule.from_json(schedule.rule)
        if not rule.needs_calendar:
            continue
        next_at = next_occurrence(rule, now, calendar)
        if next_at != schedule.next_at:
            team.schedules.filter(pk=schedule.pk, next_at=schedule.next_at).update(next_at=next_at)


def _describe(holiday: Holiday) -> str:
    return f"{holiday.name} ({'off' if holiday.is_off else 'worked'})"
