"""Lint says nothing wrong about good templates: what it says of each of the corpus is written down and was checked."""

import pytest

from expensify.freemarker.catalogue import CATALOGUE, RECONCILIATION
from expensify.freemarker.lint.check_template import lint
from tests.expensify.freemarker.corpus import exports
from tests.expensify.freemarker.linting import codes, only, per_expense, per_report

# The file types that the templates of the corpus are written for; the others make CSV.
_TYPES = {
    "approvers": "txt",
    "camel_case": "txt",
    "compressed": "txt",
    "fixed_width": "txt",
    "html": "txt",
    "json": "json",
    "json_compact": "json",
    "switch_on_type": "txt",
    "unescape_html": "txt",
    "weekly_periods": "txt",
    "xml": "xml",
}
EDITED = "modified-ignored"
EMPTY = "empty-default"
STOPS = "stops"
QUOTES = "unquoted-text"
# Line and code of each finding. Each is right: the template would spoil a file whose data are less kind.
RIGHT = {
    "actions": [(3, "line-break"), (3, "undoubled-quotes")],
    "approvers": [(2, EMPTY)],
    "compressed": [(8, EDITED), (8, EDITED), (8, "number-format")],
    "csv_function": [(8, STOPS), (10, "heading-unguarded"), (13, EMPTY), (13, EMPTY)],
    "csv_long_ids": [(1, "heading-unguarded"), (1, "sylk")],
    "csv_macro": [(5, EDITED)],
    "csv_missing_fields": [
        (3, "excel-identifier"),
        *[(3, QUOTES)] * 3,
        (3, "receipt-untested"),
        (3, "boolean-format"),
        (3, EDITED),
    ],
    "csv_precedence": [(23, QUOTES), (24, "mixed-currency"), (24, "number-format")],
    "csv_rows": [(7, EDITED), (8, EDITED), (9, EDITED)],
    "csv_rows_from_windows": [(7, EDITED), (8, EDITED), (9, EDITED)],
    "csv_with_defaults": [
        (2, QUOTES),
        (2, EMPTY),
        (2, "mixed-currency"),
        *[(2, EMPTY)] * 2,
        (2, STOPS),
        *[(2, QUOTES)] * 3,
        (2, EMPTY),
    ],
    "custom_fields": [(2, QUOTES), (2, EMPTY)],
    "fixed_width": [(3, EDITED), (3, EDITED)],
    "html": [(6, EDITED), (9, "xml-text")],
    "journal": [
        (5, EMPTY),
        (5, EMPTY),
        (6, QUOTES),
        (6, EMPTY),
        (6, "mixed-currency"),
        (6, EMPTY),
        (6, EMPTY),
        (6, STOPS),
        (8, STOPS),
        (10, "mixed-currency"),
    ],
    "json": [(4, EMPTY), (4, EDITED)],
    "json_compact": [(2, EDITED)],
    "switch_on_type": [(11, EDITED)],
    "tags": [(4, QUOTES), (4, QUOTES)],
    "taxes": [
        (1, "heading-unguarded"),
        (5, EMPTY),
        (5, EMPTY),
        (6, QUOTES),
        (6, EMPTY),
        (6, STOPS),
        (6, STOPS),
        (6, QUOTES),
    ],
    "totals_by_category": [(9, QUOTES), (12, QUOTES)],
    "tsv": [(2, EDITED), (2, QUOTES), (2, EDITED), (2, EDITED)],
    "unescape_html": [(3, EDITED)],
    "weekly_periods": [(1, EDITED)],
    "xml": [(7, EDITED), (8, EDITED)],
}


@pytest.mark.parametrize("name", exports.TEMPLATES)
def test_findings_over_the_corpus_are_right(name: str) -> None:
    catalogue = RECONCILIATION if name == "reconciliation_cards" else CATALOGUE

    found = lint(exports.TEMPLATES[name], file_extension=_TYPES.get(name, "csv"), catalogue=catalogue)

    assert [(finding.line, finding.code) for finding in found] == RIGHT.get(name, [])


GOOD = {
    "number of an identifier in JSON": (
        "json",
        '[<#list reports as r>${(r.transactionList[0].transactionID!"0")?number?c}<#sep>,</#list>]',
    ),
    "number with a default in JSON": ("json", '[<#list reports as r>{"total": ${(r.total!0)?c}}<#sep>,</#list>]'),
    "units in JSON": ("json", '[<#list reports as r>{"total": ${((r.total!0) / 100)?c}}<#sep>,</#list>]'),
    "text that is a number in JSON": (
        "json",
        '[<#list reports as r><#if (r.policyName!"")?is_number>${r.policyName?c}<#else>null</#if><#sep>,</#list>]',
    ),
    "number or null in JSON": (
        "json",
        '[<#list reports as r>{"n": ${(r.total!"")?has_content?then((r.total!0)?c, "null")}}<#sep>,</#list>]',
    ),
    "letter": ("txt", per_report("Dear ${report.submitter.firstName!}, your report, ${report.reportName!}, is paid.")),
    "list of names": ("txt", per_report('<#list report.approvers as a>${a.fullName!""}<#sep>; </#sep></#list>')),
    "fixed width": ("txt", per_report("${report.reportName?right_pad(40)}|${report.policyName?right_pad(40)}")),
    "fixed width with commas": ("txt", per_report("${report.reportName?right_pad(40)},${report.policyName}")),
    "identifier with letters behind it": ("csv", per_expense("${expense.transactionID}-A,${expense.currency}")),
    "identifiers with a sign between": ("csv", per_expense("${expense.transactionID}-${report.reportID},x")),
    "identifiers joined with a sign": ("csv", per_expense("${expense.transactionID + '/' + report.reportID},x")),
    "identifier behind text": ("csv", per_expense("No. ${expense.transactionID},x")),
    "identifier and status": ("csv", per_expense("${expense.transactionID} ${report.status},x")),
    "end of an identifier": ("csv", per_expense("${expense.transactionID?substring(10)},x")),
    "pattern for negative numbers": (
        "csv",
        '<#list reports as r>\n${((r.total!0) / 100)?string("0.00;(0.00)")};${r.reportID}\n</#list>',
    ),
    "date in a pattern with a comma's words": ("csv", '${.now?string("yyyy-MM-dd")},x'),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_template_has_no_findings(name: str) -> None:
    extension, text = GOOD[name]

    assert codes(text, extension) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('1,${expense.transactionID + ""},x', "excel-identifier"),
        ("1,${expense.transactionID}${expense.transactionID},x", "excel-identifier"),
        ("1,${expense.transactionID}00,x", "excel-identifier"),
        ("1,${expense.transactionID?trim},x", "excel-identifier"),
        ("1,<#if true>${expense.transactionID}</#if>,x", "excel-identifier"),
        ('1,${(report.total / 100)?string("#,##0.00")},x', "unquoted-text"),
        ('1,${(report.total / 100)?string("0.00;(0,00)")},x', None),
        ("1,${(report.total / 100)?string(\"0.00','\")},x", "unquoted-text"),
    ],
)
def test_what_is_nearly_such_a_case_is_found(line: str, code: str | None) -> None:
    found = codes(per_expense(line))

    assert (code in found) if code else found == []


@pytest.mark.parametrize(
    ("expression", "effect"),
    [
        ('${missing!"A"}', "so its default is always taken."),
        ('${(missing.a)!"A"}', "so its default is always taken."),
        ('${missing?default("A")}', "so its default is always taken."),
        ("<#if missing??>a</#if>", "so this test never finds it."),
        ("<#if (missing.a)?has_content>a</#if>", "so this test never finds it."),
        ("${missing}", "so this prints nothing."),
        ('${missing.a!"A"}', "so this prints nothing."),
    ],
)
def test_unassigned_variable_is_told_with_its_effect(expression: str, effect: str) -> None:
    assert effect in only(expression, "unassigned").sentence


def test_text_file_with_bare_delimiters_is_a_table() -> None:
    assert codes(per_expense("1,${expense.merchant},x"), "txt") == ["unquoted-text", "modified-ignored"]
