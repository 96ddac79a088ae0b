"""Each file type with each escape: what fits has no finding, and what does not has a fix after which the file reads."""

import csv
import io
import json
from xml.etree import ElementTree

import pytest

from expensify.freemarker.lint.check_template import lint
from expensify.freemarker.lint.findings import apply
from expensify.freemarker.template import parse, render
from tests.expensify.freemarker.linting import codes, per_report

NASTY = 'O\'Brien & Söhne <"A\\B"> {c}, 5 > 4;\tend'
FILES = {
    "csv": per_report('"${report.reportName%s?replace("\\"", "\\"\\"")}",x'),
    "json": '[<#list reports as report>"${report.reportName%s}"<#sep>,</#list>]',
    "xml": "<reports><#list reports as report><r>${report.reportName%s}</r></#list></reports>",
}
ESCAPES = ["", "json_string", "js_string", "j_string", "html", "xhtml", "xml", "rtf"]
FITTING = {"csv": {""}, "json": {"json_string", "j_string"}, "xml": {"html", "xhtml", "xml"}}


def read(extension: str, text: str) -> str:
    """The value as a program reads it from the file."""
    data = {"reports": [{"reportName": NASTY}], "addHeader": True}
    file = render(parse(text), data)
    if extension == "json":
        return str(json.loads(file)[0])
    if extension == "xml":
        return ElementTree.fromstring(file)[0].text or ""
    return next(csv.reader(io.StringIO(file, newline="")))[0]


@pytest.mark.parametrize("extension", FILES)
@pytest.mark.parametrize("escape", ESCAPES)
def test_escape_that_fits_has_no_finding_and_another_gets_one_that_does(extension: str, escape: str) -> None:
    text = FILES[extension] % (f"?{escape}" if escape else "")

    found = codes(text, extension)
    while fixes := [finding.fix for finding in lint(text, file_extension=extension) if finding.fix]:
        text = apply(text, fixes[0])

    assert (found == []) == (escape in FITTING[extension])
    assert read(extension, text) == NASTY


@pytest.mark.parametrize("escape", ["json_string", "js_string", "j_string", "html", "xhtml", "xml", "rtf"])
def test_escape_in_an_unquoted_cell_is_found(escape: str) -> None:
    text = per_report(f"${{report.reportName?{escape}}},x")

    while fixes := [finding.fix for finding in lint(text) if finding.fix]:
        text = apply(text, fixes[0])

    assert read("csv", text) == NASTY


@pytest.mark.parametrize(
    "line",
    [
        f"<#escape x as x?js_string>{FILES['json']}</#escape>".replace("%s", ""),
        '<#assign n = reports[0].reportName?js_string>["${n}"]',
        '<#function f x><#return x?js_string></#function>["${f(reports[0].reportName)}"]',
        '["${"a " + reports[0].reportName?js_string}"]',
        '["<#if addHeader>${reports[0].reportName?js_string}<#else>${reports[0].reportName?json_string}</#if>"]',
    ],
)
def test_wrong_escape_is_found_wherever_it_stands(line: str) -> None:
    assert "wrong-escape" in codes(line, "json")


@pytest.mark.parametrize(
    ("extension", "text"),
    [
        ("json", '["${reports[0].reportName?html?json_string}"]'),
        ("json", '["${reports[0].reportName?js_string?replace("\\\\\'", "\'")}"]'),
        ("json", '["${reports[0].reportID?url}"]'),
        ("xml", "<a><![CDATA[${reports[0].reportName}]]></a>"),
        ("xml", '<a id="${reports[0].reportID}">${reports[0].total}</a>'),
        ("xml", '<a><![CDATA[x]]>${reports[0].reportName?xml + " & "?html}</a>'),
        ("csv", per_report('https://a.example/?q=${report.reportName?url},"x"')),
    ],
)
def test_other_ways_that_fit_have_no_escape_finding(extension: str, text: str) -> None:
    assert {"wrong-escape", "xml-text", "json-string"}.isdisjoint(codes(text, extension))


def test_raw_text_beside_escaped_text_is_found_in_xml() -> None:
    assert codes("<a>${reports[0].reportName?xml + reports[0].policyName}</a>", "xml") == ["xml-text"]


@pytest.mark.parametrize(
    "line",
    [
        "${(report.total / 100)?string.currency}",
        "${(report.total / 100)?string.number}",
        '${(report.total / 100)?string["currency"]}',
        '${(report.total / 100)?string("#,##0.00")}',
        "${(report.total / 100)?string(',000')}",
        '<#setting number_format=",##0.00">${report.total / 100}',
        '<#setting number_format="currency">${report.total / 100}',
        '<#setting number_format="number">${report.transactionList?size}',
    ],
)
def test_number_format_with_commas_is_found_in_a_bare_cell(line: str) -> None:
    assert "unquoted-text" in codes(per_report(f"x,{line},y"))
    assert "unquoted-text" not in codes(per_report(f'x,"{line}",y'))
    assert "unquoted-text" not in codes(per_report(f"x;{line};y"))


@pytest.mark.parametrize(
    "line",
    [
        '${(report.total / 100)?string("0.00")}',
        "${(report.total / 100)?string.computer}",
        "${(report.total / 100)?string.percent?replace(',', '')}",
        '<#setting number_format="0.00">${report.total / 100}',
        '<#setting number_format="computer">${report.transactionList?size}',
    ],
)
def test_number_format_without_commas_is_fine_in_a_bare_cell(line: str) -> None:
    assert "unquoted-text" not in codes(per_report(f"x,{line},y"))


def test_number_with_commas_is_no_number_in_json() -> None:
    assert codes("[${(reports[0].total / 100)?string.number}]", "json") == ["json-string"]
