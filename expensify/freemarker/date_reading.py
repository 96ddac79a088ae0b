"""Read dates by Java's SimpleDateFormat patterns.

It is lenient like FreeMarker: 30 February is 1 or 2 March, and text after the date is ignored.
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
    """A naive time, and the time zone in the text, if any."""

    at: dt.datetime
    zone: dt.tzinfo | None


class _Reader:
    def __init__(self, text: str, this_year: int) -> None:
        self.text = text
        self.at = 0
        self.this_year = this_year
        self.fields: dict[str, int] = {}
        self.zone: dt.tzinfo | None = None

    def read_literal(self, literal: str) -> bool:
        matches = self.text.startswith(literal, self.at)
        self.at += len(literal)
        return matches

    def read_field(self, piece: Piece, abuts: bool) -> bool:
        """Read one field; `abuts` means that a number follows directly, so that the width ends this one."""
        start = self.at
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1
        letter = "M" if piece.letter == "L" else piece.letter
        if letter == "M" and piece.width > 2:
            return self._read_word("M", MONTHS, first=1)
        if letter == "E":
            return self._read_word("E", WEEKDAYS)
        if letter == "a":
            return self._read_word("a", ("AM", "PM"))
        if letter in "zZX":
            return self._read_zone(letter)
        if letter in _UNREADABLE:
            raise RenderError(f"dates cannot be read by the letter {letter} of a format")
        # White space before a number counts towards its width.
        return self._read_number(letter, piece.width, start + piece.width if abuts else None)

    def _read_number(self, letter: str, count: int, limit: int | None) -> bool:
        end = len(self.text) if limit is None else limit
        digits = _INTEGER.match(self.text, self.at, end)
        if digits is None or end > len(self.text):
            return False
        value = int(digits.group())
        if letter == "y" and count <= 2 and re.fullmatch("[0-9]{2}", digits.group()):
            # Two digits mean a year between 80 years ago and 20 years ahead.
            start = self.this_year - 80
            value += start // 100 * 100 + (100 if value < start % 100 else 0)
        self.fields[letter] = value
        self.at = digits.end()
        return True

    def _read_word(self, letter: str, names: Sequence[str], first: int = 0) -> bool:
        remaining = self.text[self.at :].lower()
        for forms in (names, [name[:3] for name in names]):
            for at, name in enumerate(forms, first):
                if remaining.startswith(name.lower()):
                    self.fields[letter] = at
                    self.at += len(name)
                    return True
        return False

    def _read_zone(self, letter: str) -> bool:
        pattern = _ISO_OFFSET if letter == "X" else _OFFSET
        name = re.compile(r"[A-Za-z]+").match(self.text, self.at) if letter != "X" else None
        start = self.at
        minutes = 0
        if name is not None:
            if name.group().upper() not in _ZONES:
                return False
            minutes = 60 * _ZONES[name.group().upper()]
            start = name.end()
        offset = pattern.match(self.text, start)
        if offset is not None and (name is None or name.group().upper() == "GMT"):
            if offset[1]:
                size = 60 * int(offset[2]) + int(offset[3] or 0)
                minutes = -size if offset[1] == "-" else size
            start = offset.end()
        elif name is None:
            return False
        if abs(minutes) >= 24 * 60:
            return False
        self.zone = dt.timezone(dt.timedelta(minutes=minutes))
        self.at = start
        return True


def read_pattern(text: str, pattern: str, this_year: int) -> Reading:
    """Return the date and time in a text; RenderError when the text does not begin like the pattern."""
    parts = pieces(pattern)
    reader = _Reader(text, this_year)
    for at, piece in enumerate(parts):
        if not piece.letter:
            matches = reader.read_literal(piece.literal)
        else:
            following = parts[at + 1] if at + 1 < len(parts) else None
            matches = reader.read_field(
                piece, following is not None and following.letter != "" and _is_numeric(following)
            )
        if not matches:
            raise RenderError(f"{text[:40]!r} is not a date like {pattern}")
    if not parts:
        raise RenderError("the date format is empty")
    return Reading(_assemble(reader.fields), reader.zone)


def _is_numeric(piece: Piece) -> bool:
    return piece.letter in _NUMERIC and not (piece.letter in "ML" and piece.width > 2)


def _assemble(fields: dict[str, int]) -> dt.datetime:
    """Return the time; fields out of range carry over."""
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
