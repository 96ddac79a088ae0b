"""Whatever stops the engine, certainly or with some data, is found before a call is spent."""

import pytest

from expensify.freemarker.catalogue import CATALOGUE
from expensify.freemarker.errors import RenderError
from expensify.freemarker.lint.check_template import lint
from expensify.freemarker.lint.findings import apply
from expensify.freemarker.lint.generated import generate
from expensify.freemarker.template import parse, render
from tests.expensify.freemarker.engine import Engine
from tests.expensify.freemarker.linting import codes, fixed, only, per_expense, per_report

EXPENSE = {"amount": 1250, "merchant": "Bar", "currencyConversionRate": 0, "created": "2026-01-04", "comment": "x"}
REPORT = {
    "reportName": "Trip",
    "total": 0,
    "approved": "",
    "approvers": [{"email": "a@acme.example", "fullName": "A"}, {"email": "b@acme.example", "fullName": "B"}],
    "submitter": {"firstName": "E"},
    "transactionList": [EXPENSE],
}
DATA = {"addHeader": True, "reports": [REPORT]}
# Each stops with DATA, and in the real engine.
STOPPING = {
    "list": per_report("${report.approvers}"),
    "list of expenses": "${reports}",
    "map": per_report("${report.submitter}"),
    "date of an empty text": per_report('${report.approved?date("yyyy-MM-dd")?string("d.M.yyyy")}'),
    "datetime of an empty text": per_report('${report.approved?datetime("yyyy-MM-dd HH:mm:ss")}'),
    "number of letters": per_report("${report.reportName?number}"),
    "number with text": per_expense('<#if expense.amount == "">x</#if>'),
    "text with number": per_expense("<#if expense.merchant == 0>x</#if>"),
    "text greater than text": per_expense('<#if (expense.created > "2026-01-01")>x</#if>'),
    "sign that ends the tag": per_expense("<#if expense.amount > 100>x</#if>"),
    "sign that ends the tag, or equal": per_expense("<#if expense.amount >= 100>x</#if>"),
    "number as a condition": per_expense("<#if expense.amount>x</#if>"),
    "text as a condition": per_expense("<#if expense.merchant>x</#if>"),
    "division by a number that can be zero": per_expense("${expense.amount / expense.currencyConversionRate}"),
    "remainder by zero": per_report("${100 % report.total}"),
    "function of the wrong type": per_expense("${expense.merchant?round}"),
    "function of a list": per_report("${report.approvers?upper_case}"),
    "beginning of a short text": per_expense("${expense.merchant?substring(0, 10)}"),
    "letter that is not there": per_expense("${expense.merchant[9]}"),
    "calculation with text": per_expense("${expense.merchant * 2}"),
    "macro that is called like a function": "<#macro m a>x</#macro>${m(1)}",
    "function that is called like a macro": "<#function f a><#return a></#function><@f 1/>",
    "argument too many": "<#function f a><#return a></#function>${f(1, 2)}",
    "parameter that does not exist": "<#macro m a>x</#macro><@m a=1 b=2/>",
    "call of a text": per_report("${report.reportName(1)}"),
    "list over text": per_report("<#list report.reportName as x>x</#list>"),
    "bad pattern": per_report('${report.reportName?replace("(", "", "r")}'),
    "bad number format": per_expense('${expense.amount?string("0.0.0")}'),
    "member of a text": per_report("${report.reportName.x}"),
}


@pytest.mark.parametrize("name", STOPPING)
def test_what_stops_is_found(name: str) -> None:
    with pytest.raises(RenderError):
        render(parse(STOPPING[name]), DATA)

    assert "stops" in codes(STOPPING[name])


@pytest.mark.java
def test_the_real_engine_stops_there(engine: Engine) -> None:
    assert [name for name, text in STOPPING.items() if engine.render(text, DATA).output is not None] == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            per_report("${report.approvers?size / 0}"),
            "The template stops here: division by zero. Ask first whether it is 0.",
        ),
        (
            per_report("${100 / report.total}"),
            "The template stops here when report.total is 0: division by zero. Ask first whether it is 0.",
        ),
        (
            per_report('${report.approved?date("yyyy-MM-dd")}'),
            "The template stops here when report.approved is empty: '' is not a date like yyyy-MM-dd."
            " Ask ?has_content first.",
        ),
        (
            "<#macro m a b>${a}</#macro><@m 1/>",
            "The template stops here: the parameter b of the macro m was not given.",
        ),
    ],
)
def test_sentence_says_with_which_data_it_stops(text: str, sentence: str) -> None:
    assert only(text, "stops").sentence == sentence


def test_all_places_are_found_together() -> None:
    text = "${reports}\n${1 / 0}\n" + per_report('${report.approved?date("yyyy-MM-dd")}')

    assert [finding.line for finding in lint(text) if finding.code == "stops"] == [1, 2, 4]


@pytest.mark.parametrize(("sign", "word"), [(">", "gt"), (">=", "gte")])
def test_sign_that_ends_the_tag_becomes_a_word(sign: str, word: str) -> None:
    text = per_expense(f"<#if expense.amount {sign} 1250>more<#else>less</#if>")

    changed = fixed(text, "stops")

    assert f"<#if expense.amount {word} 1250>" in changed
    assert render(parse(changed), DATA) == ("less\n" if sign == ">" else "more\n")


def test_list_becomes_a_member_of_each() -> None:
    text = per_report("${report.approvers}")

    assert render(parse(fixed(text, "stops")), DATA) == "a@acme.example, b@acme.example\n"


@pytest.mark.parametrize(
    "line",
    [
        '<#attempt>${report.approved?date("yyyy-MM-dd")}<#recover></#attempt>',
        '<#if report.approved?has_content>${report.approved?date("yyyy-MM-dd")}</#if>',
        "<#if report.total != 0>${100 / report.total}</#if>",
        "${report.gone}",
        "<#function f a><#return a></#function>${f(report.gone)}",
        "<#if (report.total > 1000)>x</#if>",
        "${report.reportName[0..*10]}",
        '${report.created?date("yyyy-MM-dd")}',
        "<#if report.isACHReimbursed>x</#if>",
        '<#stop "on purpose">',
        "<#include 'x'>",
    ],
)
def test_what_does_not_stop_has_no_finding(line: str) -> None:
    assert "stops" not in codes(per_report(line))


def test_endless_template_ends() -> None:
    assert "stops" not in codes("<#list 1.. as x>${x}</#list>")


def test_fix_of_one_place_leaves_the_others() -> None:
    text = per_report("${report.approvers}\n${1 / 0}")
    fix = next(finding.fix for finding in lint(text) if finding.code == "stops" and finding.fix)

    assert codes(apply(text, fix)).count("stops") == codes(text).count("stops") - 1


def test_generated_data_have_every_field() -> None:
    text = "".join(
        per_expense(f"<#if !({field.name})??>{field.name}</#if>")
        for field in CATALOGUE
        if field.level in ("report", "expense") and not field.placeholder and field.is_value
    )

    assert render(parse(text), generate({})).strip() == ""
