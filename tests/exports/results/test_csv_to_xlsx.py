"""A CSV as a workbook, read back by two other programs."""

import csv
import io
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import example, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from accounts.audit.record import Action
from accounts.models import AuditEntry, Team, User
from exports.columns.layout import Column, Layout, column
from exports.models import SavedExport
from exports.results import csv_to_xlsx
from tests.factories import make_result, make_run


def made(rows: list[list[str]] | bytes, layout: Layout | None = None, **more: Any) -> bytes:
    content = rows
    if not isinstance(content, bytes):
        out = io.StringIO(newline="")
        csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
        content = out.getvalue().encode()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "made.xlsx"
        csv_to_xlsx.workbook(io.BytesIO(content), path, layout, **more)
        return path.read_bytes()


def sheet(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]


def values(content: bytes) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in sheet(content).iter_rows()]


def types(content: bytes) -> set[str]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {cell.data_type for page in book for row in page.iter_rows() for cell in row}


DAY = datetime.fromisoformat


def by_calamine(content: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


# ------------------------------------------------------------ text stays text

IDENTIFIERS = ["00042", "4111111111111111", "1e5", "R00bCluvcO4T", "1-2", "3/4", "TRUE", "12345678901234567890"]
FORMULAS = ["=1+1", '=cmd|"/c calc"!A0', "+1", "-1+2", "@SUM(A1)", "\t=1", "#N/A", "'=1"]


@pytest.mark.parametrize("text", [*IDENTIFIERS, *FORMULAS])
def test_text_is_read_back_as_it_was(text: str) -> None:
    content = made([["Code"], [text]])

    assert (values(content), by_calamine(content)) == ([["Code"], [text]], [["Code"], [text]])
    assert types(content) == {"s"}


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))
numbers = st.from_regex(r"0*[0-9]{1,25}", fullmatch=True)


@given(cells=st.lists(st.one_of(numbers, words, st.sampled_from(FORMULAS)), min_size=1, max_size=8))
@example(cells=["_x0041_"])
@example(cells=[" x "])
@settings(max_examples=60, deadline=None)
def test_identifiers_survive_the_way_there_and_back(cells: list[str]) -> None:
    content = made([["Code", "Other"], *[[cell, "x"] for cell in cells]])

    assert [row[0] for row in by_calamine(content)[1:]] == cells
    assert types(content) <= {"s", "n"}  # openpyxl says "n" of an empty cell


def test_what_is_no_character_of_xml_does_not_break_the_file() -> None:
    content = made("Code\nA\x00\x0b\ufffeB\n".encode())

    assert [row[0] for row in by_calamine(content)] == ["Code", "A���B"]


def test_line_breaks_stay_in_their_cell() -> None:
    assert values(made([["Text"], ["a\r\nb"]])) == [["Text"], ["a\nb"]]


def test_a_cell_that_is_too_long_for_excel_ends_with_dots() -> None:
    found = values(made([["Text"], ["x" * 40_000]]))[1][0]

    assert (len(found), found[-1]) == (32_767, "…")


# ------------------------------------------------------------ numbers and dates


def test_amounts_and_dates_of_somebodys_own_template_are_values() -> None:
    content = made([["Total", "Day", "Code"], ["1234.50", "2026-10-31", "1234.50"], ["-3", "2026-02-30", "x"]])

    assert values(content) == [
        ["Total", "Day", "Code"],
        [1234.5, DAY("2026-10-31"), "1234.50"],
        [-3, "2026-02-30", "x"],
    ]
    assert by_calamine(content)[1] == [1234.5, date(2026, 10, 31), "1234.50"]
    row = sheet(content)[2]
    assert [cell.number_format for cell in row] == ["#,##0.00", "yyyy-mm-dd", "General"]


def test_chosen_columns_say_what_their_cells_are() -> None:
    layout = Layout(
        columns=(
            Column(source="number", heading="No"),
            column("report.reportID", heading="Report", excel_text=True),
            column("final.amount", heading="Amount", format="0,00", fallback="n/a"),
            column("final.created", heading="Day"),
            column("final.merchant", heading="Total"),
        ),
        delimiter=";",
    )
    rows = b"No;Report;Amount;Day;Total\n1;'0042;-12,50;2026-01-03;12.50\n2;'43;n/a;;'=Spar\n"

    assert values(made(rows, layout)) == [
        ["No", "Report", "Amount", "Day", "Total"],
        [1, "0042", -12.5, DAY("2026-01-03"), "12.50"],
        [2, "43", "n/a", None, "=Spar"],
    ]


def test_a_number_with_more_digits_than_excel_keeps_stays_text() -> None:
    layout = Layout(columns=(column("final.amount", heading="A"),))

    assert values(made(b"A\n12345678901234.56\n", layout)) == [["A"], ["12345678901234.56"]]


# ------------------------------------------------------------ the sheet


def test_the_heading_is_bold_and_stays_in_sight_and_columns_are_as_wide_as_they_need() -> None:
    page = sheet(made([["Code", "Text"], ["1", "x" * 30]]))

    assert (page.freeze_panes, page["A1"].font.bold, page["A2"].font.bold) == ("A2", True, False)
    assert [page.column_dimensions[letter].width for letter in "AB"] == [8, 32]


def test_what_a_sheet_cannot_hold_goes_on_in_the_next_with_the_heading() -> None:
    content = made([["Code"], *[[str(number)] for number in range(5)]], most_rows=3)

    book = openpyxl.load_workbook(io.BytesIO(content))
    assert {page.title: [row[0] for row in page.iter_rows(values_only=True)] for page in book} == {
        "Rows": ["Code", "0", "1"],
        "Rows 2": ["Code", "2", "3"],
        "Rows 3": ["Code", "4"],
    }


@pytest.mark.parametrize(("rows", "found"), [([["Code"]], [["Code"]]), ([], [])])
def test_a_file_without_rows_makes_a_workbook_all_the_same(rows: list[list[str]], found: list[list[str]]) -> None:
    assert by_calamine(made(rows)) == found


def test_more_columns_than_excel_takes_are_refused() -> None:
    with pytest.raises(csv_to_xlsx.CannotMake, match="16,384 columns"):
        made([["x"] * 16_385])


# ------------------------------------------------------------ the download


@pytest.mark.django_db
def test_the_download_is_audited_and_opens(client: Client, acme_open: Team, alice: User, export: SavedExport) -> None:
    result = make_result(make_run(export, status="succeeded"), b"Code\n007\n", "März.csv")
    client.force_login(alice)

    response = client.get(reverse("exports:result-workbook", args=["acme", result.pk]))

    content = b"".join(response.streaming_content)
    assert by_calamine(content) == [["Code"], ["007"]]
    assert response["Content-Type"] == csv_to_xlsx.MEDIA_TYPE
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''M%C3%A4rz.xlsx"
    assert response["Content-Length"] == str(len(content))
    entry = AuditEntry.objects.get(action=Action.RESULT_DOWNLOADED)
    assert entry.data == {"size": 9, "sha256": result.sha256, "as": "Excel workbook"}


@pytest.mark.django_db
def test_what_is_no_csv_has_no_workbook(client: Client, acme_open: Team, alice: User, export: SavedExport) -> None:
    result = make_result(make_run(export, status="succeeded"), b"{}", "a.json")
    client.force_login(alice)

    response = client.get(reverse("exports:result-workbook", args=["acme", result.pk]), follow=True)

    assert "Only a CSV can be made into a workbook" in response.content.decode()
    assert "Excel workbook" not in client.get(result.get_absolute_url()).content.decode()


def test_escapes_of_a_hand_written_template_are_decoded_and_those_of_columns_are_not() -> None:
    rows = [["Merchant", "Note"], ["Marks &amp; Spencer", "&amp;lt;"]]
    layout = Layout(columns=(column("final.merchant"), column("expense.comment", heading="Note")))

    by_hand, by_columns = sheet(made(rows)), sheet(made(rows, layout))

    assert [cell.value for cell in by_hand[2]] == ["Marks & Spencer", "&lt;"]
    assert [cell.value for cell in by_columns[2]] == ["Marks &amp; Spencer", "&amp;lt;"]
