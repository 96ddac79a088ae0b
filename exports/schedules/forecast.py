"""The coming runs of the team's schedules, and whether they fit into the API limit."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from typing import NamedTuple

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import Team
from exports.models import SavedExport, Schedule
from exports.models.run import Status
from exports.runs.steps import calls_left, kind_of
from exports.saved_exports.job import ExportSettings
from exports.schedules import calendar as schedule_calendar
from exports.schedules.rules.load import Due, Move, find_tight_times, spread
from exports.schedules.rules.occurrences import FreezeDays, coming, freeze_of
from exports.schedules.rules.rule import Rule

DAYS = 28
# How many lines of a day, and times of a line, are shown; the rest is counted.
MOST_LINES = 20
MOST_TIMES = 4
MOST_TIGHT = 5
MOST_NAMES = 5


@dataclass
class ForecastRow:
    """One schedule on one day, its times in the team's zone."""

    schedule: Schedule
    is_frozen: bool
    times: list[datetime] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def shown(self) -> list[datetime]:
        return self.times[:MOST_TIMES]

    @property
    def more(self) -> int:
        return len(self.times) - len(self.shown)


@dataclass
class Day:
    on: date
    holiday: str | None
    is_weekend: bool
    freeze: FreezeDays | None
    runs: int = 0
    calls: int = 0
    lines: list[ForecastRow] = field(default_factory=list)

    @property
    def shown(self) -> list[ForecastRow]:
        return self.lines[:MOST_LINES]

    @property
    def more(self) -> int:
        return len(self.lines) - len(self.shown)


class TightTime(NamedTuple):
    at: datetime
    runs: int
    calls: int
    minutes: int
    moves: list[str]


@dataclass
class BudgetLoad:
    """One call budget: the credentials that share it, its calls in these weeks, and where they exceed the limit."""

    credentials: list[str]
    due: list[Due] = field(default_factory=list)
    tight: list[TightTime] = field(default_factory=list)
    more_tight: int = 0

    @property
    def calls(self) -> int:
        return sum(due.calls for due in self.due)


class Weeks(NamedTuple):
    days: list[Day]
    budgets: list[BudgetLoad]
    paused: list[Schedule]


def weeks(team: Team, first: date, now: datetime) -> Weeks:
    """Four weeks from `first`, but not before now. Five queries, however many schedules there are."""
    zone, calendar, freezes = (team.zone, schedule_calendar.calendar_of(team), schedule_calendar.freezes_of(team))
    days = {
        on: Day(on, calendar.off(on), calendar.is_weekend(on), freeze_of(on, freezes))
        for on in (first + timedelta(days=number) for number in range(DAYS))
    }
    begin = datetime.combine(first, time(), tzinfo=zone)
    end = datetime.combine(first + timedelta(days=DAYS), time(), tzinfo=zone)
    after = max(now, begin - timedelta(microseconds=1))
    budgets: dict[str, BudgetLoad] = {}
    schedules = list(_live(team))
    for schedule in schedules:
        if schedule.is_paused:
            continue
        calls = calls_of(schedule.export)
        credential = schedule.export.credential
        budget = budgets.setdefault(credential.fingerprint, BudgetLoad([]))
        if credential.name not in budget.credentials:
            budget.credentials.append(credential.name)
        lines: dict[date, ForecastRow] = {}
        rule = Rule.from_json(schedule.rule)
        for due in takewhile(lambda due: due.at < end, coming(rule, after, calendar, freezes)):
            local = due.at.astimezone(zone)
            line = lines.setdefault(local.date(), ForecastRow(schedule, due.is_frozen))
            line.times.append(local)
            line.notes += [note for note in due.notes if note not in line.notes]
            if not due.is_frozen:
                days[local.date()].runs += 1
                days[local.date()].calls += calls
                budget.due.append(Due(due.at, schedule.name, calls))
        for on, line in lines.items():
            days[on].lines.append(line)
    for day in days.values():
        day.lines.sort(key=lambda line: (line.times[0], line.schedule.name))
    for budget in budgets.values():
        _find_tight_times(budget)
    return Weeks(
        list(days.values()), list(budgets.values()), [schedule for schedule in schedules if schedule.is_paused]
    )


def calls_of(export: SavedExport) -> int:
    """How many calls a run of the export's current version makes."""
    job = ExportSettings.from_json(export.present.settings)
    return calls_left(Status.QUEUED, kind_of(job))


def _live(team: Team) -> QuerySet[Schedule]:
    rows = team.schedules.live().select_related("export__version", "export__credential", "team")
    return rows.only(
        "name", "rule", "paused_at", "team__slug", "export__credential__name",
        "export__credential__fingerprint", "export__version__settings",
    ).order_by("name", "pk")  # fmt: skip


def _find_tight_times(budget: BudgetLoad) -> None:
    service = settings.EXPENSIFY_LIMITS.service
    tight_times = find_tight_times(budget.due, service)
    budget.more_tight = max(len(tight_times) - MOST_TIGHT, 0)
    for tight in tight_times[:MOST_TIGHT]:
        moves = [_describe(move) for move in spread(tight, service)]
        minutes = round(tight.wait.total_seconds() / 60)
        budget.tight.append(TightTime(tight.at, len(tight.due), tight.calls, minutes, moves))


def _describe(move: Move) -> str:
    names = ", ".join(f"“{name}”" for name in move.schedules[:MOST_NAMES])
    more = len(move.schedules) - MOST_NAMES
    return f"{round(move.by.total_seconds() / 60)} minutes later: {names}{f' and {more} more' if more > 0 else ''}."
