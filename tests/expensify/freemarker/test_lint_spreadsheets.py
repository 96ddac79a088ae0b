"""What Excel would take for another format, and formulas of Expensify's website."""

import pytest

from expensify.freemarker.template import parse, render
from tests.expensify.freemarker.linting import DATA, codes, fixed, marked, only, per_expense, per_report

ROWS = per_expense("${expense.transactionID?substring(9)},${expense.currency}")


@pytest.mark.parametrize(
    ("heading", "first"),
    [
        ("<#if addHeader>\nID,Currency\n</#if>\n", '"ID"'),
        ("<#if addHeader>\n  ID,Currency<#lt>\n</#if>\n", '"ID"'),
        ("<#-- export --><#if addHeader>\nIDs of expenses,Currency\n</#if>\n", '"IDs of expenses"'),
        ("<#assign x = 1>\n<#if addHeader>\nID;Currency\n</#if>\n", '"ID"'),
        ("ID\n", '"ID"'),
    ],
)
@pytest.mark.parametrize("extension", ["csv", "txt"])
def test_file_that_begins_with_id_is_found(heading: str, first: str, extension: str) -> None:
    text = fixed(heading + ROWS, "sylk", extension)

    assert render(parse(text), DATA).startswith(first)


def test_file_that_prints_id_by_an_expression_is_found() -> None:
    assert "sylk" in codes('<#if addHeader>\n${"ID"},Currency\n</#if>\n' + ROWS)


@pytest.mark.parametrize(
    ("heading", "extension"),
    [
        ("Id,Currency", "csv"),
        ('"ID",Currency', "csv"),
        ("Report ID,Currency", "csv"),
        ("'ID,Currency", "csv"),
        ("ID,Currency", "xlsx"),
        ("iD,Currency", "csv"),
    ],
)
def test_other_beginning_is_fine(heading: str, extension: str) -> None:
    assert "sylk" not in codes(f"<#if addHeader>\n{heading}\n</#if>\n" + ROWS, extension)


@pytest.mark.parametrize(
    ("formula", "printed"),
    [
        ("{expense:currency}", "EUR"),
        ("{ Expense : Currency }", "EUR"),
        ("{report:title}", "Trip"),
        ("{expense:amount}", "12.50"),
        ("{expense:date}", "2026-01-04"),
    ],
)
def test_formula_of_the_website_becomes_a_field(formula: str, printed: str) -> None:
    text = per_expense(f"x,{formula},y")

    assert marked(text, only(text, "website-formula")) == formula
    assert render(parse(fixed(text, "website-formula")), DATA) == f"x,{printed},y\n"


@pytest.mark.parametrize(
    "formula", ["{report:submit:from:custom}", "{user:email|frontPart}", "{field:Trip}", "{expense:merchant:x}"]
)
def test_formula_without_a_field_is_found_without_a_fix(formula: str) -> None:
    finding = only(per_report(f"x,{formula}"), "website-formula")

    assert finding.fix is None
    assert finding.sentence.startswith(f"{formula} is a formula of Expensify's website.")


def test_field_of_an_expense_is_not_offered_outside_its_loop() -> None:
    assert only(per_report("x,{expense:merchant}"), "website-formula").fix is None


@pytest.mark.parametrize(
    ("line", "extension"),
    [
        ('{"report": "${report.reportID}"}', "json"),
        ("{report ${report.reportID}}", "txt"),
        ("<#-- {report:title} -->x", "txt"),
        ('${{"report": "x"}.report}', "txt"),
    ],
)
def test_braces_of_other_kinds_are_no_formulas(line: str, extension: str) -> None:
    assert "website-formula" not in codes(per_report(line), extension)
