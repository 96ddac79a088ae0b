"""Errors have a plain message and a position."""

import pytest

from expensify.freemarker.errors import LimitExceeded, Missing, RenderError, TemplateError, Unsupported
from expensify.freemarker.settings import RenderSettings
from expensify.freemarker.template import parse, render

_STRICT = RenderSettings(missing="error", boolean="error")


def error_of(template: str, **data: object) -> tuple[int, int, str]:
    with pytest.raises(TemplateError) as caught:
        render(parse(template), data, settings=_STRICT)
    return caught.value.line, caught.value.column, caught.value.message


@pytest.mark.parametrize(
    ("template", "line", "column", "message"),
    [
        ("a\nb <#if x>\nc", 2, 3, "<#if> is not closed"),
        ("a\n</#if>", 2, 1, "</#if> has no beginning here"),
        ("<#if true>\n</#list>", 2, 1, "expected </#if> for the <#if> of line 1, found </#list>"),
        ("<#lst xs as x>", 1, 1, "there is no tag <#lst>; did you mean <#list>?"),
        ("\n  ${s?uppercase}", 2, 7, "there is no built-in ?uppercase; did you mean ?upper_case?"),
        ("${a", 1, 3, "the template ends inside a tag or ${…}"),
        ("${a b}", 1, 5, "expected } instead of b"),
        ("${'a", 1, 3, "this string is not closed"),
        (r"${'a\q'}", 1, 5, r"\q is not an escape; a backslash is written \\"),
        ("<#if a == >", 1, 11, "expected an expression instead of the end of the tag (>)"),
        ("<#if(a)>", 1, 1, "<#if> needs a space and then an expression"),
        ("a<#-- b", 1, 2, "this comment is not closed"),
        ("<#ftl auto_esc=1>", 1, 7, "auto_esc must be true or false"),
        ("${.versoin}", 1, 3, "there is no special variable .versoin"),
        ("<#setting colour='x'>", 1, 11, "there is no setting colour; these are: boolean_format, classic_compatible,"
         " date_format, datetime_format, locale, number_format, output_encoding, sql_date_and_time_time_zone,"
         " time_format, time_zone, url_escaping_charset"),
        ("<#include 'x'>\n<#if x>", 2, 1, "<#if> is not closed"),
        ("${s?eval.x}\n${s?trim(1)}", 2, 5, "?trim takes no arguments"),
        ("${s?replace('a')}", 1, 5, "?replace takes 2 to 3 arguments, not 1"),
        ("${s?left_pad}", 1, 5, "?left_pad needs 1 argument in parentheses"),
        ("${s?trim(1)}", 1, 5, "?trim takes no arguments"),
        ("${x?index}", 1, 3, "x is not the variable of a loop around this place"),
        ("<#if ${x}>", 1, 6, "write the expression without ${…} here; it is only for plain text"),
        ("${s?upper_case}${s?lowerCase}", 1, 20, "lowerCase and upper_case do not go together: one template writes"
         " its names either like upper_case or like upperCase"),
        ("<#break>", 1, 1, "<#break> belongs inside a <#list>, <#items> or <#switch>"),
    ],
)  # fmt: skip
def test_parse_error_has_message_and_position(template: str, line: int, column: int, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(template)

    assert (caught.value.line, caught.value.column, caught.value.message) == (line, column, message)
    assert not isinstance(caught.value, RenderError)


@pytest.mark.parametrize(
    ("template", "line", "column", "message"),
    [
        ("a\n ${e.shop}", 2, 4, 'e.shop is missing; test it with ?has_content, or give it a default like e.shop!""'),
        ("${gone.a}", 1, 3, 'gone is missing; test it with ?has_content, or give it a default like gone!""'),
        ("${b}", 1, 1, 'a boolean does not print by itself; write it like b?string("yes", "no")'),
        ("<#if s>a</#if>", 1, 6, "expected a boolean, but this is a string"),
        ("${s - 1}", 1, 7, "expected a number, but this is a string"),
        ("${1 / (n - n)}", 1, 7, "division by zero"),
        ("${s.a}", 1, 3, "only maps have fields like .a; this is a string"),
        ("${xs}", 1, 1, "this is a list, which does not print by itself"),
        ("<#list n as x></#list>", 1, 8, "expected a list, but this is a number"),
        ("<#list e as x></#list>", 1, 8, "listing a map needs two loop variables, like <#list m as key, value>"),
        ("${(s == n)?c}", 1, 4, "cannot compare a string with a number"),
        ("${('a' + s) lt s}", 1, 3, "< compares numbers and dates, not strings"),
        ("${s?number}", 1, 5, "'text' is not a number"),
        ("${n?string('0.0.0')}", 1, 5, "'0.0.0' is not a number format; write it like 0.00 or #,##0.##"),
        ("${s?date('yyyy')}", 1, 5, "'text' is not a date like yyyy"),
        ("${s?replace('\\\\Ga', '', 'r')}", 1, 5, "the regular expression '\\\\Ga' uses \\G, which is not known here"),
        ("${s?replace('(?d)a', '', 'r')}", 1, 5, "the regular expression '(?d)a' uses (?d, which is not known here"),
        (
            "${s?replace('(?:(?:a{100}){100}){100}', '', 'r')}",
            1,
            5,
            "the regular expression '(?:(?:a{100}){100}){100}' is too large",
        ),
        ("${s?replace('[b-a]', '', 'r')}", 1, 5, "the regular expression '[b-a]' has a range from b to a"),
        ("${s?replace('(a', '', 'r')}", 1, 5, "the regular expression '(a' has a ( that is not closed"),
        ("<@n/>", 1, 1, "only macros can be called like this; this is a number"),
        ("<#macro m a></#macro>\n<@m/>", 2, 1, "the parameter a of the macro m was not given"),
        ("<#stop 'no expenses'>", 1, 1, "the template stopped itself: no expenses"),
        ("<#function f></#function>\n\n${f(1)}", 3, 3, "the function f takes 0 arguments, not 1"),
    ],
)
def test_render_error_has_message_and_position(template: str, line: int, column: int, message: str) -> None:
    assert error_of(template, s="text", n=1, b=True, xs=[1], e={"a": 1}) == (line, column, message)


def test_error_inside_a_macro_names_the_macros_line() -> None:
    assert error_of("<#macro m>\n\n${'x'?number}\n</#macro>\n\n<@m/>")[:2] == (3, 7)


def test_error_inside_a_string_literal_has_its_position() -> None:
    assert error_of("${'ab${gone}'}") == (
        1,
        8,
        'gone is missing; test it with ?has_content, or give it a default like gone!""',
    )


def test_lines_end_at_crlf_cr_and_lf() -> None:
    assert error_of("a\r\nb\rc\n${gone}")[:2] == (4, 3)


def test_error_text_contains_the_position() -> None:
    error = TemplateError("something is wrong")
    error.line, error.column = 3, 14

    assert str(error) == "something is wrong (line 3, column 14)"


def test_error_classes_form_a_family() -> None:
    assert [issubclass(kind, RenderError) for kind in (Missing, LimitExceeded)] == [True, True]
    assert issubclass(RenderError, TemplateError)


def test_recover_shows_our_error_message() -> None:
    output = render(parse("<#attempt>${'x'?number}<#recover>${.error}</#attempt>"), {})

    assert output == "'x' is not a number (line 1, column 17)"


@pytest.mark.parametrize(
    ("template", "line", "column", "message"),
    [
        ("a\n<#include 'x'>", 2, 1, "<#include> is not run here: templates stand alone"),
        ("<#import 'x' as y>", 1, 1, "<#import> is not run here: templates stand alone"),
        ("<#assign x = 1 in y>", 1, 1, "<#assign> is not run here: templates stand alone"),
        ("${'freemarker.template.utility.Execute'?new()}", 1, 41, "?new is not run here: it makes Java objects"),
        ("${'1+1'?eval}", 1, 9, "?eval is not run here: it runs text as a template"),
        ("<#assign x='a'?interpret>", 1, 16, "?interpret is not run here: it runs text as a template"),
        ("${x?api}", 1, 5, "?api is not run here: it reaches into Java objects"),
        ("<#attempt>${x?api}<#recover>caught</#attempt>", 1, 15, "?api is not run here: it reaches into Java objects"),
        ("<#setting classic_compatible=true>", 1, 1, "the setting classic_compatible is not known here"),
        ("${.node}", 1, 3, ".node is not known here"),
    ],
)
def test_construct_that_only_freemarker_runs_stops_the_rendering(
    template: str, line: int, column: int, message: str
) -> None:
    with pytest.raises(Unsupported) as caught:
        render(parse(template), {"x": "text"})

    assert (caught.value.line, caught.value.column, caught.value.message) == (line, column, message)


@pytest.mark.parametrize(
    "template",
    [
        "${" + "(" * 200 + "1" + ")" * 200 + "}",
        "<#if true>" * 100 + "</#if>" * 100,
        "${s" + "?trim" * 100 + "}",
        "a" * 200_001,
        "<#ftl strict_syntax=false><if true>a</if>",
    ],
)
def test_text_that_only_we_cannot_read_is_told_apart(template: str) -> None:
    with pytest.raises(Unsupported):
        parse(template)
