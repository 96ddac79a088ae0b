"""Read whole days off from a calendar file (ICS, RFC 5545)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from exports.schedules.rules.working_days import ONE_DAY

MOST_BYTES = 1_000_000
MOST_EVENTS = 5_000
MOST_DAYS = 1_000
MOST_DAYS_OF_ONE = 31
YEARS_AHEAD = 5
NAME_LENGTH = 100

TIMED = "with a time of day: only whole days can be days off"
LONG = f"longer than {MOST_DAYS_OF_ONE} days"
RECURRING = "with a recurrence other than once a year on the same date"
BROKEN = "without a date that can be read"
CANCELLED = "marked as cancelled"
OUTSIDE = f"in the past, or more than {YEARS_AHEAD} years ahead"


class UnreadableCalendar(Exception):
    """The file cannot be imported; the message is a sentence that says why."""


@dataclass(frozen=True)
class Imported:
    """Days off with their names, in order, and sentences about skipped events."""

    days: dict[date, str]
    left_out: tuple[str, ...]


class _LeftOut(Exception):
    """An event without a usable day; the message says why."""


def read_ics(content: bytes, today: date) -> Imported:
    """The days off from 1 January of this year to YEARS_AHEAD. Raises UnreadableCalendar."""
    # Imported here to keep it out of web processes: see tests/test_process_imports.py.
    from icalendar import Calendar as IcsCalendar
    from icalendar.error import BrokenCalendarProperty

    if len(content) > MOST_BYTES:
        raise UnreadableCalendar("The file is larger than 1 MB. Export a calendar that holds only the days off.")
    try:
        calendars = IcsCalendar.from_ical(content, multiple=True)
        events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
        if not any(calendar.name == "VCALENDAR" for calendar in calendars):
            raise ValueError("no calendar in it")
    # The library raises any of these for files that are not calendars.
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableCalendar("This is not a calendar file. Choose one whose name ends with .ics.") from error
    if len(events) > MOST_EVENTS:
        raise UnreadableCalendar(f"The file has more than {MOST_EVENTS} events. Export only the days off.")
    first, last = date(today.year, 1, 1), date(today.year + YEARS_AHEAD, 12, 31)
    days: dict[date, str] = {}
    left_out: Counter[str] = Counter()
    for event in events:
        try:
            event_days = [day for day in _days(event, first, last) if first <= day <= last]
            if not event_days:
                raise _LeftOut(OUTSIDE)
            name = _name(event)
        except _LeftOut as reason:
            left_out[str(reason)] += 1
            continue
        except (BrokenCalendarProperty, OverflowError):
            left_out[BROKEN] += 1
            continue
        for day in event_days:
            days.setdefault(day, name)
        if len(days) > MOST_DAYS:
            raise UnreadableCalendar(f"The file has more than {MOST_DAYS} days off. Export only the days off.")
    return Imported(dict(sorted(days.items())), tuple(_sentences(left_out)))


def _days(event: Any, first: date, last: date) -> Iterator[date]:
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        raise _LeftOut(CANCELLED)
    start, length = _read_span(event)
    except_on = {_as_date(item.dt) for item in _dates(event.get("EXDATE"))}
    for begins in _beginnings(event, start, first, last):
        if begins not in except_on:
            yield from (begins + timedelta(days=number) for number in range(length))


def _read_span(event: Any) -> tuple[date, int]:
    """The first day, and how many days. An event's DTEND is the day after its last."""
    try:
        start, end = event.decoded("DTSTART"), event.decoded("DTEND", None)
        lasts = event.decoded("DURATION", None)
    except (ValueError, KeyError, TypeError) as error:
        raise _LeftOut(BROKEN) from error
    if isinstance(start, datetime) or isinstance(end, datetime):
        raise _LeftOut(TIMED)
    if not isinstance(start, date) or not (end is None or isinstance(end, date)):
        raise _LeftOut(BROKEN)
    if end is None and isinstance(lasts, timedelta):
        end = start + timedelta(days=min(max(lasts.days, 1), MOST_DAYS_OF_ONE + 1))
    length = (end - start).days if end is not None else 1
    if length > MOST_DAYS_OF_ONE:
        raise _LeftOut(LONG)
    return start, max(length, 1)


def _beginnings(event: Any, start: date, first: date, last: date) -> Iterator[date]:
    """The first day of each repetition: one, or one a year."""
    rule = event.get("RRULE")
    if rule is None:
        if event.get("RDATE") is not None:
            raise _LeftOut(RECURRING)
        yield start
        return
    if isinstance(rule, list) or not _is_yearly(rule, start):
        raise _LeftOut(RECURRING)
    until, count = _as_date(_first(rule, "UNTIL")), _first(rule, "COUNT")
    for number, year in enumerate(range(start.year, last.year + 1)):
        if start.month == 2 and start.day == 29:
            raise _LeftOut(RECURRING)
        day = start.replace(year=year)
        if (until and day > until) or (count is not None and number >= count):
            return
        if day >= first - ONE_DAY * MOST_DAYS_OF_ONE:
            yield day


def _is_yearly(rule: Any, start: date) -> bool:
    supported = {"FREQ", "INTERVAL", "UNTIL", "COUNT", "WKST", "BYMONTH", "BYMONTHDAY"}
    return (
        set(rule) <= supported
        and rule.get("FREQ") == ["YEARLY"]
        and rule.get("INTERVAL", [1]) == [1]
        and [int(month) for month in rule.get("BYMONTH", [start.month])] == [start.month]
        and rule.get("BYMONTHDAY", [start.day]) == [start.day]
    )


def _dates(value: Any) -> Iterator[Any]:
    for item in value if isinstance(value, list) else [value]:
        yield from getattr(item, "dts", [])


def _first(rule: Any, name: str) -> Any:
    return (rule.get(name) or [None])[0]


def _as_date(value: Any) -> date | None:
    return value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None


def _name(event: Any) -> str:
    name = " ".join("".join(c if c.isprintable() else " " for c in str(event.get("SUMMARY", ""))).split())
    return name[:NAME_LENGTH] or "Day off"


def _sentences(left_out: Counter[str]) -> Iterator[str]:
    for why, number in left_out.items():
        yield f"{number} {'event was' if number == 1 else 'events were'} left out, {why}."
