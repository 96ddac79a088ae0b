"""Read a delimited text as lines; detects the encoding and the delimiter."""

import csv
import io
import re
from collections import Counter

from accounts.delimited import FIRST_LINES, encoding_of, separator_line
from exports.employee_updates.feed.findings import UnreadableFile
from exports.employee_updates.feed.headings import count_recognised
from exports.employee_updates.feed.sheet import (
    MOST_COLUMNS,
    MOST_ROWS,
    Note,
    Sheet,
    SheetRow,
    sheet_of,
    too_many,
    too_wide,
)

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SAMPLE = 64 * 1024  # characters
LONGEST_CELL = 20_000  # characters; a longer cell comes from an unclosed quotation mark

_NO_TEXT = "This file is no text and no workbook. Save it as CSV or XLSX and upload that."
_END = "\ue000"
_MISREAD = re.compile("Ã[\x80-¿]|â€|Â[\xa0-¿]")


def decode(content: bytes) -> tuple[str, str]:
    """The text, and the name of its encoding. Raises UnreadableFile for content that is not text."""
    encoding = encoding_of(content, is_whole=True)
    if not encoding.is_guess:
        if b"\0" in content and encoding.codec == "utf-8":
            raise UnreadableFile(_NO_TEXT)
        return _decode_strictly(content[len(encoding.mark) :], encoding.codec), encoding.name
    if b"\0" in content:
        raise UnreadableFile(_NO_TEXT)
    try:
        return content.decode(encoding.codec), encoding.name
    except UnicodeDecodeError:
        return content.decode("latin-1"), "Latin-1"


def _decode_strictly(content: bytes, codec: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        raise UnreadableFile(
            "The text in this file is damaged: it begins as one encoding and does not go on as it. Export it again."
        ) from None


def read_delimited(text: str, source: str) -> Sheet:
    """The table in a delimited text. Raises UnreadableFile when it is not a table or too large."""
    text, delimiter = _strip_separator_line(text)
    delimiter = delimiter or delimiter_of(text)
    notes: list[Note] = []
    lines = _lines(text, delimiter, notes)
    if _MISREAD.search(text):
        notes.append(
            Note(
                None,
                None,
                "warning",
                "misread_letters",
                "Letters such as ä or é came out as two odd characters: a program before this one read the file in a "
                "wrong encoding. Export it again, as UTF-8.",
            )
        )
    return sheet_of(f"{source}, {DELIMITERS[delimiter]} between the values", lines, notes)


def delimiter_of(text: str) -> str:
    """The delimiter with the most recognised headings, then with the most even first lines."""
    sample = text[:SAMPLE]
    if len(text) > SAMPLE:
        sample = sample[: sample.rfind("\n") + 1] or sample
    best, best_score = ",", (0, 0.0, 0)
    for delimiter in DELIMITERS:
        try:
            rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row][:50]
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows if len(row) > 1)
        if not widths:
            continue
        width, even_rows = max(widths.items(), key=lambda item: (item[1], item[0]))
        known = max(count_recognised(row) for row in rows[:FIRST_LINES])
        score = (known, even_rows / len(rows), width)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _strip_separator_line(text: str) -> tuple[str, str]:
    """The text without Excel's first line `sep=;`, and the delimiter in it; "" without that line."""
    line, delimiter = separator_line(text)
    # Keep an empty line, so that row numbers match those of a spreadsheet.
    return ("\n" + text[len(line) :], delimiter) if line else (text, "")


def _lines(text: str, delimiter: str, notes: list[Note]) -> list[SheetRow]:
    # Add a last row as a marker: if the reader does not return it, a quotation mark is not closed.
    reader = csv.reader(io.StringIO(f"{text}\n{_END}", newline=""), delimiter=delimiter)
    lines: list[SheetRow] = []
    number, cells = 0, [""]
    try:
        for number, cells in enumerate(reader, start=1):
            if not any(cells) or cells == [_END]:
                continue
            if len(cells) > MOST_COLUMNS:
                raise UnreadableFile(too_wide(number, len(cells)))
            if len(lines) > MOST_ROWS + FIRST_LINES:
                raise UnreadableFile(too_many())
            if max(map(len, cells)) > LONGEST_CELL:
                raise UnreadableFile(_unclosed(number))
            lines.append(SheetRow(number, tuple(cells)))
            notes += [
                Note(
                    number,
                    column,
                    "warning",
                    "line_break",
                    "This value goes over several lines, separators included. If it is not meant to, a quotation mark "
                    "is missing in the file.",
                )
                for column, cell in enumerate(cells)
                if "\n" in cell and delimiter in cell
            ]
    except csv.Error:
        raise UnreadableFile(_unclosed(number + 1)) from None
    if cells != [_END]:
        raise UnreadableFile(_unclosed(number))
    return lines


def _unclosed(number: int) -> str:
    return (
        f"In row {number:,} of the file a quotation mark opens a value and is never closed, or a value is far too "
        "long. Close it, or export the file again."
    )
