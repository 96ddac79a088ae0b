"""What comes before the rows of a delimited text: encoding, byte-order mark, Excel's `sep=` and title lines.

One reader for the results of exports and for the files of HR systems. Pure.
"""

import codecs
import re
from collections.abc import Sequence
from typing import NamedTuple

# The headings are among these: programs print a title, a date and a filter above them.
FIRST_LINES = 15
_ZEROS_FROM = 4096  # bytes

_SEPARATOR = re.compile(r'"?sep=([,;\t|])"?(?:\r\n|\r|\n|\Z)', re.IGNORECASE)
_VALUE = re.compile(r"[-+(]?[€$£]?[0-9][0-9.,'/: -]*(?:[T ][0-9:]+)?[)-]?|[^@\s]+@[^@\s]+")


class Encoding(NamedTuple):
    """`codec` reads the text behind `mark`, the byte-order mark. `name` is for people."""

    codec: str
    name: str
    mark: bytes = b""
    is_guess: bool = False


UTF8 = Encoding("utf-8", "UTF-8")
WINDOWS_1252 = Encoding("cp1252", "Windows-1252", is_guess=True)
_MARKED = (
    Encoding("utf-8", "UTF-8", codecs.BOM_UTF8),
    # Before UTF-16, whose mark is the beginning of this one.
    Encoding("utf-32-le", "UTF-32", codecs.BOM_UTF32_LE),
    Encoding("utf-32-be", "UTF-32", codecs.BOM_UTF32_BE),
    Encoding("utf-16-le", "UTF-16", codecs.BOM_UTF16_LE),
    Encoding("utf-16-be", "UTF-16", codecs.BOM_UTF16_BE),
)


def encoding_of(sample: bytes, *, is_whole: bool) -> Encoding:
    """The encoding of a text by its first bytes.

    The byte-order mark decides; without one, UTF-16 if every other byte is zero, UTF-8 if the text is valid, else
    Windows-1252, in which nearly any byte is valid: a guess.
    """
    for encoding in _MARKED:
        if sample.startswith(encoding.mark):
            return encoding
    start = sample[:_ZEROS_FROM]
    if len(start) >= 4 and b"\0" in start:
        halves = start[0 : len(start) // 2 * 2 : 2], start[1::2]
        for half, codec in ((halves[1], "utf-16-le"), (halves[0], "utf-16-be")):
            if half.count(0) > 0.7 * len(half):
                return Encoding(codec, "UTF-16")
    try:
        # The sample may end within a character.
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=is_whole)
    except UnicodeDecodeError:
        return WINDOWS_1252
    return UTF8


def separator_line(text: str) -> tuple[str, str]:
    """Excel's first line `sep=;` with its end, and the delimiter in it; twice "" for a text without it."""
    match = _SEPARATOR.match(text)
    return (match[0], match[1]) if match else ("", "")


def heading_at(rows: Sequence[Sequence[str]]) -> int:
    """The position of the headings in the first rows of a table: 0 unless the rows above are clearly titles.

    A title has at most two values where the table has more. Headings are words, one for each column and each once, and
    below at least one of them there are only numbers, dates or addresses.
    """
    for at, row in enumerate(rows[:FIRST_LINES]):
        if at and _are_headings(row, rows[at + 1 :]):
            return at
        filled = sum(bool(cell.strip()) for cell in row)
        width = max((len(other) for other in rows[at + 1 :]), default=0)
        if filled > 2 or filled >= width:
            return 0
    return 0


def _are_headings(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    names = [cell.strip() for cell in row]
    below = [other for other in below if len(other) == len(row)]
    if len(row) < 2 or not below or not all(names) or len(set(names)) < len(names) or any(map(_is_value, names)):
        return False
    columns = [[cell.strip() for cell in column if cell.strip()] for column in zip(*below, strict=True)]
    return any(column and all(map(_is_value, column)) for column in columns)


def _is_value(cell: str) -> bool:
    return _VALUE.fullmatch(cell) is not None
