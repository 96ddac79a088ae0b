import csv
import io
from typing import Any

import pytest

from expensify.freemarker.settings import RenderSettings
from expensify.freemarker.template import parse, render
from exports.saved_exports.starter_templates import STARTERS

# The most lenient and the strictest server behaviour that the sources allow.
SERVERS = [RenderSettings(), RenderSettings(missing="error", boolean="error")]

EXPENSE = {
    "transactionID": "1234567890123456789",
    "amount": 1999,
    "currency": "GBP",
    "created": "2026-01-05",
    "merchant": "Café",
    "billable": True,
    "reimbursable": False,
}
REPORT = {
    "reportID": "R00bCluvcO4T",
    "reportName": "Trip",
    "accountEmail": "erin@acme.example",
    "status": "Approved",
    "total": 123456,
    "currency": "EUR",
    "policyName": "Sales",
    "transactionList": [EXPENSE],
}


def rows(
    starter: str, reports: list[dict[str, Any]], *, settings: RenderSettings = SERVERS[1], header: bool = True
) -> list[list[str]]:
    text = render(parse(STARTERS[starter].template), {"reports": reports, "addHeader": header}, settings=settings)
    return list(csv.reader(io.StringIO(text)))


def expense_row(**fields: Any) -> dict[str, str]:
    """The starter's only row for this expense, by heading."""
    headings, row = rows("expense", [REPORT | {"transactionList": [EXPENSE | fields]}])
    return dict(zip(headings, row, strict=True))


@pytest.mark.parametrize("settings", SERVERS, ids=["kind", "strict"])
def test_expense_starter_writes_one_row_for_each_expense(settings: RenderSettings) -> None:
    reports = [REPORT, REPORT | {"reportID": "R2", "transactionList": [EXPENSE, EXPENSE]}]

    written = rows("expense", reports, settings=settings)

    assert [row[0] for row in written] == ["Report ID", "R00bCluvcO4T", "R2", "R2"]
    assert written[1] == [
        "R00bCluvcO4T", "Trip", "erin@acme.example", "Approved", "2026-01-05", "Café", "", "", "",
        "19.99", "GBP", "No", "Yes", "Sales", "'1234567890123456789",
    ]  # fmt: skip


@pytest.mark.parametrize("settings", SERVERS, ids=["kind", "strict"])
def test_report_starter_writes_one_row_for_each_report(settings: RenderSettings) -> None:
    written = rows("report", [REPORT, REPORT | {"reportID": "R2", "transactionList": []}], settings=settings)

    assert written == [
        [
            "Report ID", "Report", "Employee", "Status", "Submitted", "Approved", "Reimbursed", "Approver",
            "Total", "Currency", "Expenses", "Policy",
        ],
        ["R00bCluvcO4T", "Trip", "erin@acme.example", "Approved", "", "", "", "", "1234.56", "EUR", "1", "Sales"],
        ["R2", "Trip", "erin@acme.example", "Approved", "", "", "", "", "1234.56", "EUR", "0", "Sales"],
    ]  # fmt: skip


@pytest.mark.parametrize("starter", ["expense", "report"])
def test_no_heading_is_written_without_add_header(starter: str) -> None:
    assert [row[0] for row in rows(starter, [REPORT], header=False)] == ["R00bCluvcO4T"]


@pytest.mark.parametrize("starter", ["expense", "report"])
def test_without_reports_only_the_heading_is_written(starter: str) -> None:
    assert [row[0] for row in rows(starter, [])] == ["Report ID"]


@pytest.mark.parametrize("starter", ["expense", "report"])
def test_all_rows_have_as_many_columns_as_the_heading(starter: str) -> None:
    bare = {"reportID": "R1", "transactionList": [{"transactionID": "1", "amount": 5}]}

    written = rows(starter, [REPORT, bare])

    assert {len(row) for row in written} == {len(written[0])}


def test_converted_amount_is_preferred_and_in_report_currency() -> None:
    row = expense_row(convertedAmount=2250, modifiedAmount=2100)

    assert (row["Amount"], row["Currency"]) == ("22.50", "EUR")


def test_edited_amount_replaces_the_entered_one() -> None:
    row = expense_row(modifiedAmount=2100)

    assert (row["Amount"], row["Currency"]) == ("21.00", "GBP")


def test_empty_edits_are_ignored() -> None:
    row = expense_row(convertedAmount="", modifiedAmount="", modifiedMerchant="", modifiedCreated="")

    assert (row["Amount"], row["Merchant"], row["Date"]) == ("19.99", "Café", "2026-01-05")


def test_edited_merchant_and_date_replace_the_entered_ones() -> None:
    row = expense_row(modifiedMerchant="Corrected", modifiedCreated="2026-01-06")

    assert (row["Merchant"], row["Date"]) == ("Corrected", "2026-01-06")


@pytest.mark.parametrize(("cents", "written"), [(0, "0.00"), (5, "0.05"), (-1050, "-10.50"), (123456789, "1234567.89")])
def test_cents_become_units(cents: int, written: str) -> None:
    assert expense_row(amount=cents)["Amount"] == written


@pytest.mark.parametrize("text", ['say "hi"', "a, b", "two\nlines", "a; b\tc", "Zoë 漢字 🧾", " padded "])
def test_text_is_unchanged_in_csv(text: str) -> None:
    assert expense_row(comment=text)["Description"] == text


@pytest.mark.parametrize("formula", ["=1+1", "+44 20", "-discount", "@sum(A1)", '=HYPERLINK("x")'])
def test_text_that_a_spreadsheet_would_calculate_stays_text(formula: str) -> None:
    assert expense_row(merchant=formula)["Merchant"] == f"'{formula}"
