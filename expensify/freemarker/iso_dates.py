"""Dates as ISO 8601 and XML Schema write them: `iso`, `xs` and the options after them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import Literal

from expensify.freemarker.errors import RenderError

_FORM = re.compile(r"(iso|xs)(?:[ _]+(.*))?\Z", re.S)
_DATE = r"(-?[0-9]{4,9})-([0-9]{2})-([0-9]{2})"
_BASIC_DATE = r"([0-9]{4})([0-9]{2})([0-9]{2})"
_TIME = r"([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?)?"
_BASIC_TIME = r"([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:[.,]([0-9]+))?)?)?"
_ZONE = r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"


@dataclass(frozen=True)
class IsoOptions:
    """`zone` None shows it where the standard has one.

    `parts` is the last part of the time to show; "any", like no word at all, shows milliseconds if there are some.
    """

    is_xs: bool
    zone: bool | None = None
    parts: Literal["h", "m", "s", "ms", "any", ""] = ""
    utc: bool | None = None


def iso_options(form: str) -> IsoOptions | None:
    """What a format like `iso m nz` asks for; None when it is no ISO format."""
    found = _FORM.match(form)
    if found is None:
        return None
    options = IsoOptions(is_xs=found[1] == "xs")
    for word in re.split(r"[ _]+", found[2] or ""):
        if word in ("h", "m", "s", "ms"):
            options = replace(options, parts=word)  # type: ignore[arg-type]
        elif word in ("nz", "fz"):
            options = replace(options, zone=word == "fz")
        elif word == "u":
            options = replace(options, utc=True)
        elif word:
            raise RenderError(f"{word[:20]} means nothing in a format that begins with {found[1]}")
    return options


def format_iso(at: dt.datetime, kind: str, options: IsoOptions, zone: dt.tzinfo) -> str:
    """An aware time as text."""
    shown = at.astimezone(dt.UTC if options.utc else zone)
    date = f"{shown.year:04}-{shown.month:02}-{shown.day:02}"
    with_zone = options.zone if options.zone is not None else True
    offset = _offset(shown) if with_zone else ""
    if kind == "date":
        return date + (offset if options.is_xs else "")
    time = _time(shown, options.parts) + offset
    return time if kind == "time" else f"{date}T{time}"


def read_iso(text: str, kind: str, zone: dt.tzinfo) -> dt.datetime:
    """The aware time of a text that is exactly ISO 8601; without a zone it is in the given one."""
    time = f"(?:{_TIME}|{_BASIC_TIME}){_ZONE}"
    if kind == "time":
        found = re.fullmatch(f"T?{time}", text)
        date = dt.datetime(1970, 1, 1)  # noqa: DTZ001
        parts = found.groups() if found else ()
    else:
        pattern = f"(?:{_DATE}|{_BASIC_DATE})"
        found = re.fullmatch(pattern + (_ZONE if kind == "date" else f"T{time}"), text)
        groups = found.groups() if found else ()
        if found:
            year, month, day = groups[:3] if groups[0] else groups[3:6]
            date = _day(int(year), int(month), int(day), text)
        parts = groups[6:]
    if found is None:
        raise RenderError(f"{text[:40]!r} is not an ISO 8601 {kind}")
    offset = parts[-1]
    if kind != "date":
        hour, minute, second, fraction = parts[:4] if parts[0] else parts[4:8]
        date += _since_midnight(int(hour), int(minute or 0), int(second or 0), fraction, text)
    return date.replace(tzinfo=_zone_of(offset) if offset else zone)


def _day(year: int, month: int, day: int, text: str) -> dt.datetime:
    try:
        return dt.datetime(year, month, day)  # noqa: DTZ001
    except ValueError:
        raise RenderError(f"there is no such day: {text[:40]!r}") from None


def _since_midnight(hour: int, minute: int, second: int, fraction: str | None, text: str) -> dt.timedelta:
    if hour > 24 or minute > 59 or second > 60 or (hour == 24 and (minute or second)):
        raise RenderError(f"there is no such time: {text[:40]!r}")
    millis = int((fraction or "0")[:3].ljust(3, "0"))
    return dt.timedelta(hours=hour, minutes=minute, seconds=second, milliseconds=millis)


def _time(at: dt.datetime, parts: str) -> str:
    millis = f"{at.microsecond // 1000:03}"
    if parts == "h":
        return f"{at.hour:02}"
    if parts == "m":
        return f"{at.hour:02}:{at.minute:02}"
    seconds = f"{at.hour:02}:{at.minute:02}:{at.second:02}"
    if parts == "ms":
        return f"{seconds}.{millis}"
    return f"{seconds}.{millis.rstrip('0')}" if parts in ("", "any") and millis != "000" else seconds


def _offset(at: dt.datetime) -> str:
    minutes = round((at.utcoffset() or dt.timedelta()).total_seconds() / 60)
    if not minutes:
        return "Z"
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _zone_of(offset: str) -> dt.tzinfo:
    if offset == "Z":
        return dt.UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if minutes >= 24 * 60:
        raise RenderError(f"there is no such distance from UTC: {offset}")
    return dt.timezone(dt.timedelta(minutes=-minutes if offset[0] == "-" else minutes))
