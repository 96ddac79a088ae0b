"""The instants at which a rule is due, and what there is to say about each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import islice, takewhile
from typing import NamedTuple
from zoneinfo import ZoneInfo

from exports.schedules.rules import cron_lines
from exports.schedules.rules.clocks import Instant, instant
from exports.schedules.rules.days import run_days
from exports.schedules.rules.rule import Rule, RuleKind
from exports.schedules.rules.words import day_in_words
from exports.schedules.rules.working_days import Calendar

# A schedule that leaves out a fortnight of days names no more of them than this.
MOST_LEFT_OUT = 3


@dataclass(frozen=True)
class FreezeDays:
    """Days, both included, on which nothing runs. They do not change when a schedule is due."""

    first: date
    last: date
    reason: str


@dataclass(frozen=True)
class Coming:
    """An occurrence, in UTC, with sentences about it: a clock change, a move, days left out before it, a freeze."""

    at: datetime
    notes: tuple[str, ...] = ()
    is_frozen: bool = False


class _Due(NamedTuple):
    at: datetime
    on: date
    changes: tuple[str, ...]
    moved: tuple[date, ...]
    left_out: tuple[date, ...]


def next_occurrence(rule: Rule, after: datetime, calendar: Calendar) -> datetime | None:
    """The first one strictly after `after`, in UTC; None when the rule has ended, or names no day any more."""
    return next((due.at for due in _due(rule, after, calendar)), None)


def between(rule: Rule, first: datetime, last: datetime, calendar: Calendar) -> list[datetime]:
    """Those after `first`, up to and including `last`."""
    return [due.at for due in takewhile(lambda due: due.at <= last, _due(rule, first, calendar))]


def occurrences(
    rule: Rule, after: datetime, calendar: Calendar, count: int, freezes: Iterable[FreezeDays] = ()
) -> list[Coming]:
    """The next ones strictly after `after`, fewer than `count` when the rule ends."""
    return list(islice(coming(rule, after, calendar, freezes), count))


def coming(
    rule: Rule, after: datetime, calendar: Calendar, freezes: Iterable[FreezeDays] = ()
) -> Iterator[Coming]:
    """All of them, as they are asked for; most rules have no last one."""
    freezes = list(freezes)
    for due in _due(rule, after, calendar):
        frozen = _covering(due.on, freezes)
        notes = [
            *(f"The clocks change on this day: {change}." for change in due.changes),
            *(f"Moved from {_called(day, calendar)}." for day in due.moved),
            *_left_out(due.left_out, calendar),
            *([f"Frozen: {frozen.reason}. Nothing runs on this day."] if frozen else []),
        ]
        yield Coming(due.at, tuple(notes), frozen is not None)


def freeze_on(rule: Rule, at: datetime, freezes: Iterable[FreezeDays]) -> FreezeDays | None:
    """The freeze into which an occurrence at `at` falls, by the rule's own clocks."""
    return _covering(at.astimezone(ZoneInfo(rule.zone)).date(), freezes)


def _due(rule: Rule, after: datetime, calendar: Calendar) -> Iterator[_Due]:
    zone = ZoneInfo(rule.zone)
    times = cron_lines.times(rule.cron) if rule.kind == RuleKind.CRON else sorted(set(rule.times))
    left_out: list[date] = []
    for on, named in run_days(rule, after.astimezone(zone).date(), calendar):
        if not named:
            left_out.append(on)
            continue
        moved = tuple(day for day in named if day != on) if on not in named else ()
        for at, changes in _instants(on, times, zone):
            if at > after:
                yield _Due(at, on, changes, moved, tuple(left_out))
                left_out.clear()


def _instants(on: date, times: Iterable[time], zone: ZoneInfo) -> list[tuple[datetime, tuple[str, ...]]]:
    """The instants of a day, in order, each once: several times that the clocks skip meet in one."""
    found: dict[datetime, list[str]] = {}
    for each in (instant(on, at, zone) for at in times):
        if isinstance(each, Instant):
            found.setdefault(each.at, []).extend([each.change] if each.change else [])
    return [(at.astimezone(UTC), tuple(found[at])) for at in sorted(found)]


def _covering(day: date, freezes: Iterable[FreezeDays]) -> FreezeDays | None:
    return next((each for each in freezes if each.first <= day <= each.last), None)


def _left_out(days: tuple[date, ...], calendar: Calendar) -> list[str]:
    if not days:
        return []
    named = "; ".join(_called(day, calendar) for day in days[-MOST_LEFT_OUT:])
    more = len(days) - MOST_LEFT_OUT
    return [f"Left out before it: {named}{f'; and {more} more' if more > 0 else ''}."]


def _called(day: date, calendar: Calendar) -> str:
    """A day with why it is no business day: “25 December 2026 (Christmas Day)”."""
    why = calendar.off(day) or ("a weekend" if calendar.is_weekend(day) else "")
    return f"{day_in_words(day)}{f' ({why})' if why else ''}"
