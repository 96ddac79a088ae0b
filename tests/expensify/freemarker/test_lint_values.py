"""Lint of printed values: booleans, cents, decimals, currencies, edited values."""

import pytest

from expensify.freemarker.lint.check_template import lint
from tests.expensify.freemarker.linting import codes, fixed, marked, only, per_expense, per_report, printed


def test_boolean_is_printed_in_words():
    text = per_expense("${expense.billable}")

    assert only(text, "boolean-format").severity == "warning"
    assert printed(text) == "\n"
    assert printed(fixed(text, "boolean-format")) == "Yes\n"


def test_boolean_with_an_empty_default_gets_a_boolean_default():
    text = fixed(per_expense('${expense.reimbursable!""}'), "boolean-format")

    assert printed(text) == "No\n"


def test_boolean_in_json_is_true_or_false():
    text = "[<#list reports as report>${report.isACHReimbursed!false}<#sep>,</#list>]"

    assert printed(fixed(text, "boolean-format", "json")) == "[false]"


@pytest.mark.parametrize(
    "expression",
    ['expense.billable?string("yes", "no")', "expense.billable?c", 'expense.billable?then("x", "")', "expense.type"],
)
def test_boolean_with_words_is_fine(expression):
    assert "boolean-format" not in codes(per_expense(f"${{{expression}}}"))


def test_boolean_from_a_comparison_is_found_through_a_variable():
    text = per_expense("<#assign big = expense.amount gt 1000>${big}")

    assert marked(text, only(text, "boolean-format")) == "big"


def test_cents_are_divided():
    text = per_expense("${expense.amount}")

    assert printed(text) == "1250\n"
    assert printed(fixed(text, "cents")) == "12.50\n"


def test_cents_with_an_empty_default_are_divided():
    assert printed(fixed(per_expense('${expense.modifiedAmount!""}'), "cents")) == "0.00\n"


def test_cents_with_decimals_that_are_always_zero_are_divided():
    text = per_expense('${expense.amount?string("0.00")}')

    assert printed(text) == "1250.00\n"
    assert printed(fixed(text, "cents")) == "12.50\n"


@pytest.mark.parametrize(
    "expression",
    ['(expense.amount / 100)?string("0.00")', '(expense.amount * 0.01)?string("0.00")', "expense.amount?c"],
)
def test_divided_cents_and_cents_on_purpose_are_fine(expression):
    assert "cents" not in codes(per_expense(f"${{{expression}}}"))


def test_cents_are_followed_through_variables_sums_and_functions():
    text = per_report(
        "<#assign sum = 0><#list report.transactionList as e><#assign sum = sum + e.amount></#list>"
        "<#function same x><#return x></#function>${same(sum)}"
    )

    assert marked(text, only(text, "cents")) == "same(sum)"


def test_cents_inside_a_string_are_found_but_not_rewritten():
    text = per_expense('<#assign line = "EUR ${expense.amount}">${line}')

    assert only(text, "cents").fix is None


def test_cents_after_a_text_are_found():
    assert printed(fixed(per_expense('${"EUR " + expense.amount}'), "cents")) == "EUR 12.50\n"


def test_amount_gets_two_decimals():
    text = per_expense("${expense.amount / 100}")

    assert printed(text) == "12.5\n"
    assert printed(fixed(text, "number-format")) == "12.50\n"


@pytest.mark.parametrize(
    "line",
    [
        '${(expense.amount / 100)?string("0.00")}',
        '${(expense.amount / 100)?string["0.##"]}',
        "${(expense.amount / 100)?c}",
        "#{expense.amount / 100; m2M2}",
        '<#setting number_format="0.00">${expense.amount / 100}',
        "${expense.currencyConversionRate}",
    ],
)
def test_formatted_number_is_fine(line):
    assert "number-format" not in codes(per_expense(line))


def test_short_interpolation_without_a_format_is_none():
    assert "number-format" in codes(per_expense("#{expense.amount / 100}"))


MIXED = """\
<#if expense.convertedAmount?has_content>
      <#assign cents = expense.convertedAmount>
      <#assign currency = report.currency>
    <#else>
      <#assign cents = expense.amount>
      <#assign currency = expense.currency>
    </#if>
    """


def test_column_in_two_currencies_is_marked():
    text = per_expense(MIXED + '${(cents / 100)?string("0.00")}')

    assert marked(text, only(text, "mixed-currency")) == '${(cents / 100)?string("0.00")}'


def test_column_in_two_currencies_inside_one_expression_is_marked():
    assert "mixed-currency" in codes(per_expense('${((expense.convertedAmount!expense.amount) / 100)?string("0.00")}'))


def test_column_in_two_currencies_beside_a_currency_column_is_fine():
    assert "mixed-currency" not in codes(per_expense(MIXED + '${(cents / 100)?string("0.00")},${currency}'))


def test_two_columns_in_a_currency_each_are_fine():
    line = '${(expense.convertedAmount / 100)?string("0.00")},${(expense.amount / 100)?string("0.00")}'

    assert "mixed-currency" not in codes(per_expense(line))


def test_fallback_amount_in_the_same_currency_is_fine():
    text = per_expense(
        "<#if expense.convertedAmount?has_content><#assign cents = expense.convertedAmount>"
        '<#elseif expense.currency != report.currency><#assign cents = "">'
        "<#else><#assign cents = expense.amount></#if>${cents?c}"
    )

    assert "mixed-currency" not in codes(text)


def test_edited_value_goes_first():
    text = per_expense('"${expense.merchant}"')

    assert printed(fixed(text, "modified-ignored")) == '"Löwen"\n'


def test_edited_value_goes_first_before_a_default():
    text = fixed(per_expense("${(expense.amount!0)?c}"), "modified-ignored")

    assert printed(text) == "1250\n"


@pytest.mark.parametrize("field", ["amount", "created", "merchant", "mcc", "taxAmount"])
def test_every_value_that_can_be_edited_is_known(field):
    assert "modified-ignored" in codes(per_expense(f"${{expense.{field}}}"))


def test_edited_value_in_a_column_of_its_own_is_enough():
    assert "modified-ignored" not in codes(per_expense("${expense.created},${expense.modifiedCreated}"))


def test_edited_value_that_is_only_tested_is_enough():
    text = per_expense("<#if !expense.modifiedCreated?has_content>${expense.created}</#if>")

    assert "modified-ignored" not in codes(text)


def test_findings_come_in_the_order_of_the_text():
    found = lint(per_expense("${expense.billable},${expense.amount / 100},${expense.reimbursable}"))

    assert [finding.column for finding in found] == sorted(finding.column for finding in found)
