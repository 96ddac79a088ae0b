"""Dates in ISO 8601 and XML Schema: the formats `iso` and `xs` and their options."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from expensify.freemarker.date_patterns import offset
from expensify.freemarker.errors import RenderError

_FORM = re.compile(r"(iso|xs)(?:[ _]+(.*))?\Z", re.S)
_DATE = r"(?P<y>[0-9]{4})-(?P<M>[0-9]{2})-(?P<d>[0-9]{2})"
_BASIC_DATE = r"(?P<y_>[0-9]{4})(?P<M_>[0-9]{2})(?P<d_>[0-9]{2})"
_XS_TIME = r"(?P<h>[0-9]{2}):(?P<m>[0-9]{2}):(?P<s>[0-9]{2})(?:\.(?P<f>[0-9]+))?"
_TIME = r"(?P<h>[0-9]{2})(?::(?P<m>[0-9]{2})(?::(?P<s>[0-9]{2})(?:[.,](?P<f>[0-9]+))?)?)?"
_BASIC_TIME = r"(?P<h_>[0-9]{2})(?:(?P<m_>[0-9]{2})(?:(?P<s_>[0-9]{2})(?:[.,](?P<f_>[0-9]+))?)?)?"
_ZONE = r"(?P<zone>Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
_FIRST_DAY = (("y", "1970"), ("M", "1"), ("d", "1"))


@dataclass(frozen=True)
class IsoOptions:
    """With `zone` None the offset is shown where the standard has one.

    `parts` is the last part of the time to show; "any" and "" show milliseconds unless they are zero.
    """

    is_xs: bool
    zone: bool | None = None
    parts: Literal["h", "m", "s", "ms", "any", ""] = ""
    utc: bool | None = None


@lru_cache(maxsize=200)
def iso_options(form: str) -> IsoOptions | None:
    """Parse a format like `iso m nz`; None when it is not an ISO format."""
    match = _FORM.match(form)
    if match is None:
        return None
    options = IsoOptions(is_xs=match[1] == "xs")
    for word in re.split(r"[ _]+", match[2] or ""):
        if word in ("h", "m", "s", "ms"):
            # The condition does not narrow a str to these literals.
            options = replace(options, parts=word)  # type: ignore[arg-type]
        elif word in ("nz", "fz"):
            options = replace(options, zone=word == "fz")
        elif word == "u":
            options = replace(options, utc=True)
        elif word:
            raise RenderError(f"{word[:20]} means nothing in a format that begins with {match[1]}")
    return options


def format_iso(at: dt.datetime, kind: str, options: IsoOptions, zone: dt.tzinfo) -> str:
    """Format an aware time."""
    local_at = at.astimezone(dt.UTC if options.utc else zone)
    if local_at.year < 1583:
        raise RenderError("dates before 1583 are those of another calendar")
    date = f"{local_at.year:04}-{local_at.month:02}-{local_at.day:02}"
    with_zone = options.zone if options.zone is not None else True
    suffix = _offset(local_at) if with_zone else ""
    if kind == "date":
        return date + (suffix if options.is_xs else "")
    time = _time(local_at, options.parts) + suffix
    return time if kind == "time" else f"{date}T{time}"


def read_iso(text: str, kind: str, zone: dt.tzinfo, *, is_xs: bool) -> dt.datetime:
    """Return the aware time of a text in strict ISO 8601 or XML Schema; `zone` applies when the text has none."""
    match = _grammar(kind, is_xs).fullmatch(text)
    if match is None:
        raise RenderError(f"{text[:40]!r} is not an {'XML Schema' if is_xs else 'ISO 8601'} {kind}")
    parts = {name: value for name, value in match.groupdict().items() if value is not None}
    year, month, day = (int(parts.get(name, parts.get(f"{name}_", start))) for name, start in _FIRST_DAY)
    at = _day(year, month, day, text)
    if kind != "date":
        hour, minute, second = (int(parts.get(name, parts.get(f"{name}_", "0"))) for name in ("h", "m", "s"))
        at += _since_midnight(hour, minute, second, parts.get("f", parts.get("f_")), text)
    zone_text = parts.get("zone")
    return at.replace(tzinfo=_zone_of(zone_text)) if zone_text else local(at, zone)


@lru_cache
def _grammar(kind: str, is_xs: bool) -> re.Pattern[str]:
    """XML Schema requires every part of a time, with dashes and colons between them."""
    date, time = (_DATE, _XS_TIME) if is_xs else (f"(?:{_DATE}|{_BASIC_DATE})", f"(?:{_TIME}|{_BASIC_TIME})")
    if kind == "date":
        return re.compile(date + (_ZONE if is_xs else ""))
    if kind == "time":
        return re.compile(time + _ZONE if is_xs else f"T?{time}{_ZONE}")
    return re.compile(f"{date}T{time}{_ZONE}")


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
    text = offset(at, ":")
    return "Z" if text == "+00:00" else text


def _zone_of(offset: str) -> dt.tzinfo:
    if offset == "Z":
        return dt.UTC
    digits = offset[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if minutes >= 24 * 60:
        raise RenderError(f"there is no such distance from UTC: {offset}")
    return dt.timezone(dt.timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def local(at: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """Put a naive time in a zone like Java: the later one of two in autumn, and after the gap in spring."""
    early, late = at.replace(tzinfo=zone, fold=0), at.replace(tzinfo=zone, fold=1)
    first, second = early.utcoffset(), late.utcoffset()
    if first == second or first is None or second is None:
        return early
    return late if first > second else early.astimezone(dt.UTC).astimezone(zone)
