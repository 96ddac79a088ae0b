"""Merged cells: their value is that of every row, or an error on each cell, never an empty cell."""

import io

import pytest
from openpyxl import Workbook

from exports.employee_updates.feed import merged_cells
from exports.employee_updates.feed.findings import UnreadableFile
from exports.employee_updates.feed.sheet import SheetRow
from tests.exports.employee_updates.feed.feeds import table

HEADINGS = ["employeeEmail", "employeeID", "policyID", "managerEmail"]
PEOPLE = [
    ["ann@acme.example", "E-1", "A1B2C3D4E5F60718", "boss@acme.example"],
    ["ben@acme.example", "E-2", None, None],
    ["eve@acme.example", "E-3", None, None],
]


def workbook(rows: list[list[str | None]], *ranges: str) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for merged in ranges:
        book.active.merge_cells(merged)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(("column", "index"), [("C", 2), ("D", 3)])
def test_each_row_has_the_value_of_its_merged_cells(column: str, index: int) -> None:
    sheet = table(workbook([HEADINGS, *PEOPLE], f"{column}2:{column}3"))

    value = PEOPLE[0][index]
    assert [line.cells[index] for line in sheet.lines] == [value, value, ""]
    [note] = sheet.notes
    assert (note.row, note.column, note.severity, note.code) == (3, index, "notice", "merged")
    assert note.sentence == f"Merged with {column}2 in the file; its value “{value}” was taken here, too."


@pytest.mark.parametrize("index", range(len(HEADINGS)))
def test_all_columns_are_alike(index: int) -> None:
    letter = "ABCD"[index]
    rows = [
        HEADINGS,
        PEOPLE[0],
        *([cell if at != index else None for at, cell in enumerate(row)] for row in PEOPLE[1:]),
    ]

    sheet = table(workbook(rows, f"{letter}2:{letter}4"))

    assert {line.cells[index] for line in sheet.lines} == {PEOPLE[0][index]}


def test_cells_merged_over_several_columns_are_errors() -> None:
    sheet = table(workbook([HEADINGS, *PEOPLE], "C2:D3"))

    notes = [(note.row, note.column, note.severity, note.code) for note in sheet.notes]
    assert notes == [(row, column, "error", "merged_columns") for row in (2, 3) for column in (2, 3)]


def test_merged_titles_and_headings_are_no_errors() -> None:
    rows = [["Staff list", None, None, None], [None] * 4, HEADINGS, *PEOPLE]

    sheet = table(workbook(rows, "A1:D1"))

    assert (sheet.headings, [note.code for note in sheet.notes]) == (tuple(HEADINGS), ["lines_above"])


def test_a_heading_over_two_rows_is_found() -> None:
    rows: list[list[str | None]] = [
        ["employeeEmail", "employeeID", "Where", None],
        [None, None, *HEADINGS[2:]],
        *PEOPLE,
    ]

    assert table(workbook(rows, "A1:A2", "B1:B2", "C1:D1")).headings == tuple(HEADINGS)


def test_absurdly_many_merged_cells_are_refused() -> None:
    lines = [SheetRow(number, ("x",) * 4) for number in range(2, 502)]

    with pytest.raises(UnreadableFile, match="too many merged cells"):
        merged_cells.spread(lines, [f"A{2 + number}:D501" for number in range(490)])
