"""A row that adds up the others is not counted again, and where that is not certain there is no total."""

import io
from decimal import Decimal

import pytest

from exports.columns.layout import Layout, column
from exports.results.totals import Measured, measure_file

ONE = "One row of the file adds up the rows above it. It is not counted again."


def measured(text: str, layout: Layout | None = None) -> tuple[Measured, str]:
    found = measure_file(io.BytesIO(text.encode()), layout)
    return found, found.note


@pytest.mark.parametrize(
    "label",
    ["Total", "TOTAL:", "Grand total", "Sub-total", "Sum", "Total EUR", "Total (2 rows)", "Gesamtsumme", "Totale", ""],
)
def test_a_row_that_adds_up_the_others_is_left_out(label: str) -> None:
    text = f"Merchant,Day,Amount,Currency\nA,2026-10-01,4.00,EUR\nB,2026-10-02,6.00,EUR\n{label},,10.00,EUR\n"

    assert measured(text) == (Measured(3, {"EUR": Decimal("10.00")}), ONE)


def test_the_example_of_one_row() -> None:
    assert measured("Merchant,Amount,Currency\nA,10.00,EUR\nTotal,10.00,EUR\n")[0].totals == {"EUR": Decimal("10.00")}


def test_a_total_may_have_no_currency_and_stand_beside_other_numbers() -> None:
    text = "Merchant,Count,Amount,Currency\nA,1,4.00,EUR\nB,2,6.00,EUR\nTotal,3,10.00,\n"

    assert measured(text) == (Measured(3, {"EUR": Decimal("10.00")}), ONE)


def test_subtotals_and_totals_by_currency_are_left_out() -> None:
    text = (
        "Person;Amount;Currency\nA;1,50;EUR\nA;2,00;EUR\nSubtotal;3,50;EUR\nB;1,00;EUR\nB;9,00;USD\n"
        "Subtotal;1,00;EUR\nSubtotal;9,00;USD\nTotal EUR;4,50;EUR\nTotal USD;9,00;USD\n"
    )

    assert measured(text) == (
        Measured(9, {"EUR": Decimal("4.50"), "USD": Decimal("9.00")}),
        "5 rows of the file add up rows above them. They are not counted again.",
    )


def test_a_merchant_called_total_is_counted() -> None:
    text = "Merchant,Day,Amount,Currency\nA,2026-10-01,4.00,EUR\nTotal,2026-10-02,6.00,EUR\nB,2026-10-03,1.00,EUR\n"

    assert measured(text) == (Measured(3, {"EUR": Decimal("11.00")}), "")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("Total,,11.00,EUR", "a row is called “Total”, and nobody can tell whether it adds up the rows above it"),
        (
            "Total,2026-10-03,10.00,EUR",
            "a row is called “Total”, and nobody can tell whether it adds up the rows above it",
        ),
        ("Total,,10.00,", "a row without a currency may add up the others"),
    ],
)
def test_where_it_is_not_certain_there_is_no_total(row: str, why: str) -> None:
    more = "C,2026-10-01,1.00,USD\n" if row.endswith(",") else ""
    text = f"Merchant,Day,Amount,Currency\nA,2026-10-01,4.00,EUR\nB,2026-10-02,6.00,EUR\n{more}{row}\n"

    assert measured(text) == (Measured(3 + bool(more), None), f"No total is given: {why}.")


def test_amounts_without_any_other_column_are_counted() -> None:
    assert measured("Amount,Currency\n1.50,EUR\n1.50,EUR\n")[0].totals == {"EUR": Decimal("3.00")}


def test_chosen_columns_have_no_such_rows() -> None:
    layout = Layout(
        columns=(
            column("final.merchant", heading="M"),
            column("final.amount", heading="A"),
            column("expense.currency", heading="C"),
        )
    )

    assert measured("M,A,C\nA,4.00,EUR\nTotal,4.00,EUR\n", layout)[0].totals == {"EUR": Decimal("8.00")}
