"""Give each row the value of the merged cells that it shares with others.

A spreadsheet stores the value of a merged range in its first cell only. Read as it stands, the other rows would be
empty there, and an empty policy means the default policy.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence

from openpyxl.utils.cell import column_index_from_string

from exports.employee_updates.feed.findings import UnreadableFile, quoted
from exports.employee_updates.feed.sheet import MOST_COLUMNS, MOST_ROWS, Note, SheetRow, letters

MOST_CELLS = MOST_ROWS * 10
_RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})")


def spread(lines: Sequence[SheetRow], ranges: Sequence[str]) -> tuple[list[SheetRow], list[Note]]:
    """The lines with the value of each merged range in all of its rows, and notes about each such cell.

    A range over several columns does not say which column its value is for: an error on each of its cells. Raises
    UnreadableFile for absurdly many merged cells.
    """
    numbers = [line.number for line in lines]
    cells = [list(line.cells) for line in lines]
    notes: list[Note] = []
    visited = 0
    for match in filter(None, map(_RANGE.fullmatch, ranges)):
        first, last = int(match[2]), int(match[4])
        left, right = (column_index_from_string(match[group]) - 1 for group in (1, 3))
        start, end = bisect_left(numbers, first), bisect_left(numbers, last + 1)
        is_there = start < end and numbers[start] == first
        value = _cell(cells[start], left) if is_there else ""
        if not value.strip():
            continue
        columns = range(left, min(right + 1, MOST_COLUMNS))
        visited += (end - start) * len(columns)
        if visited > MOST_CELLS:
            raise UnreadableFile("This workbook has too many merged cells. Take the merging out, and upload it again.")
        for row in range(start, end):
            for column in columns:
                notes += _place(cells[row], numbers[row], column, value, first, is_wide=right > left)
    return [SheetRow(number, tuple(row)) for number, row in zip(numbers, cells, strict=True)], notes


def _place(cells: list[str], number: int, column: int, value: str, first: int, *, is_wide: bool) -> list[Note]:
    if is_wide:
        sentence = (
            f"This cell is merged over several columns, so nobody can tell which of them {quoted(value)} is for. Take "
            "the merging out of the file, and put a value into each cell."
        )
        return [Note(number, column, "error", "merged_columns", sentence)]
    if number == first:
        return []
    hidden = _cell(cells, column)
    if hidden.strip() and hidden != value:
        sentence = (
            f"This cell is merged with {letters(column)}{first}, which shows {quoted(value)}, and hides another value: "
            f"{quoted(hidden)}. Take the merging out of the file, and put the right value into each cell."
        )
        return [Note(number, column, "error", "merged_value", sentence)]
    cells += [""] * (column + 1 - len(cells))
    cells[column] = value
    sentence = f"Merged with {letters(column)}{first} in the file; its value {quoted(value)} was taken here, too."
    return [Note(number, column, "notice", "merged", sentence)]


def _cell(cells: Sequence[str], column: int) -> str:
    return cells[column] if column < len(cells) else ""
