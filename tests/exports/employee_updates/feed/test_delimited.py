"""Delimited text, whatever wrote it, as a table."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.employee_updates.feed.findings import UnreadableFile
from exports.employee_updates.feed.mapping import mapped, suggest
from exports.employee_updates.feed.reading import read_pasted
from exports.employee_updates.feed.sheet import MOST_ROWS, Feed
from tests.exports.employee_updates.feed.feeds import is_even_or_refused, refusal, table, unhurried

HEADINGS = ["Employee ID", "E-Mail", "Vorgesetzter (E-Mail)", "Nachname"]
PEOPLE = [
    ["00123", "zoe@acme.example", "boss@acme.example", "Müller, geb. Weiß"],
    ["00124", "ben@acme.example", "boss@acme.example", 'He said "hi"; left'],
]


def written(delimiter: str, **how: object) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, **how).writerows([HEADINGS, *PEOPLE])  # type: ignore[arg-type]
    return text.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-32"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_detected(encoding: str, delimiter: str) -> None:
    sheet = table(written(delimiter).encode(encoding))

    assert (list(sheet.headings), [list(line.cells) for line in sheet.lines]) == (HEADINGS, PEOPLE)


def test_source_is_told_in_words() -> None:
    assert table(written(";").encode("cp1252")).source == "Windows-1252, semicolons between the values"


def test_byte_without_meaning_in_windows_1252_is_read_as_latin_1() -> None:
    assert table(b"E-Mail;Nachname\r\nann@acme.example;M\xfcller\x81\r\n").lines[0].cells[1] == "Müller\x81"


def test_text_that_breaks_off_its_encoding_is_refused() -> None:
    assert refusal(b"\xef\xbb\xbfE-Mail\nann@acme.example;\xff\n").startswith("The text in this file is damaged")


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_any_line_ending_ends_a_line(ending: str) -> None:
    sheet = table(ending.join(["email;manager", "a@b.example;c@b.example", ""]).encode())

    assert [line.cells for line in sheet.lines] == [("a@b.example", "c@b.example")]


def test_commas_in_headings_and_amounts_do_not_hide_the_semicolon() -> None:
    content = "E-Mail;Approval limit;Nachname, Vorname\na@b.example;1,50;Lee, Ann\nc@b.example;2,50;Ray, Ben\n"

    assert table(content.encode()).headings == ("E-Mail", "Approval limit", "Nachname, Vorname")


def test_headings_that_are_understood_outweigh_commas_that_stand_more_evenly() -> None:
    lines = ["E-Mail;Name;Personalnummer", "a@b.example;Lee, Ann;1", "c@b.example;Ray, Ben", "d@b.example;Poe, Cat"]

    assert table("\n".join(lines).encode()).headings == ("E-Mail", "Name", "Personalnummer")


def test_excels_own_first_line_names_the_delimiter_and_counts_as_a_row() -> None:
    sheet = table(b"sep=;\r\nemail;limit\r\na@b.example;1,5\r\n")

    assert (sheet.headings, [line.number for line in sheet.lines]) == (("email", "limit"), [3])


def test_lines_above_the_headings_are_passed_over_and_told() -> None:
    sheet = table(b"Report of 1 March;;\n\nEmployee ID;E-Mail;Vorname\n1;a@b.example;Ann\n")

    assert (sheet.headings, sheet.lines[0].number) == (("Employee ID", "E-Mail", "Vorname"), 4)
    assert [note.code for note in sheet.notes] == ["lines_above"]


def test_rows_are_numbered_as_in_a_spreadsheet() -> None:
    sheet = table(b'email,name\n"a@b.example","two\nlines"\n\n,\nc@b.example,x\n')

    assert [line.number for line in sheet.lines] == [2, 5]


def test_pasted_rows_without_headings_are_people_from_the_first() -> None:
    sheet = read_pasted("ann@acme.example\tboss@acme.example\t1\nben@acme.example\tboss@acme.example\t2\n")

    assert not isinstance(sheet, Feed)
    assert (sheet.has_headings, sheet.headings, len(sheet.lines)) == (False, ("Column A", "Column B", "Column C"), 2)


def test_row_with_too_many_cells_is_an_error_on_its_row() -> None:
    sheet = table(b"email,name,id\na@b.example,Lee, Ann,1\n")

    assert [(note.row, note.severity, note.code) for note in sheet.notes] == [(2, "error", "long_row")]
    assert sheet.lines[0].cells == ("a@b.example", "Lee", " Ann")


def test_extra_empty_cells_are_ignored() -> None:
    assert table(b"email,name\na@b.example,Lee,,\n").notes == ()


@pytest.mark.parametrize(
    ("line", "cells"), [("a@b.example", ("a@b.example", "", "")), ("a@b.example,Lee", ("a@b.example", "Lee", ""))]
)
def test_row_with_too_few_cells_is_told_and_filled_up(line: str, cells: tuple[str, ...]) -> None:
    sheet = table(f"email,name,id\n{line}\n".encode())

    assert sheet.lines[0].cells == cells
    assert [(note.row, note.severity, note.code) for note in sheet.notes] == [(2, "warning", "short_row")]


def test_value_that_contains_a_whole_line_is_a_warning() -> None:
    sheet = table(b'email,name\n"a@b.example,Lee\nb@b.example",Ray\n')

    assert [(note.row, note.column, note.code) for note in sheet.notes] == [(2, 0, "line_break")]


def test_quotation_mark_that_is_never_closed_is_refused_with_its_row() -> None:
    assert refusal(b'email,name\na@b.example,"Lee\nb@b.example,Ray\n').startswith("In row 2 of the file")


def test_value_that_is_far_too_long_is_refused_with_its_row() -> None:
    assert refusal(b'email,name\na@b.example,"' + b"x" * 30_000 + b'"\n').startswith("In row 2 of the file")


def test_letters_misread_before_are_told() -> None:
    content = "email,name\na@b.example,Müller\n".encode().decode("cp1252").encode()

    assert [note.code for note in table(content).notes] == ["misread_letters"]


def test_as_many_rows_as_allowed_are_read_and_one_more_is_refused() -> None:
    content = b"email\n" + b"a@b.example\n" * MOST_ROWS

    assert len(table(content).lines) == MOST_ROWS
    assert refusal(content + b"a@b.example\n").startswith("There are more than 20,000 rows")


def test_too_many_columns_are_refused() -> None:
    assert refusal(b"email" + b"," * 200 + b"x\n").startswith("Row 1 has 201 columns")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "This file is empty"),
        (b"\xef\xbb\xbf \r\n", "This file is empty"),
        (b"email,name\n", "The table has headings and no row below them"),
        (b"%PDF-1.7", "This is a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "This is an old Excel workbook (.xls), or one with a password"),
        (b"\x89PNG\r\n", "This is a picture"),
        (b"email\0\1\2\3\4\5\0\0name", "This file is no text and no workbook"),
        (b"<html><table><tr><td>email</td></tr></table>", "This is a web page or XML"),
        (b"a" * (20 * 1024**2 + 1), "This file has more than 20 MB"),
    ],
)
def test_text_that_is_not_a_table_is_refused_with_a_sentence(content: bytes, sentence: str) -> None:
    assert refusal(content).startswith(sentence)


@pytest.mark.parametrize("text", ["", " \n"])
def test_nothing_pasted_is_refused(text: str) -> None:
    with pytest.raises(UnreadableFile, match="Nothing was pasted"):
        read_pasted(text)


@unhurried
@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_refused_with_a_sentence(content: bytes) -> None:
    assert is_even_or_refused(content)


@unhurried
@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\ue000")), min_size=3, max_size=3),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(",;\t|"),
)
def test_quoted_table_is_read_as_it_was_written(rows: list[list[str]], delimiter: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([["E-Mail", "Vorname", "Nachname"], *rows])

    kept = [tuple(row) for row in rows if any(cell.strip() for cell in row)]
    content = text.getvalue().encode("utf-8-sig")
    assert [line.cells for line in table(content).lines] == kept if kept else refusal(content)


def test_notes_stand_on_the_field_that_their_column_has() -> None:
    sheet = table(b'email,name,id\n"a@b.example,x\n1",Lee,1\n')
    _, findings = mapped(sheet, [suggestion.field for suggestion in suggest(sheet)])

    assert [(finding.row, finding.field) for finding in findings] == [(2, "email")]


def test_notes_of_a_column_that_is_left_out_are_left_out() -> None:
    sheet = table(b'email,remark,id\na@b.example,"Lee\nx,y",1\n')

    assert mapped(sheet, ["email", "", "employee_id"])[1] == []
