"""Java's SimpleDateFormat patterns, such as `yyyy-MM-dd`, in the locale en_US."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from expensify.freemarker.errors import RenderError

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MAX_COUNT = 100
_LETTERS = "GyYMLwWDdFEuaHkKhmsSzZX"
_BY_WEEK = "EuFwWY"
_PIECE = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+", re.S)


class Piece(NamedTuple):
    """A field of a pattern: its letter and the number of repetitions. A literal has no letter."""

    letter: str
    width: int
    literal: str


@lru_cache(maxsize=500)
def pieces(pattern: str) -> tuple[Piece, ...]:
    """Split a pattern into pieces; RenderError when it is not one."""
    parts: list[Piece] = []
    at = 0
    while at < len(pattern):
        piece = _PIECE.match(pattern, at)
        if piece is None:
            raise RenderError(f"the date format {pattern[:40]!r} has a quote that is not closed")
        image, letter = piece.group(), piece.group(2)
        if letter is not None:
            if letter not in _LETTERS or (letter == "X" and len(image) > 3) or len(image) > MAX_COUNT:
                raise RenderError(f"the date format {pattern[:40]!r} has no meaning for {image[:10]}")
            parts.append(Piece(letter, len(image), ""))
        elif image.startswith("'"):
            parts.append(Piece("", 0, "'" if image == "''" else piece.group(1).replace("''", "'")))
        else:
            parts.append(Piece("", 0, image))
        at = piece.end()
    return tuple(parts)


def format_pattern(at: dt.datetime, pattern: str) -> str:
    """Format an aware time by a pattern, in the time's own zone."""
    if at.year < 1583 and any(piece.letter in _BY_WEEK for piece in pieces(pattern) if piece.letter):
        raise RenderError("weekdays and weeks before 1583 are those of another calendar")
    return "".join(
        piece.literal if not piece.letter else _FIELDS[piece.letter](at, piece.width) for piece in pieces(pattern)
    )


def _number(read: Callable[[dt.datetime], int]) -> Callable[[dt.datetime, int], str]:
    return lambda at, count: str(read(at)).rjust(count, "0")


def _year(at: dt.datetime, count: int) -> str:
    return f"{at.year % 100:02}" if count == 2 else str(at.year).rjust(count, "0")


def _week_year(at: dt.datetime, count: int) -> str:
    year, _ = week_of_year(at)
    return f"{year % 100:02}" if count == 2 else str(year).rjust(count, "0")


def _month(at: dt.datetime, count: int) -> str:
    if count < 3:
        return str(at.month).rjust(count, "0")
    return MONTHS[at.month - 1] if count > 3 else MONTHS[at.month - 1][:3]


def _weekday(at: dt.datetime, count: int) -> str:
    name = WEEKDAYS[at.weekday()]
    return name if count > 3 else name[:3]


def _zone_name(at: dt.datetime, count: int) -> str:
    name = at.tzname() or "UTC"
    if count > 3:
        if name in ("UTC", "GMT"):
            return {"UTC": "Coordinated Universal Time", "GMT": "Greenwich Mean Time"}[name]
        raise RenderError("the long name of a time zone is not known; use z or XXX")
    return name if name[0].isalpha() else f"GMT{offset(at, ':')}"


def _offset(at: dt.datetime, count: int) -> str:
    return offset(at, "")


def _iso_offset(at: dt.datetime, count: int) -> str:
    if not at.utcoffset():
        return "Z"
    full = offset(at, ":" if count == 3 else "")
    return full[:3] if count == 1 else full


def offset(at: dt.datetime, colon: str) -> str:
    """Return the offset from UTC, like +0100 or +01:00."""
    minutes = round((at.utcoffset() or dt.timedelta()).total_seconds() / 60)
    hours, minutes, sign = abs(minutes) // 60, abs(minutes) % 60, "-" if minutes < 0 else "+"
    return f"{sign}{hours:02}{colon}{minutes:02}"


def week_of_year(at: dt.datetime) -> tuple[int, int]:
    """Return year and week; weeks begin on Sunday, and week 1 contains 1 January."""
    saturday = at.date() + dt.timedelta(days=(5 - at.weekday()) % 7)
    if saturday.year != at.year:
        return saturday.year, 1
    first = dt.date(at.year, 1, 1)
    sunday = first - dt.timedelta(days=(first.weekday() + 1) % 7)
    return at.year, (at.date() - sunday).days // 7 + 1


def _week_of_month(at: dt.datetime) -> int:
    first = dt.date(at.year, at.month, 1)
    return (at.day + (first.weekday() + 1) % 7 - 1) // 7 + 1


_FIELDS: dict[str, Callable[[dt.datetime, int], str]] = {
    "G": lambda at, count: "AD",
    "y": _year,
    "Y": _week_year,
    "M": _month,
    "L": _month,
    "w": _number(lambda at: week_of_year(at)[1]),
    "W": _number(_week_of_month),
    "D": _number(lambda at: at.timetuple().tm_yday),
    "d": _number(lambda at: at.day),
    "F": _number(lambda at: (at.day - 1) // 7 + 1),
    "E": _weekday,
    "u": _number(lambda at: at.isoweekday()),
    "a": lambda at, count: "AM" if at.hour < 12 else "PM",
    "H": _number(lambda at: at.hour),
    "k": _number(lambda at: at.hour or 24),
    "K": _number(lambda at: at.hour % 12),
    "h": _number(lambda at: at.hour % 12 or 12),
    "m": _number(lambda at: at.minute),
    "s": _number(lambda at: at.second),
    "S": _number(lambda at: at.microsecond // 1000),
    "z": _zone_name,
    "Z": _offset,
    "X": _iso_offset,
}
