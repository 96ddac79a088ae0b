"""What the team's schedules will run in the coming weeks, and whether its call budgets have room for it."""

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
from exports.schedules.rules.load import Due, Move, spread, tight_times
from exports.schedules.rules.occurrences import FreezeDays, coming
from exports.schedules.rules.rule import Rule

DAYS = 28
# Lines of a day, and times of a line, that are shown; the rest is counted.
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
    """One call budget: the credentials that share it, what the weeks ask of it, and where that is too much."""

    credentials: list[str]
    due: list[Due] = field(default_factory=list)
    tight: list[TightTime] = field(default_factory=list)
    more_tight: int = 0

    @property
    def calls(self) -> int:
        return sum(each.calls for each in self.due)


class Weeks(NamedTuple):
    days: list[Day]
    budgets: list[BudgetLoad]
    paused: list[Schedule]


def weeks(team: Team, first: date, now: datetime) -> Weeks:
    """Four weeks from a day on, and from no earlier than now. Five queries, however many schedules there are."""
    zone, calendar, freezes = (
        team.zone,
        schedule_calendar.calendar_of(team),
        schedule_calendar.freezes_of(team),
    )
    days = {
        on: Day(
            on,
            calendar.off(on),
            calendar.is_weekend(on),
            next((each for each in freezes if each.first <= on <= each.last), None),
        )
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
        for each in takewhile(lambda found: found.at < end, coming(rule, after, calendar, freezes)):
            local = each.at.astimezone(zone)
            line = lines.setdefault(local.date(), ForecastRow(schedule, each.is_frozen))
            line.times.append(local)
            line.notes += [note for note in each.notes if note not in line.notes]
            if not each.is_frozen:
                days[local.date()].runs += 1
                days[local.date()].calls += calls
                budget.due.append(Due(each.at, schedule.name, calls))
        for on, line in lines.items():
            days[on].lines.append(line)
    for day in days.values():
        day.lines.sort(key=lambda line: (line.times[0], line.schedule.name))
    for budget in budgets.values():
        _judge(budget)
    return Weeks(list(days.values()), list(budgets.values()), [each for each in schedules if each.is_paused])


def calls_of(export: SavedExport) -> int:
    """How many calls a run of the export makes, as its present version stands."""
    asked = ExportSettings.from_json(export.present.settings)
    return calls_left(Status.QUEUED, kind_of(asked))


def _live(team: Team) -> QuerySet[Schedule]:
    found = team.schedules.live().select_related("export__version", "export__credential", "team")
    return found.only(
        "name", "rule", "paused_at", "team__slug", "export__credential__name",
        "export__credential__fingerprint", "export__version__settings",
    ).order_by("name", "pk")  # fmt: skip


def _judge(budget: BudgetLoad) -> None:
    service = settings.EXPENSIFY_LIMITS.service
    found = tight_times(budget.due, service)
    budget.more_tight = max(len(found) - MOST_TIGHT, 0)
    for each in found[:MOST_TIGHT]:
        moves = [_in_words(move) for move in spread(each, service)]
        budget.tight.append(
            TightTime(each.at, len(each.due), each.calls, round(each.wait.total_seconds() / 60), moves)
        )


def _in_words(move: Move) -> str:
    names = ", ".join(f"“{name}”" for name in move.schedules[:MOST_NAMES])
    more = len(move.schedules) - MOST_NAMES
    return f"{round(move.by.total_seconds() / 60)} minutes later: {names}{f' and {more} more' if more > 0 else ''}."
