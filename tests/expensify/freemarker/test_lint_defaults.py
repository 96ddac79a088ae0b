"""An empty value is not a missing one: a default behind ! does not stand in for it."""

import pytest

from expensify.freemarker.lint.check_template import lint
from expensify.freemarker.lint.findings import apply
from expensify.freemarker.template import parse, render
from tests.expensify.freemarker.linting import EXPENSE, codes, only, per_expense

AMOUNT = ("modifiedAmount", "12.50")
MERCHANT = ("modifiedMerchant", "Bar")
WAYS = {
    "mark": ('${((expense.modifiedAmount!expense.amount) / 100)?string("0.00")}', *AMOUNT),
    "mark on parentheses": ('${(((expense.modifiedAmount)!expense.amount) / 100)?string("0.00")}', *AMOUNT),
    "built-in": ('${(expense.modifiedAmount?default(expense.amount) / 100)?string("0.00")}', *AMOUNT),
    "index": ('${((expense["modifiedAmount"]!expense.amount) / 100)?string("0.00")}', *AMOUNT),
    "chain": ('${((expense.convertedAmount!expense.modifiedAmount!expense.amount) / 100)?string("0.00")}', *AMOUNT),
    "variable": ('<#assign cents = expense.modifiedAmount!expense.amount>${(cents / 100)?string("0.00")}', *AMOUNT),
    "empty variable": (
        '<#assign m = expense.modifiedAmount!""><#assign cents = m!expense.amount>${(cents / 100)?string("0.00")}',
        *AMOUNT,
    ),
    "function": (
        '<#function units cents><#return (cents / 100)?string("0.00")></#function>'
        "${units(expense.modifiedAmount!expense.amount)}",
        *AMOUNT,
    ),
    "if": (
        '<#if expense.modifiedAmount??>${(expense.modifiedAmount / 100)?string("0.00")}<#else>'
        '${(expense.amount / 100)?string("0.00")}</#if>',
        *AMOUNT,
    ),
    "old if": (
        '<#if expense.modifiedAmount?exists>${(expense.modifiedAmount / 100)?string("0.00")}<#else>'
        '${(expense.amount / 100)?string("0.00")}</#if>',
        *AMOUNT,
    ),
    "if not": (
        '<#if !expense.modifiedAmount??>${(expense.amount / 100)?string("0.00")}<#else>'
        '${(expense.modifiedAmount / 100)?string("0.00")}</#if>',
        *AMOUNT,
    ),
    "then": (
        '${((expense.modifiedAmount??)?then(expense.modifiedAmount, expense.amount) / 100)?string("0.00")}',
        *AMOUNT,
    ),
    "text": ('"${expense.modifiedMerchant!expense.merchant}"', *MERCHANT),
    "text with a constant": ('"${expense.modifiedMerchant!"Bar"}"', *MERCHANT),
    "inside of a built-in": ('"${(expense.modifiedMerchant!expense.merchant)?trim}"', *MERCHANT),
}


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("empty", ["", None])
def test_fix_prints_the_value(name: str, empty: str | None) -> None:
    line, field, expected = WAYS[name]
    text = per_expense(line)

    while fixes := [finding.fix for finding in lint(text) if finding.code == "empty-default"]:
        assert fixes[0] is not None
        text = apply(text, fixes[0])

    assert text != per_expense(line)
    assert _print(text, **{field: empty, "convertedAmount": empty}).strip('"\n') == expected


def test_default_for_a_text_that_may_be_empty_is_a_note() -> None:
    finding = only(per_expense('${expense.category!"None"}'), "empty-default")

    assert finding.severity == "note"


@pytest.mark.parametrize(
    "line",
    [
        '"${expense.category!""}"',
        '"${expense.category!}"',
        '"${expense.category!" "}"',
        "${expense.amount!0}",
        '${(expense.billable!false)?string("Yes", "No")}',
        "${(expense.modifiedAmount?has_content)?then(expense.modifiedAmount, expense.amount)}",
        "<#if expense.modifiedAmount?has_content>${expense.modifiedAmount!0}</#if>",
        '<#if expense.modifiedAmount?? && expense.modifiedAmount != "">${expense.modifiedAmount}</#if>',
        "<#if expense.modifiedAmount??><#if expense.modifiedAmount?has_content>${expense.modifiedAmount}</#if></#if>",
        "<#list report.approvers![] as approver>x</#list>",
    ],
)
def test_default_that_an_empty_value_does_not_need_is_fine(line: str) -> None:
    assert "empty-default" not in codes(per_expense(line))


def _print(text: str, **fields: object) -> str:
    expense = EXPENSE | {"merchant": "Bar"} | fields
    return render(parse(text), {"reports": [{"transactionList": [expense]}], "addHeader": True})
