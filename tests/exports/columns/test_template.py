"""Cells that single options of columns produce."""

from dataclasses import replace
from typing import Any

import pytest

from expensify.freemarker.settings import RenderSettings
from expensify.freemarker.template import parse, render
from exports.columns.checking import problems
from exports.columns.layout import Column, Layout, column
from exports.columns.writing import template_of
from tests.exports.columns.expected_rows import values_of

EXPENSE: dict[str, Any] = {
    "transactionID": "4000000000000000001",
    "amount": 123450,
    "currency": "USD",
    "convertedAmount": 113821,
    "created": "2026-01-04",
    "merchant": "Joe's Diner",
    "billable": True,
    "taxRate": "19%",
    "currencyConversionRate": 2,
    "tag": "Dept\\: North:Berlin",
}


def printed(*columns: Column, report: dict[str, Any] | None = None, **expense: Any) -> str:
    """The only row of a CSV file for one expense."""
    data = {
        "reports": [{"currency": "EUR", "transactionList": [EXPENSE | expense]} | (report or {})],
        "addHeader": True,
    }
    layout = Layout(columns=columns, heading=False)
    assert problems(layout) == []
    return render(parse(template_of(layout)), data, settings=RenderSettings(missing="error", boolean="error")).rstrip(
        "\n"
    )


@pytest.mark.parametrize(
    ("format", "cents", "shown"),
    [
        ("0.00", 123450, "1234.50"),
        ("0.00", -5, "-0.05"),
        ("0,00", 123450, '"1234,50"'),
        ("0", 123450, "1234"),
        ("0", 123550, "1236"),
        ("0", -50, "0"),
        ("0", -51, "-1"),
        ("cents", -40, "-40"),
        ("0.00", "", '""'),
    ],
)
def test_amount_is_written_in_its_format(format: str, cents: object, shown: str) -> None:
    assert printed(column("expense.amount", format=format), amount=cents) == shown


@pytest.mark.parametrize(
    ("format", "shown"),
    [
        ("yyyy-MM-dd", "2026-01-04"),
        ("dd.MM.yyyy", "04.01.2026"),
        ("MM/dd/yyyy", "01/04/2026"),
        ("dd/MM/yyyy", "04/01/2026"),
        ("yyyyMMdd", "20260104"),
    ],
)
def test_day_is_written_in_its_format(format: str, shown: str) -> None:
    assert printed(column("final.created", format=format)) == shown
    assert printed(column("expense.inserted", format=format), inserted="2026-01-04 23:59:59") == shown


def test_text_that_is_not_a_date_is_unchanged() -> None:
    assert printed(column("final.created", format="dd.MM.yyyy"), created="4 Jan 2026") == "4 Jan 2026"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_formula_stays_text_in_a_spreadsheet(start: str) -> None:
    assert printed(column("expense.merchant"), merchant=f"{start}1+1") == f"'{start}1+1"


def test_formula_is_unchanged_without_guard() -> None:
    layout = Layout(columns=(column("expense.merchant"),), guard=False, heading=False)
    data = {"reports": [{"transactionList": [{"merchant": "=1+1"}]}], "addHeader": True}

    assert render(parse(template_of(layout)), data) == "=1+1\n"


def test_identifier_gets_an_apostrophe_for_excel() -> None:
    assert printed(column("expense.transactionID")) == "'4000000000000000001"
    assert printed(column("expense.transactionID"), transactionID=4000000000000000001) == "'4000000000000000001"
    assert printed(column("expense.transactionID", excel_text=False)) == "4000000000000000001"


def test_quotes_delimiters_and_line_breaks_stay_inside_their_cell() -> None:
    assert printed(column("expense.comment"), comment='a "b", c\r\nd\ne') == '"a ""b"", c d e"'


def test_line_breaks_can_stay() -> None:
    layout = Layout(columns=(column("expense.comment"), column("expense.merchant")), line_breaks="keep", heading=False)
    data = {"reports": [{"transactionList": [{"comment": "a\nb", "merchant": "c\rd"}]}], "addHeader": True}

    assert render(parse(template_of(layout)), data) == '"a\nb","c\rd"\n'


def test_booleans_have_words_and_missing_ones_the_fallback() -> None:
    chosen = column("expense.billable", words=("ja", "nein"), fallback="?")

    assert [printed(chosen, billable=value) for value in (True, False, None, "")] == ["ja", "nein", "?", "?"]


def test_missing_text_has_the_fallback() -> None:
    chosen = column("expense.category", fallback="none")

    assert [printed(chosen, category=value) for value in ("Meals", "", None)] == ["Meals", "none", "none"]


@pytest.mark.parametrize(
    ("edited", "shown"),
    [({}, "Joe's Diner,1234.50,2026-01-04"),
     ({"modifiedMerchant": "Joe", "modifiedAmount": 0, "modifiedCreated": "2026-01-05"}, "Joe,0.00,2026-01-05")],
)  # fmt: skip
def test_edited_value_replaces_the_entered_one(edited: dict[str, Any], shown: str) -> None:
    assert printed(column("final.merchant"), column("final.amount"), column("final.created"), **edited) == shown


@pytest.mark.parametrize(
    ("amounts", "shown"),
    [
        ({}, "1138.21"),
        ({"convertedAmount": "", "currency": "EUR"}, "1234.50"),
        ({"convertedAmount": "", "currency": "EUR", "modifiedAmount": 100}, "1.00"),
        ({"convertedAmount": ""}, "unknown"),
    ],
)
def test_amount_in_report_currency_is_never_in_another_currency(amounts: dict[str, Any], shown: str) -> None:
    assert printed(column("final.reportAmount", fallback="unknown"), **amounts) == shown


def test_net_is_the_amount_less_its_tax() -> None:
    chosen = column("final.netAmount")

    assert printed(chosen, taxAmount=23450) == "1000.00"
    assert printed(chosen, taxAmount=23450, modifiedTaxAmount=0) == "1234.50"
    assert printed(chosen) == "1234.50"


def test_rate_as_text_is_unchanged() -> None:
    assert printed(column("expense.taxRate", format="0.00")) == "19%"
    assert printed(column("expense.currencyConversionRate", format="0.00")) == "2.00"


def test_tag_is_split_at_its_colons() -> None:
    levels = [column(f"final.tag{level}", fallback="-") for level in (1, 2)]

    assert printed(*levels, column("final.tag3")) == "Dept: North,Berlin,"
    assert printed(*levels, ntag1="North", ntag2="") == "North,Berlin"
    assert printed(*levels, tag="") == "'-,'-"


def test_report_field_is_found_by_its_name() -> None:
    fields = {"Cost_Center": "CC-12", "2nd_field": "x"}

    shown = printed(
        column("report.customField.Cost_Center"), column("report.customField.2nd_field"), report={"customField": fields}
    )

    assert shown == "CC-12,x"


@pytest.mark.parametrize("receipt", [{}, "", None])
def test_empty_receipt_gives_an_empty_cell(receipt: object) -> None:
    assert (
        printed(column("expense.merchant"), column("expense.receiptObject.url"), receiptObject=receipt)
        == "Joe's Diner,"
    )


def test_all_approvers_are_in_one_cell() -> None:
    approvers = [{"email": "grace@example.com"}, {"email": ""}, {"email": "henrik@example.com"}]

    assert (
        printed(column("final.approvers"), report={"approvers": approvers}) == "grace@example.com; henrik@example.com"
    )


def test_constant_and_row_number_are_in_every_row() -> None:
    layout = Layout(
        columns=(
            Column(source="number", heading="No."),
            Column(source="constant", heading="Account", text="${0012} <#if>"),
            column("expense.merchant"),
        ),
        quoting="always",
    )
    expenses = [{"merchant": "A"}, {"merchant": 'B"'}]
    data = {"reports": [{"transactionList": expenses[:1]}, {"transactionList": expenses[1:]}], "addHeader": True}

    assert render(parse(template_of(layout)), data) == (
        '"No.","Account","Merchant as entered"\n"1","${0012} <#if>","A"\n"2","${0012} <#if>","B"""\n'
    )


def test_no_heading_without_add_header() -> None:
    data = {"reports": [{"transactionList": [EXPENSE]}], "addHeader": False}

    assert render(parse(template_of(Layout(columns=(column("final.merchant"),)))), data) == "Joe's Diner\n"


def test_first_heading_does_not_make_the_file_a_sylk_file() -> None:
    layout = Layout(columns=(column("final.merchant", heading="ID"), column("final.created")))

    assert render(parse(template_of(layout)), {"reports": [], "addHeader": True}) == '"ID",Date\n'


def test_tab_is_a_delimiter() -> None:
    layout = Layout(columns=(column("final.merchant"), column("final.created")), delimiter="\t")
    data = {"reports": [{"transactionList": [EXPENSE]}], "addHeader": True}

    assert render(parse(template_of(layout)), data) == "Merchant\tDate\nJoe's Diner\t2026-01-04\n"


def test_json_has_unquoted_numbers_booleans_and_null() -> None:
    layout = Layout(
        kind="json",
        columns=(
            column("final.merchant", heading='The "shop"'),
            column("final.amount"),
            column("expense.billable", words=("true", "false")),
            column("expense.reimbursable"),
            column("final.taxAmount"),
            column("expense.taxRate"),
        ),
    )
    data = {"reports": [{"transactionList": [EXPENSE]}, {}, {"transactionList": [{"merchant": "A\\:\n"}]}]}

    assert render(parse(template_of(layout)), data) == (
        "[\n"
        '{"The \\"shop\\"": "Joe\'s Diner","Amount": 1234.50,"Billable": true,"Reimbursable": "","Tax amount": null,'
        '"Tax rate": "19%"}\n'
        ',{"The \\"shop\\"": "A\\\\: ","Amount": null,"Billable": null,"Reimbursable": "","Tax amount": null,'
        '"Tax rate": null}\n'
        "]\n"
    )


def test_fixed_width_truncates_text_but_never_a_number() -> None:
    amount = column("expense.amount", format="cents")
    layout = Layout(
        kind="fixed",
        columns=(column("final.merchant", width=6), *(replace(amount, width=width) for width in (7, 6, 5))),
    )
    data = {"reports": [{"transactionList": [EXPENSE | {"merchant": "Pizza🍕!"}]}], "addHeader": True}

    assert render(parse(template_of(layout)), data) == "MerchaAmount AmountAmoun\nPizza? 123450123450#####\n"


def test_totals_add_up_each_category_of_each_report() -> None:
    layout = Layout(
        rows="totals",
        heading=False,
        columns=tuple(column(name) for name in ("group.category", "group.categoryGlCode", "group.count", "group.sum")),
    )
    expenses = [
        {"category": "Meals", "amount": 100, "currency": "EUR"},
        {"category": "Travel", "amount": 50, "currency": "EUR", "categoryGlCode": "6650"},
        {"category": "Meals", "amount": 999, "convertedAmount": 25, "currency": "USD", "categoryGlCode": "6640"},
        {"category": "Meals", "amount": 0, "currency": "EUR", "categoryGlCode": ""},
        {"amount": 100, "currency": "USD"},
    ]
    data = {"reports": [{"currency": "EUR", "transactionList": expenses}], "addHeader": True}

    assert values_of(layout, data) == [
        ["Meals", "6640", "3", "1.25"],
        ["Travel", "6650", "1", "0.50"],
        ["", "", "1", ""],
    ]
    assert render(parse(template_of(layout)), data) == "Meals,6640,3,1.25\nTravel,6650,1,0.50\n,,1,\n"


def test_report_row_counts_and_adds_up_its_expenses() -> None:
    layout = Layout(rows="report", heading=False, columns=(column("group.count"), column("group.sum")))
    expenses = [{"amount": 100, "currency": "EUR"}, {"amount": -30, "currency": "EUR"}]
    data = {"reports": [{"currency": "EUR", "transactionList": expenses}, {"currency": "EUR"}], "addHeader": True}

    assert render(parse(template_of(layout)), data) == "2,0.70\n0,0.00\n"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("Marks &amp; Spencer", "Marks & Spencer"),
        ("3 &lt; 4 &gt; 2", "3 < 4 > 2"),
        ("Joe&apos;s &quot;Diner&quot;", '"Joe\'s ""Diner"""'),
        ("&amp;lt; is decoded once", "&lt; is decoded once"),
        ("&AMP; &euro; &#38; & Sons", "&AMP; &euro; &#38; & Sons"),
        ("=1&amp;2", "'=1&2"),
    ],
)
def test_text_of_a_field_is_decoded(stored: str, shown: str) -> None:
    assert printed(column("final.merchant"), merchant=stored) == shown
    assert printed(column("expense.category"), category=stored) == shown
    assert printed(column("final.tagX".replace("X", "1")), tag=stored.replace(":", "")) == shown


def test_constant_is_what_was_typed() -> None:
    assert printed(Column(heading="Note", source="constant", text="A &amp; B")) == "A &amp; B"
