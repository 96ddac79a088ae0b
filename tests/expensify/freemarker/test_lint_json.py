"""Lint of JSON: strings and trailing commas."""

import json

import pytest

from tests.expensify.freemarker.linting import codes, fixed, marked, only, printed


def entries(inside: str, separator: str = "<#sep>,</#sep>") -> str:
    """A JSON list with one entry per expense."""
    return f"[<#list reports as report><#list report.transactionList as expense>{inside}{separator}</#list></#list>]"


def read(text: str) -> object:
    return json.loads(printed(text))


def test_text_in_a_string_is_escaped():
    text = entries('{"shop": "${expense.merchant}"}')

    assert marked(text, only(text, "json-string", "json")) == "${expense.merchant}"
    assert read(fixed(text, "json-string", "json")) == [{"shop": 'Bar "Zum Löwen", Wien'}]


def test_text_without_quotes_gets_them():
    text = entries('{"shop": ${expense.merchant!""}}')

    assert read(fixed(text, "json-string", "json")) == [{"shop": 'Bar "Zum Löwen", Wien'}]


def test_date_without_quotes_gets_them():
    assert read(fixed(entries('{"on": ${expense.created}}'), "json-string", "json")) == [{"on": "2026-01-04"}]


@pytest.mark.parametrize(
    "entry",
    [
        '{"shop": "${expense.merchant?json_string}"}',
        '{"id": "${expense.transactionID}"}',
        '{"on": "${expense.created}"}',
        '{"rate": ${expense.currencyConversionRate}}',
        '<#escape x as x?json_string>{"shop": "${expense.merchant}"}</#escape>',
        '<#assign shop = expense.merchant?json_string>{"shop": "${shop}"}',
        '<#function q x><#return "\\"" + x?json_string + "\\""></#function>{"shop": ${q(expense.merchant)}}',
    ],
)
def test_json_text_has_no_finding(entry):
    assert "json-string" not in codes(entries(entry), "json")


def test_trailing_comma_after_a_loop_becomes_a_separator():
    text = '{"ids": [<#list reports[0].transactionList as expense>"${expense.transactionID}",</#list>]}'

    assert only(text, "trailing-comma", "json").severity == "warning"
    assert read(fixed(text, "trailing-comma", "json")) == {"ids": ["4000000000000000001"]}


def test_trailing_comma_on_its_own_line_becomes_a_separator():
    text = '[\n  <#list reports as report>\n    {\n      "title": "x"\n    },\n  </#list>\n]\n'

    assert only(text, "trailing-comma", "json").line == 5
    assert read(fixed(text, "trailing-comma", "json")) == [{"title": "x"}]


def test_trailing_comma_of_nested_lists_has_no_fix():
    assert only(entries('{"a": 1}', ","), "trailing-comma", "json").fix is None


def test_comma_before_a_bracket_is_removed():
    text = '[<#list reports as report>{"title": "x", }<#sep>,</#list>]'

    assert read(fixed(text, "trailing-comma", "json")) == [{"title": "x"}]


@pytest.mark.parametrize(
    "text",
    [
        "[<#list reports as r>1<#if r?has_next>,</#if></#list>]",
        "[<#list reports as r>1<#if r_has_next>,</#if></#list>]",
        "[<#list reports as r>1<#sep>, </#list>]",
        "[<#list reports as r><#if r?index gt 0>,</#if>1</#list>]",
        "[<#list reports as r>1,</#list>0]",
        '{<#list reports as r>"${r.reportID}": 1,</#list> "all": 2}',
        '["a,]"<#list reports as r>, "${r.reportID},"</#list>]',
    ],
)
def test_comma_between_entries_is_fine(text):
    assert "trailing-comma" not in codes(text, "json")


def test_comma_in_a_table_is_a_column():
    assert "trailing-comma" not in codes("<#list reports as r>${r.currency},\n</#list>")
