"""Lint of names: fields and their levels, variables, the receipt, undocumented fields."""

import pytest

from expensify.freemarker.catalogue import RECONCILIATION
from expensify.freemarker.lint.check_template import lint
from tests.expensify.freemarker.linting import codes, fixed, marked, only, per_expense, per_report, printed


def test_misspelt_field_gets_the_nearest_name():
    text = per_expense("${expense.merchent!}")

    found = only(text, "unknown-field")

    assert marked(text, found) == "merchent"
    assert "expense.merchant" in found.sentence
    assert printed(fixed(text, "unknown-field")) == 'Bar "Zum Löwen", Wien\n'


def test_fix_of_a_field_keeps_the_templates_variable():
    text = "<#list reports as r><#list r.transactionList as line>${line.curency}</#list></#list>"

    assert printed(fixed(text, "unknown-field")) == "EUR"


def test_expense_field_on_a_report_is_moved_to_the_expense():
    text = per_expense("${report.merchant!}")

    assert "That is a field of an expense." in only(text, "unknown-field").sentence
    assert printed(fixed(text, "unknown-field")) == 'Bar "Zum Löwen", Wien\n'


def test_expense_field_outside_its_loop_names_the_loop():
    found = only(per_report("${report.merchant!}"), "unknown-field")

    assert found.fix is None
    assert "<#list report.transactionList as expense>" in found.sentence


def test_report_field_on_an_expense_is_moved_to_the_report():
    assert printed(fixed(per_expense("${expense.reportName!}"), "unknown-field")) == "Trip\n"


@pytest.mark.parametrize(
    "name",
    [
        "report.manager.fullName",
        "report.customField.Cost_Center",
        'report.customField["Cost_Center"]',
        "expense.ntag2",
        "expense.ntag2GlCode",
        "expense.units.count",
        'expense["merchant"]',
        "report.approvers[0].email",
        "report.approvers?first.email",
        "report.actionList?map(a -> a.action)?join('; ')",
    ],
)
def test_known_field_is_fine(name):
    assert "unknown-field" not in codes(per_expense(f"${{{name}}}"))


@pytest.mark.parametrize(
    ("line", "member"),
    [
        ("<#assign e = expense>${e.gone}", "gone"),
        ("${(expense.gone)!}", "gone"),
        ("<#list report.approvers as boss>${boss.gone}</#list>", "gone"),
        ("${report.approvers?map(a -> a.gone)?join(', ')}", "gone"),
        ("${report.transactionList?first.gone}", "gone"),
        ('${expense["gone"]}', '"gone"'),
        ("<#function f x><#return x.gone></#function>${f(expense)}", "gone"),
        ("<#macro m x>${x.gone}</#macro><@m x=expense/>", "gone"),
        ("<#macro m x><#nested x></#macro><@m expense; y>${y.gone}</@m>", "gone"),
        ("<#if expense.gone == 1>1</#if>", "gone"),
    ],
)
def test_field_is_resolved_by_the_source_of_its_object(line, member):
    text = per_expense(line)

    assert marked(text, only(text, "unknown-field")) == member


def test_report_field_with_a_space_is_spelt_with_an_underscore():
    text = per_report('${report.customField["Cost Center"]}')

    assert "${report.customField.Cost_Center}" in fixed(text, "unknown-field")


def test_placeholder_of_a_tag_level_becomes_a_number():
    assert "${expense.ntag1}" in fixed(per_expense("${expense.ntagX}"), "unknown-field")


def test_reconciliation_has_other_fields():
    text = (
        "<#list cards as card, reports>${card.owner}<#list reports as report>${report.getSubmitted()!}"
        "<#list report.transactionList as expense>${expense.posted}${expense.categoryGlCode}</#list></#list></#list>"
    )

    found = [finding for finding in lint(text, catalogue=RECONCILIATION) if finding.code == "unknown-field"]

    assert [marked(text, finding) for finding in found] == ["categoryGlCode"]


def test_unassigned_variable_is_found():
    text = per_expense("<#assign merchant = expense.merchant>${merchnt}")

    assert marked(text, only(text, "unassigned")) == "merchnt"
    assert printed(fixed(text, "unassigned")) == 'Bar "Zum Löwen", Wien\n'


def test_field_without_its_variable_gets_one():
    assert printed(fixed(per_expense("${merchant}"), "unassigned")) == 'Bar "Zum Löwen", Wien\n'


def test_loop_variable_outside_its_loop_is_found():
    text = per_report("<#list report.transactionList as expense></#list>${expense.merchant}")

    found = only(text, "unassigned")

    assert marked(text, found) == "expense"
    assert "<#list report.transactionList as expense>" in found.sentence


@pytest.mark.parametrize(
    "line",
    [
        "<#assign a = 1>${a}",
        "<#assign a>text</#assign>${a}",
        "${a}<#assign a = 1>",
        "<#macro m a b=2 c...>${a}${b}</#macro><@m 1/>",
        "<#function f a><#local b = a><#return b></#function>${f(1)}",
        "<#list 1..3 as a>${a_index}${a_has_next?c}${a?index}</#list>",
        "<#list report.submitter as key, value>${key}${value}</#list>",
        "<#if addHeader>${.now}</#if>",
        "${request.requesterEmail}",
    ],
)
def test_variable_with_a_value_is_fine(line):
    assert "unassigned" not in codes(per_report(line))


def test_undocumented_field_is_noted_once():
    text = per_expense("${expense.cardName!},${expense.cardName!}")

    found = only(text, "undocumented-field")

    assert found.severity == "note"
    assert (marked(text, found), found.column) == ("expense.cardName", 7)


def test_documented_field_is_not_noted():
    assert "undocumented-field" not in codes(per_expense("${expense.cardNumber!}"))


def test_receipt_is_tested_before_it_is_used():
    text = per_expense("${expense.receiptObject.url}")

    assert marked(text, only(text, "receipt-untested")) == "expense.receiptObject.url"
    assert printed(fixed(text, "receipt-untested")) == "\n"


def test_default_of_a_receipt_field_does_not_cover_a_missing_receipt():
    text = per_expense('[${expense.receiptObject.url!"none"}]')

    assert printed(fixed(text, "receipt-untested")) == "[none]\n"


def test_receipt_in_an_expression_gets_a_default():
    text = per_expense('<#assign link = expense.receiptObject.url + "?x">[${link}]')

    assert printed(fixed(text, "receipt-untested")) == "[?x]\n"


@pytest.mark.parametrize(
    "line",
    [
        "<#if expense.receiptObject?has_content>${expense.receiptObject.url}</#if>",
        "<#if expense.receiptObject?? && expense.receiptObject.url?has_content>${expense.receiptObject.url}</#if>",
        "<#if !expense.receiptObject?has_content>none<#else>${expense.receiptObject.url}</#if>",
        '${(expense.receiptObject.url)!""}',
        "<#if (expense.receiptObject.url)??>${expense.receiptObject.url}</#if>",
        '${expense.receiptObject?has_content?then(expense.receiptObject.url, "")}',
        "<#if expense.receiptObject?has_content><#assign r = expense.receiptObject>${r.url}</#if>",
        "<#assign r = expense.receiptObject!><#if r?has_content>${r.url}</#if>",
        "${expense.receiptID}",
    ],
)
def test_tested_receipt_is_fine(line):
    assert "receipt-untested" not in codes(per_expense(line))


def test_receipt_test_ends_with_its_block():
    line = "<#if expense.receiptObject?has_content>${expense.receiptObject.url}</#if>${expense.receiptObject.type}"
    text = per_expense(line)

    assert marked(text, only(text, "receipt-untested")) == "expense.receiptObject.type"
