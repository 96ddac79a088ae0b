"""Lint of errors that stop a template: unmatched tags, unknown and unsupported names."""

import pytest

from expensify.freemarker.lint.check_template import lint
from expensify.freemarker.lint.findings import apply
from expensify.freemarker.template import MAX_TEMPLATE_CHARS, parse
from tests.expensify.freemarker.linting import codes, fixed, marked, only, per_expense, printed


def test_tag_that_is_not_closed_is_found_where_it_was_opened():
    text = "<#list reports as report>\n<#if addHeader>\nx\n</#list>\n"

    found = only(text, "unbalanced")

    assert (marked(text, found), found.line, found.severity) == ("<#if addHeader>", 2, "error")
    assert "</#list> in line 4" in found.sentence
    assert printed(fixed(text, "unbalanced")) == "x\n"


def test_tag_open_at_the_end_is_found():
    text = "<#if addHeader>\nx\n"

    assert "the template ends" in only(text, "unbalanced").sentence
    assert printed(fixed(text, "unbalanced")) == "x\n"


def test_unmatched_closing_tag_is_removed():
    text = "<#if addHeader>x</#list></#if>"

    found = only(text, "unbalanced")

    assert marked(text, found) == "</#list>"
    assert "<#if> of line 1" in found.sentence
    assert printed(fixed(text, "unbalanced")) == "x"


def test_closing_tag_without_any_opening_tag_is_found():
    assert printed(fixed("x</#if>", "unbalanced")) == "x"


def test_unclosed_macro_call_is_found():
    text = "<#macro m>[<#nested>]</#macro><#if true><@m>x</#if>"

    assert marked(text, only(text, "unbalanced")) == "<@m>"
    assert printed(fixed(text, "unbalanced")) == "[x]"


@pytest.mark.parametrize(
    "text",
    [
        "<#-- <#if x> -->",
        "<#noparse><#if x></#noparse>",
        '<#if "</#if>" == ">">x</#if>',
        "<#assign a>x</#assign><#assign b = 1>",
        "<#macro m></#macro><@m/>",
        "<#list [] as x><#else></#list>",
    ],
)
def test_tags_that_match_are_fine(text):
    assert "unbalanced" not in codes(text)


def test_misspelt_tag_gets_the_nearest_name():
    text = "<#lsit reports as report>x</#list>"

    assert only(text, "unknown-tag").severity == "error"
    assert printed(fixed(text, "unknown-tag")) == "x"


def test_misspelt_closing_tag_gets_the_nearest_name():
    assert printed(fixed("<#if true>x</#iff>", "unknown-tag")) == "x"


def test_misspelt_built_in_gets_the_nearest_name():
    text = per_expense("${expense.currency?lowercase}")

    assert marked(text, only(text, "unknown-built-in")) == "lowercase"
    assert only(text, "unknown-built-in").severity == "error"
    assert printed(fixed(text, "unknown-built-in")) == "eur\n"


def test_all_unknown_built_ins_are_found_together():
    found = codes(per_expense("${expense.currency?lowercase},${expense.curency?uppercase}"))

    assert found == ["unknown-built-in", "unknown-field", "unknown-built-in"]


@pytest.mark.parametrize("text", ["<#include 'x'>", "${'x'?eval}", "${reports?api}", "<#import 'x' as y>"])
def test_unsupported_construct_is_found(text):
    found = only(text, "unsupported")

    assert found.severity == "note"
    assert found.sentence.startswith("The preview cannot show ")
    assert found.sentence.endswith(" the export can be saved and run.")


def test_mistake_behind_an_unsupported_construct_is_found():
    assert codes("<#include 'x'>\n${'a'?eval}\n${'a'?uppercase}") == ["unsupported", "unsupported", "unknown-built-in"]


def test_built_in_with_too_many_arguments_is_found():
    assert "takes no arguments" in only("${'x'?upper_case(1)}", "syntax").sentence


@pytest.mark.parametrize(
    ("text", "place"),
    [("${1 +}", (1, 6)), ("<#if>x</#if>", (1, 1)), ("x\n${a b}", (2, 5)), ("${'x}", (1, 3)), ("<#-- x", (1, 1))],
)
def test_unparsable_text_gives_one_finding_with_position(text, place):
    (found,) = lint(text)

    assert (found.code, found.severity, (found.line, found.column)) == ("syntax", "error", place)


def test_text_without_lint_errors_can_be_parsed():
    for text in ("", "x", "${reports}", "<#list reports as r></#list>", "${1?c}", "${expense.gone}"):
        assert [finding for finding in lint(text) if finding.severity == "error"] == []
        parse(text)


def test_text_over_the_maximum_length_is_found():
    text = "x" * (MAX_TEMPLATE_CHARS + 1)

    found = only(text, "unsupported")

    assert str(MAX_TEMPLATE_CHARS) in found.sentence
    assert found.severity == "note"


def test_text_that_only_the_preview_cannot_read_is_a_note_with_position():
    (found,) = lint("${" + "(" * 200 + "1" + ")" * 200 + "}")

    assert (found.code, found.severity, (found.line, found.column)) == ("unsupported", "note", (1, 63))


def test_fix_changes_only_its_range():
    text = "<#if true>\r\nx</#iff>"

    assert apply(text, only(text, "unknown-tag").fix) == "<#if true>\r\nx</#if>"
