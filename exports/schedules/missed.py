"""Decide which due times of a schedule run and which are skipped, and explain it in a sentence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from exports.schedules.rules.occurrences import FreezeDays
from exports.schedules.rules.words import day_in_words


@dataclass(frozen=True)
class Planned:
    """One occurrence to create, with or without a run, for the last of `covers` due times."""

    due_at: datetime
    runs: bool
    covers: int = 1
    sentence: str = ""


def plan(
    due: Sequence[datetime],
    *,
    now: datetime,
    late_after: timedelta,
    free_since: datetime | None,
    skip_missed: bool,
    freeze_on: Callable[[datetime], FreezeDays | None],
    zone: ZoneInfo,
) -> list[Planned]:
    """The occurrences for these due times, earliest first. At most one runs: the last that may.

    `free_since` is when the schedule's previous run ended. Times before that waited for it, and do not count as missed.
    """
    frozen = [at for at in due if freeze_on(at)]
    others = [at for at in due if not freeze_on(at)]
    missed = [at for at in others if now - max(at, free_since or at) > late_after]
    planned = []
    if frozen:
        freeze = freeze_on(frozen[-1])
        assert freeze is not None
        days = f"{day_in_words(freeze.first)} to {day_in_words(freeze.last)}"
        sentence = f"{_name_skipped(frozen, zone)}: {days} is a freeze ({freeze.reason})."
        planned.append(Planned(frozen[-1], False, len(frozen), sentence))
    if skip_missed and missed:
        why = "the portal could not start it in time, and this schedule skips what was missed"
        sentence = f"{_name_skipped(missed, zone)}: {why}."
        planned.append(Planned(missed[-1], False, len(missed), sentence))
        others, missed = others[len(missed) :], []
    if others:
        planned.append(Planned(others[-1], True, len(others), _explain_delay(others, missed, now, zone)))
    return sorted(planned, key=lambda occurrence: occurrence.due_at)


def _name_skipped(times: Sequence[datetime], zone: ZoneInfo) -> str:
    return "Nothing ran" if len(times) == 1 else f"Nothing ran at {_span(times, zone)}"


def _explain_delay(times: Sequence[datetime], missed: Sequence[datetime], now: datetime, zone: ZoneInfo) -> str:
    why = "the portal could not start them in time" if missed else "the run before it had not come to its end"
    if len(times) > 1:
        return f"This run stands for {_span(times, zone)}: {why}."
    if missed:
        late = _duration(now - times[0])
        due = time_in_words(times[0], zone)
        return f"It was due on {due} and started {late} late: the portal could not start it in time."
    return ""


def _span(times: Sequence[datetime], zone: ZoneInfo) -> str:
    return f"{len(times)} due times, from {time_in_words(times[0], zone)} to {time_in_words(times[-1], zone)}"


def zone_of(rule: dict[str, Any]) -> ZoneInfo:
    """The time zone of a stored rule."""
    return ZoneInfo(rule.get("zone", "UTC"))


def time_in_words(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{day_in_words(local.date())} at {local:%H:%M}"


def _duration(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    for name, size in (("day", 24 * 60), ("hour", 60)):
        if minutes >= 2 * size:
            return f"{minutes // size} {name}s"
    return f"{minutes} minutes"
