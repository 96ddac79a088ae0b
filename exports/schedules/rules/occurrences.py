"""The instants at which a rule is due, with notes about each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import islice, takewhile
from typing import NamedTuple
from zoneinfo import ZoneInfo

from exports.schedules.rules import cron_lines
from exports.schedules.rules.clocks import instant
from exports.schedules.rules.days import run_days
from exports.schedules.rules.rule import Rule, RuleKind
from exports.schedules.rules.words import day_in_words
from exports.schedules.rules.working_days import Calendar

# How many skipped days a note names.
MOST_SKIPPED = 3


@dataclass(frozen=True)
class FreezeDays:
    """A blackout period, both days included. It does not change due times; nothing runs on these days."""

    first: date
    last: date
    reason: str


@dataclass(frozen=True)
class Coming:
    """An occurrence, in UTC, with notes: a clock change, a move, days skipped before it, a blackout period."""

    at: datetime
    notes: tuple[str, ...] = ()
    is_frozen: bool = False


class _Due(NamedTuple):
    at: datetime
    on: date
    changes: tuple[str, ...]
    moved: tuple[date, ...]
    skipped: tuple[date, ...]


def next_occurrence(rule: Rule, after: datetime, calendar: Calendar) -> datetime | None:
    """The first occurrence after `after`, in UTC; None if the rule has ended, or selects no more days."""
    return next((due.at for due in _due(rule, after, calendar)), None)


def between(rule: Rule, first: datetime, last: datetime, calendar: Calendar) -> list[datetime]:
    """The occurrences after `first`, up to and including `last`."""
    return [due.at for due in takewhile(lambda due: due.at <= last, _due(rule, first, calendar))]


def occurrences(
    rule: Rule, after: datetime, calendar: Calendar, count: int, freezes: Iterable[FreezeDays] = ()
) -> list[Coming]:
    """The next occurrences after `after`, fewer than `count` if the rule ends."""
    return list(islice(coming(rule, after, calendar, freezes), count))


def coming(rule: Rule, after: datetime, calendar: Calendar, freezes: Iterable[FreezeDays] = ()) -> Iterator[Coming]:
    """All occurrences after `after`, lazily: most rules have no last one."""
    freezes = list(freezes)
    for due in _due(rule, after, calendar):
        freeze = freeze_of(due.on, freezes)
        notes = [
            *(f"The clocks change on this day: {change}." for change in due.changes),
            *(f"Moved from {_describe(day, calendar)}." for day in due.moved),
            *_name_skipped(due.skipped, calendar),
            *([f"Frozen: {freeze.reason}. Nothing runs on this day."] if freeze else []),
        ]
        yield Coming(due.at, tuple(notes), freeze is not None)


def freeze_on(rule: Rule, at: datetime, freezes: Iterable[FreezeDays]) -> FreezeDays | None:
    """The blackout period that covers an instant, in the rule's time zone."""
    return freeze_of(at.astimezone(ZoneInfo(rule.zone)).date(), freezes)


def freeze_of(day: date, freezes: Iterable[FreezeDays]) -> FreezeDays | None:
    """The blackout period that covers a day."""
    return next((freeze for freeze in freezes if freeze.first <= day <= freeze.last), None)


def _due(rule: Rule, after: datetime, calendar: Calendar) -> Iterator[_Due]:
    zone = ZoneInfo(rule.zone)
    times = cron_lines.times(rule.cron) if rule.kind == RuleKind.CRON else sorted(set(rule.times))
    skipped: list[date] = []
    for on, named in run_days(rule, after.astimezone(zone).date(), calendar):
        if not named:
            skipped.append(on)
            continue
        moved = tuple(day for day in named if day != on) if on not in named else ()
        for at, changes in _instants(on, times, zone):
            if at > after:
                yield _Due(at, on, changes, moved, tuple(skipped))
                skipped.clear()


def _instants(on: date, times: Iterable[time], zone: ZoneInfo) -> list[tuple[datetime, tuple[str, ...]]]:
    """The instants of a day with clock changes, in order. Several times in a clock gap become one instant."""
    changes: dict[datetime, list[str]] = {}
    for moment in (instant(on, at, zone) for at in times):
        if moment is not None:
            changes.setdefault(moment.at, []).extend([moment.change] if moment.change else [])
    return [(at.astimezone(UTC), tuple(changes[at])) for at in sorted(changes)]


def _name_skipped(days: tuple[date, ...], calendar: Calendar) -> list[str]:
    if not days:
        return []
    named = "; ".join(_describe(day, calendar) for day in days[-MOST_SKIPPED:])
    more = len(days) - MOST_SKIPPED
    return [f"Left out before it: {named}{f'; and {more} more' if more > 0 else ''}."]


def _describe(day: date, calendar: Calendar) -> str:
    """A day, and why it is not a business day: “25 December 2026 (Christmas Day)”."""
    why = calendar.off(day) or ("a weekend" if calendar.is_weekend(day) else "")
    return f"{day_in_words(day)}{f' ({why})' if why else ''}"
