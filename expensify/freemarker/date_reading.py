"""Reading dates by Java's SimpleDateFormat patterns.

It is lenient, as FreeMarker is: 30 February is 1 or 2 March, and text after the date is ignored.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import NamedTuple

from expensify.freemarker.date_patterns import MONTHS, WEEKDAYS, Piece, pieces
from expensify.freemarker.errors import RenderError

_NUMERIC = "yMLDdHkKhmsS"
_UNREADABLE = "YwWFuG"
_INTEGER = re.compile(r"-?[0-9]{1,9}")
_OFFSET = re.compile(r"([+-])([0-9]{1,2}):?([0-9]{2})")
_ISO_OFFSET = re.compile(r"Z|([+-])([0-9]{2})(?::?([0-9]{2}))?")
_ZONES = {
    "UTC": 0, "GMT": 0, "UT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6,
    "PST": -8, "PDT": -7,
}  # fmt: skip


class Reading(NamedTuple):
    """A naive time, and the zone the text named, if any."""

    at: dt.datetime
    zone: dt.tzinfo | None


class _Reader:
    def __init__(self, text: str, this_year: int) -> None:
        self.text = text
        self.at = 0
        self.this_year = this_year
        self.fields: dict[str, int] = {}
        self.zone: dt.tzinfo | None = None

    def literal(self, literal: str) -> bool:
        found = self.text.startswith(literal, self.at)
        self.at += len(literal)
        return found

    def field(self, piece: Piece, abuts: bool) -> bool:
        """Take one field; `abuts` says that another number follows at once, so that the width decides."""
        start = self.at
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1
        letter = "M" if piece.letter == "L" else piece.letter
        if letter == "M" and piece.width > 2:
            return self._word("M", MONTHS, first=1)
        if letter == "E":
            return self._word("E", WEEKDAYS)
        if letter == "a":
            return self._word("a", ("AM", "PM"))
        if letter in "zZX":
            return self._zone(letter)
        if letter in _UNREADABLE:
            raise RenderError(f"dates cannot be read by the letter {letter} of a format")
        # White space before a number counts towards its width.
        return self._number(letter, piece.width, start + piece.width if abuts else None)

    def _number(self, letter: str, count: int, limit: int | None) -> bool:
        end = len(self.text) if limit is None else limit
        found = _INTEGER.match(self.text, self.at, end)
        if found is None or end > len(self.text):
            return False
        value = int(found.group())
        if letter == "y" and count <= 2 and re.fullmatch("[0-9]{2}", found.group()):
            # Two digits mean a year between 80 years ago and 20 years ahead.
            start = self.this_year - 80
            value += start // 100 * 100 + (100 if value < start % 100 else 0)
        self.fields[letter] = value
        self.at = found.end()
        return True

    def _word(self, letter: str, names: Sequence[str], first: int = 0) -> bool:
        rest = self.text[self.at :].lower()
        for forms in (names, [name[:3] for name in names]):
            for at, name in enumerate(forms, first):
                if rest.startswith(name.lower()):
                    self.fields[letter] = at
                    self.at += len(name)
                    return True
        return False

    def _zone(self, letter: str) -> bool:
        pattern = _ISO_OFFSET if letter == "X" else _OFFSET
        name = re.compile(r"[A-Za-z]+").match(self.text, self.at) if letter != "X" else None
        start = self.at
        minutes = 0
        if name is not None:
            if name.group().upper() not in _ZONES:
                return False
            minutes = 60 * _ZONES[name.group().upper()]
            start = name.end()
        found = pattern.match(self.text, start)
        if found is not None and (name is None or name.group().upper() == "GMT"):
            if found[1]:
                size = 60 * int(found[2]) + int(found[3] or 0)
                minutes = -size if found[1] == "-" else size
            start = found.end()
        elif name is None:
            return False
        if abs(minutes) >= 24 * 60:
            return False
        self.zone = dt.timezone(dt.timedelta(minutes=minutes))
        self.at = start
        return True


def read_pattern(text: str, pattern: str, this_year: int) -> Reading:
    """The date and time in a text; a RenderError when the text does not begin like the pattern."""
    found = pieces(pattern)
    reader = _Reader(text, this_year)
    for at, piece in enumerate(found):
        if not piece.letter:
            taken = reader.literal(piece.literal)
        else:
            following = found[at + 1] if at + 1 < len(found) else None
            taken = reader.field(
                piece, following is not None and following.letter != "" and _is_numeric(following)
            )
        if not taken:
            raise RenderError(f"{text[:40]!r} is not a date like {pattern}")
    if not found:
        raise RenderError("the date format is empty")
    return Reading(_assembled(reader.fields), reader.zone)


def _is_numeric(piece: Piece) -> bool:
    return piece.letter in _NUMERIC and not (piece.letter in "ML" and piece.width > 2)


def _assembled(fields: dict[str, int]) -> dt.datetime:
    """The time, with fields out of their range carried over into the next."""
    first = _first_of_month(fields.get("y", 1970), fields.get("M", 1))
    day = fields.get("d", fields.get("D", 1)) - 1
    return first + dt.timedelta(
        days=day,
        hours=_hour(fields),
        minutes=fields.get("m", 0),
        seconds=fields.get("s", 0),
        milliseconds=fields.get("S", 0),
    )


def _hour(fields: dict[str, int]) -> int:
    if "H" in fields:
        return fields["H"]
    if "k" in fields:
        return 0 if fields["k"] == 24 else fields["k"]
    half = fields.get("h", fields.get("K", 0))
    return (0 if half == 12 and "h" in fields else half) + 12 * fields.get("a", 0)


def _first_of_month(year: int, month: int) -> dt.datetime:
    months = year * 12 + month - 1
    year, month = months // 12, months % 12 + 1
    if not 1 <= year <= 9998:
        raise RenderError(f"the year {year} is out of range")
    return dt.datetime(year, month, 1)  # noqa: DTZ001
