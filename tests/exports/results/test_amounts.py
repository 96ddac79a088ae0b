"""What an amount is: the same for the workbook, the totals and the mails."""

import io
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.columns.layout import Layout, column
from exports.results import csv_to_xlsx
from exports.results.amounts import COMMA, POINT, AmountColumn, amount_in
from exports.results.totals import measure_file


def workbook(text: str, layout: Layout | None = None) -> openpyxl.Workbook:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "made.xlsx"
        csv_to_xlsx.workbook(io.BytesIO(text.encode()), path, layout)
        return openpyxl.load_workbook(io.BytesIO(path.read_bytes()))


def excel_sum(book: openpyxl.Workbook, column: int) -> Decimal:
    """What Excel's SUM of the column is: of its numbers, without its texts."""
    cells = [row[column] for row in book["Rows"].iter_rows(min_row=2)]
    return sum(
        (Decimal(str(cell.value)) for cell in cells if cell.data_type == "n" and cell.value is not None), Decimal()
    )


def column_of(*cells: str) -> AmountColumn:
    amounts = AmountColumn("Amount")
    for cell in cells:
        amounts.see(cell)
    return amounts


@pytest.mark.parametrize(
    ("cells", "total"),
    [
        (["12.5", "12.34", "12", "-19.9"], "16.94"),
        (["12", "12.5", ".5", "-0.5"], "24.5"),
        (["1,234.50", "2", "1,000"], "2236.50"),
        (["1.234,50", "2", "1.000"], "2236.50"),
        (["1.234", "1,00"], "1235.00"),
        (["(12.50)", "20"], "7.50"),
        (["12.50-", "20"], "7.50"),
        (["+12.50", "\u22122.50", "- 1"], "9.00"),
        (["'-12.50", "20"], "7.50"),
        (["1'234.50", "1"], "1235.50"),
        (["1\u202f234,50", "1"], "1235.50"),
        (["12.345", "1.5"], "13.845"),
        (["0,123", "1"], "1.123"),
        (["", "5.25", ""], "5.25"),
    ],
)
def test_workbook_and_totals_add_up_to_the_same(cells: list[str], total: str) -> None:
    text = "Merchant;Amount;Currency\n" + "".join(f"M{number};{cell};EUR\n" for number, cell in enumerate(cells))

    book = workbook(text)

    assert excel_sum(book, 1) == Decimal(total)
    assert measure_file(io.BytesIO(text.encode()), None).totals == {"EUR": Decimal(total)}
    assert book.sheetnames == ["Rows"]


def test_the_sum_in_excel_is_that_of_the_file() -> None:
    assert excel_sum(workbook("Merchant,Amount\nA,12.5\nB,12.34\nC,12\nD,-19.9\n"), 1) == Decimal("16.94")


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["12.50", "n/a"], "the column “Amount” also holds “n/a”, which is not written as its other amounts are"),
        (["12.50", "12,50"], "the column “Amount” also holds “12,50”, which is not written as its other amounts are"),
        (["1.234", "5.678"], "“1.234” in the column “Amount” may be a thousand or a decimal"),
        (["12.50", "007"], "the column “Amount” also holds “007”, which is not written as its other amounts are"),
        (["12.50", "1e5"], "the column “Amount” also holds “1e5”, which is not written as its other amounts are"),
        (["12.50", "1,23.4"], "the column “Amount” also holds “1,23.4”, which is not written as its other amounts are"),
        (["$12.50"], "the column “Amount” also holds “$12.50”, which is not written as its other amounts are"),
    ],
)
def test_a_column_that_is_not_certain_stays_text_as_a_whole_and_says_so(cells: list[str], why: str) -> None:
    text = "Merchant;Amount;Currency\n" + "".join(f"M{number};{cell};EUR\n" for number, cell in enumerate(cells))

    book = workbook(text)

    assert [row[1].value for row in book["Rows"].iter_rows(min_row=2)] == cells
    assert [row[1].data_type for row in book["Rows"].iter_rows(min_row=2)] == ["s"] * len(cells)
    assert [cell.value for cell in book["Notes"][2]] == [
        "Amount",
        f"The cells of this column are text, so that no amount is wrong: {why}.",
    ]
    measured = measure_file(io.BytesIO(text.encode()), None)
    assert (measured.totals, measured.note) == (None, f"No total is given: {why}.")


@pytest.mark.parametrize("heading", ["Tax code", "VAT number", "Total ID", "Net terms", "Price list no", "Merchant"])
def test_identifiers_stay_text(heading: str) -> None:
    book = workbook(f"{heading},Amount\n1200,1.50\n19,2.50\n")

    assert [row[0].value for row in book["Rows"].iter_rows(min_row=2)] == ["1200", "19"]
    assert book.sheetnames == ["Rows"]


@pytest.mark.parametrize("cells", [["007", "12"], ["12345678901234567890", "1"], ["4111 1111 1111 1111", "1"]])
def test_digits_that_are_a_name_make_no_amounts(cells: list[str]) -> None:
    assert column_of(*cells).mark is None


def test_a_column_of_words_says_nothing() -> None:
    assert workbook("Total\nhigh\nlow\n").sheetnames == ["Rows"]


def test_chosen_columns_stay_text_as_a_whole_too_but_for_what_stands_for_no_amount() -> None:
    layout = Layout(columns=(column("final.amount", heading="Amount", fallback="none"),))

    assert [row[0].value for row in workbook("Amount\n1.50\nnone\n", layout)["Rows"]] == ["Amount", 1.5, "none"]
    doubtful = workbook("Amount\n1.50\nn/a\n", layout)
    assert [row[0].value for row in doubtful["Rows"]] == ["Amount", "1.50", "n/a"]
    assert doubtful.sheetnames == ["Rows", "Notes"]


@given(amount=st.decimals(-(10**9), 10**9, places=2), mark=st.sampled_from([POINT, COMMA]), grouped=st.booleans())
def test_an_amount_that_was_written_is_read_back(amount: Decimal, mark: str, grouped: bool) -> None:
    written = f"{amount:,.2f}" if grouped else f"{amount:.2f}"
    if mark == COMMA:
        written = written.translate({ord("."): ",", ord(","): "."})

    assert amount_in(written, mark) == amount
