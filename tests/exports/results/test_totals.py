"""What a file adds up to, or nothing rather than a wrong sum."""

import io
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Team, User
from exports.columns.layout import Column, Layout, column
from exports.models import SavedExport
from exports.results import totals
from exports.results.totals import Measured, measure_file
from tests.factories import make_result, make_run

DETAIL = Layout(
    columns=(column("report.total"), column("final.amount"), column("expense.currency"), column("report.currency"))
)


def measured(text: str, layout: Layout | None = None) -> Measured:
    return measure_file(io.BytesIO(text.encode()), layout)


def layout(*columns: Column, **more: Any) -> Layout:
    return Layout(columns=columns, **more)


HEADING = ",".join(each.heading for each in DETAIL.columns)


def test_amounts_are_added_up_by_the_currency_they_are_in() -> None:
    text = f"{HEADING}\n100.00,1.10,EUR,GBP\n100.00,-0.20,EUR,GBP\n100.00,,EUR,GBP\n7.00,7.00,USD,GBP\n"

    assert measured(text, DETAIL) == Measured(4, {"EUR": Decimal("0.90"), "USD": Decimal("7.00")})


@pytest.mark.parametrize(
    ("format", "cell", "total"),
    [("0.00", "12.50", "12.50"), ("0,00", "12,50", "12.50"), ("cents", "1250", "12.50"), ("0", "13", "13.00")],
)
def test_each_format_of_amounts_is_read_as_it_is_written(format: str, cell: str, total: str) -> None:
    chosen = layout(column("final.amount", format=format), column("expense.currency"), delimiter=";", heading=False)

    assert measured(f"{cell};EUR\n", chosen) == Measured(1, {"EUR": Decimal(total)})


def test_a_reports_total_counts_once_for_a_report_only() -> None:
    columns = (column("report.total", heading="T"), column("report.currency", heading="C"))

    assert measured("T,C\n5.00,EUR\n5.00,EUR\n", layout(*columns)).totals is None
    assert measured("T,C\n5.00,EUR\n", layout(*columns, rows="report")).totals == {"EUR": Decimal("5.00")}


def test_what_stands_for_no_amount_counts_as_none() -> None:
    chosen = layout(column("final.amount", fallback="n/a"), column("expense.currency"), heading=False)

    assert measured("n/a,EUR\n1.00,EUR\n", chosen) == Measured(2, {"EUR": Decimal("1.00")})


def test_an_apostrophe_before_a_negative_amount_is_not_part_of_it() -> None:
    chosen = layout(column("final.amount"), column("expense.currency"), heading=False)

    assert measured("'-1.00,EUR\n", chosen).totals == {"EUR": Decimal("-1.00")}


@pytest.mark.parametrize("row", ["x,EUR", "1.00,", "1.00", "1.00,Euro", "NaN,EUR"])
def test_one_row_that_makes_no_sense_leaves_the_totals_unknown(row: str) -> None:
    chosen = layout(column("final.amount"), column("expense.currency"), heading=False)

    assert measured(f"1.00,EUR\n{row}\n", chosen) == Measured(2, None)


def test_amounts_without_their_currency_have_no_total() -> None:
    chosen = layout(column("final.reportAmount"), column("expense.currency"), heading=False)

    assert measured("1.00,EUR\n", chosen) == Measured(1, None)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Merchant,Amount,Currency\nx,1.50,EUR\ny,2,EUR\n", {"EUR": Decimal("3.50")}),
        ("total;CURRENCY\n1.234,50;EUR\n2,5;EUR\n", {"EUR": Decimal("1237.00")}),
        ('Amount,Currency\n"1,234.50",EUR\n', {"EUR": Decimal("1234.50")}),
        ("Amount,Currency\n", {}),
        ("Amount,Currency\n1250,EUR\n", None),  # may be cents
        ("Amount;Currency\n1.234;EUR\n1,00;EUR\n", {"EUR": Decimal("1235.00")}),  # the comma is the decimal mark
        ("Amount;Currency\n1.234;EUR\n1;EUR\n", None),  # a thousand, or one and a bit
        ("Amount,Total,Currency\n1.00,1.00,EUR\n", None),
        ("Amount,Merchant\n1.00,EUR\n", None),
    ],
)
def test_of_somebodys_own_template_only_the_obvious_is_added_up(text: str, found: dict[str, Decimal] | None) -> None:
    assert measured(text).totals == found


def test_rows_are_counted_without_heading_and_blank_lines() -> None:
    assert measured('Merchant,Text\n\nx,"a\nb"\n\ny,z\n') == Measured(2, None)


@pytest.mark.django_db
def test_only_a_csv_is_measured(acme_open: Team, alice: User, export: SavedExport) -> None:
    run = make_run(export, status="succeeded")

    assert totals.measure(make_result(run, b"[{}]", "a.json")) == Measured(None, None)
