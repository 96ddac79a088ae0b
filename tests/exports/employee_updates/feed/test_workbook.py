"""XLSX workbooks: the values in them, what a spreadsheet did to them, and attacks."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from exports.employee_updates.feed.sheet import MOST_ROWS
from exports.employee_updates.feed.workbook_parts import MOST_UNPACKED
from tests.exports.employee_updates.feed.feeds import is_even_or_refused, refusal, table, unhurried

HEADINGS = ["employeeEmail", "employeeID", "customField2"]


def saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def workbook(*rows: list[Any], formats: dict[str, str] | None = None) -> bytes:
    book = Workbook()
    for row in [HEADINGS, *rows]:
        book.active.append(row)
    for cell, format in (formats or {}).items():
        book.active[cell].number_format = format
    return saved(book)


def with_part(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one part of it rewritten."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            part = old.read(entry)
            new.writestr(entry.filename, change(part) if entry.filename == name else part)
    return file.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def with_cell(xml: str) -> bytes:
    """A workbook whose second row begins with this cell, written as a program would."""
    row = f'<row r="2">{xml}<c r="B2" t="inlineStr"><is><t>x</t></is></c></row>'.encode()
    content = workbook(["a@b.example", "E-1", ""])
    return with_part(content, SHEET, lambda part: part[: part.index(b'<row r="2"')] + row + b"</sheetData></worksheet>")


def test_values_are_read_as_text() -> None:
    sheet = table(workbook(["ann@acme.example", "E-1", "Zoë"], ["ben@acme.example", 42, True]))

    assert (sheet.headings, sheet.source) == (tuple(HEADINGS), "XLSX, sheet “Sheet”")
    assert [(line.number, line.cells) for line in sheet.lines] == [
        (2, ("ann@acme.example", "E-1", "Zoë")),
        (3, ("ben@acme.example", "42", "true")),
    ]


def test_short_row_of_a_workbook_is_normal() -> None:
    sheet = table(workbook(["ann@acme.example"]))

    assert (sheet.lines[0].cells, sheet.notes) == (("ann@acme.example", "", ""), ())


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("12345678901", "12345678901"),
        ("1.2345678901E10", "12345678901"),
        ("123456789012345", "123456789012345"),
        ("0.1", "0.1"),
        ("12345.0", "12345"),
        ("1234.50", "1234.5"),
        ("-5", "-5"),
        ("1E-3", "0.001"),
        ("nonsense", "nonsense"),
    ],
)
def test_number_keeps_the_digits_it_is_stored_with(stored: str, text: str) -> None:
    assert table(with_cell(f'<c r="A2"><v>{stored}</v></c>')).lines[0].cells[0] == text


def test_number_with_more_digits_than_a_spreadsheet_keeps_is_told() -> None:
    sheet = table(with_cell('<c r="A2"><v>1234567890123450</v></c>'))

    assert [(note.row, note.column, note.code) for note in sheet.notes] == [(2, 0, "digits_lost")]


def test_zeros_that_a_format_puts_in_front_are_kept_and_told() -> None:
    sheet = table(workbook(["ann@acme.example", 123, ""], formats={"B2": "00000"}))

    assert sheet.lines[0].cells[1] == "00123"
    assert [(note.row, note.column, note.severity, note.code) for note in sheet.notes] == [
        (2, 1, "notice", "shown_zeros")
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, 14, 30), "2026-03-01 14:30:00"),  # noqa: DTZ001 (a spreadsheet knows no zones)
    ],
)
def test_date_is_written_out(value: Any, text: str) -> None:
    assert table(workbook(["ann@acme.example", value, ""])).lines[0].cells[1] == text


def test_date_of_the_other_epoch_is_the_same_day() -> None:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    for row in (HEADINGS, ["ann@acme.example", date(2026, 3, 2), ""]):
        book.active.append(row)

    assert table(saved(book)).lines[0].cells[1] == "2026-03-02"


def test_formula_is_not_worked_out_and_its_saved_value_is_told() -> None:
    sheet = table(with_cell('<c r="A2" t="str"><f>CONCATENATE("a","@b.example")</f><v>saved@b.example</v></c>'))

    assert sheet.lines[0].cells[0] == "saved@b.example"
    assert [(note.row, note.column, note.severity, note.code) for note in sheet.notes] == [(2, 0, "notice", "formula")]


def test_formula_without_a_saved_value_is_an_empty_cell_and_a_warning() -> None:
    sheet = table(workbook(['=HYPERLINK("http://evil.example")', "E-1", "x"]))

    assert sheet.lines[0].cells == ("", "E-1", "x")
    assert [(note.column, note.severity, note.code) for note in sheet.notes] == [
        (0, "warning", "formula_without_value")
    ]


def test_error_that_a_cell_shows_is_an_error() -> None:
    sheet = table(with_cell('<c r="A2" t="e"><f>NA()</f><v>#N/A</v></c>'))

    assert [note.code for note in sheet.notes if note.severity == "error"] == ["cell_error"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('<c r="A2" t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r><rPh sb="0" eb="1"><t>z</t></rPh></is></c>', "ab"),
        ('<c t="inlineStr"><is><t>no place</t></is></c>', "no place"),
        ('<c r="A2" t="d"><v>2026-03-01</v></c>', "2026-03-01"),
        ('<c r="A2" t="s"><v>99999</v></c>', ""),
    ],
)
def test_other_kinds_of_cells_are_read(cell: str, text: str) -> None:
    assert table(with_cell(cell)).lines[0].cells[0] == text


def test_part_with_a_prefix_on_every_name_is_read() -> None:
    content = with_part(
        workbook(["ann@acme.example", "E-1", "x"]),
        SHEET,
        lambda part: (
            b'<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>'
            b'<x:row r="1"><x:c r="A1" t="str"><x:v>email</x:v></x:c></x:row>'
            b'<x:row r="2"><x:c r="A2" t="str"><x:v>ann@acme.example</x:v></x:c></x:row>'
            b"</x:sheetData></x:worksheet>"
        ),
    )

    assert (table(content).headings, table(content).lines[0].cells) == (("email",), ("ann@acme.example",))


def test_first_visible_sheet_with_content_is_read_and_the_others_told() -> None:
    book = Workbook()
    book.active.title = "Empty"
    hidden = book.create_sheet("Secret")
    hidden.append(["email"])
    hidden.sheet_state = "hidden"
    for name in ("People", "Pivot"):
        sheet = book.create_sheet(name)
        sheet.append(["email"])
        sheet.append([f"{name.lower()}@b.example"])

    read = table(saved(book))

    assert (read.source, read.lines[0].cells) == ("XLSX, sheet “People”", ("people@b.example",))
    assert [note.sentence for note in read.notes] == ["Only the sheet “People” was read, not “Empty” and “Pivot”."]


def test_hidden_rows_are_read_and_told() -> None:
    book = Workbook()
    for row in (["email"], ["a@b.example"], ["c@b.example"]):
        book.active.append(row)
    book.active.row_dimensions[3].hidden = True

    sheet = table(saved(book))

    assert len(sheet.lines) == 2
    assert [(note.severity, note.code) for note in sheet.notes] == [("warning", "hidden_rows")]


def test_two_cells_a_million_rows_apart_are_two_lines() -> None:
    book = Workbook()
    book.active["A1"] = "email"
    book.active["A1048576"] = "a@b.example"

    assert [(line.number, line.cells) for line in table(saved(book)).lines] == [(1048576, ("a@b.example",))]


def test_cell_far_to_the_right_is_refused() -> None:
    book = Workbook()
    book.active["XFD1"] = "email"

    assert refusal(saved(book)).startswith("Row 1 has 16,384 columns")


def test_too_many_rows_are_refused() -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for _ in range(MOST_ROWS + 2):
        sheet.append(["a@b.example"])

    assert refusal(saved(book)).startswith("There are more than 20,000 rows")


def test_entities_are_refused_before_they_are_read() -> None:
    lol = b'<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    content = with_part(workbook(["a", "b", "c"]), SHEET, lambda part: lol + part[part.index(b"<worksheet") :])

    assert refusal(content).startswith("This workbook is damaged")


def test_entity_that_reads_a_file_is_refused() -> None:
    attack = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    content = with_part(workbook(["a", "b", "c"]), SHEET, lambda part: attack + part[part.index(b"<worksheet") :])

    assert refusal(content).startswith("This workbook is damaged")


def test_zip_bomb_is_refused_by_its_unpacked_size() -> None:
    content = with_part(workbook(["a", "b", "c"]), SHEET, lambda part: part + b" " * (MOST_UNPACKED + 1))

    assert len(content) < 1024**2
    assert refusal(content).startswith("This workbook unpacks to more than 100 MB")


def test_zip_bomb_with_a_false_size_is_refused() -> None:
    content = bytearray(with_part(workbook(["a", "b", "c"]), SHEET, lambda part: part + b" " * (MOST_UNPACKED + 1)))
    name = SHEET.encode()
    central = content.rindex(b"PK\x01\x02", 0, content.rindex(name))
    content[central + 24 : central + 28] = (1000).to_bytes(4, "little")

    assert refusal(bytes(content)).startswith("This workbook is damaged")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["mimetype", "content.xml"], "This is another kind of workbook"),
        (["xl/workbook.bin"], "This is another kind of workbook"),
        (["readme.txt"], "This ZIP file is no workbook"),
        (["xl/workbook.xml"], "This workbook is damaged"),
        ([f"{number}.xml" for number in range(2001)], "This workbook unpacks to more than"),
    ],
)
def test_other_archives_are_refused(names: list[str], sentence: str) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "<workbook/>")

    assert refusal(file.getvalue()).startswith(sentence)


def test_workbook_with_nothing_in_it_is_refused() -> None:
    assert refusal(saved(Workbook())).startswith("This workbook has no cell with anything in it")


WHOLE = workbook(["ann@acme.example", "E-1", "x"], ["ben@acme.example", 7, "y"])


@unhurried
@given(st.integers(0, len(WHOLE) - 1))
def test_workbook_that_breaks_off_is_refused(length: int) -> None:
    assert refusal(WHOLE[:length])


@settings(unhurried, max_examples=200)
@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_workbook_with_a_changed_byte_is_read_or_refused(at: int, by: int) -> None:
    content = bytearray(WHOLE)
    content[at] = (content[at] + by) % 256

    assert is_even_or_refused(bytes(content))


@settings(unhurried, max_examples=100)
@given(st.sampled_from(["xl/workbook.xml", SHEET, "xl/sharedStrings.xml", "xl/styles.xml"]), st.data())
def test_part_with_something_cut_out_is_read_or_refused(name: str, data: st.DataObject) -> None:
    def cut(part: bytes) -> bytes:
        start = data.draw(st.integers(0, len(part)))
        return part[:start] + part[data.draw(st.integers(start, len(part))) :]

    assert is_even_or_refused(with_part(WHOLE, name, cut))
