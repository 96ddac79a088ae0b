"""Lint of whole templates: the portal's own have no findings, others have the expected ones."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expensify.freemarker.errors import TemplateError, Unsupported
from expensify.freemarker.lint.check_template import lint
from expensify.freemarker.lint.findings import apply
from expensify.freemarker.template import parse
from exports.columns import choices
from exports.columns.layout import EXTENSIONS, Column, Layout, column
from exports.columns.presets import PRESETS
from exports.columns.writing import template_of
from exports.saved_exports import starter_templates
from tests.documentation import TEMPLATE as HELP
from tests.expensify.freemarker.grammar import TEMPLATE
from tests.expensify.freemarker.soup import DAMAGED, SOUP

# Printing a strategy that refers to itself is slow, and hypothesis says so.
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")


def test_help_page_template_has_warnings_but_no_errors():
    found = [(finding.line, finding.code, finding.severity) for finding in lint(HELP)]

    assert found == [
        (23, "unquoted-text", "warning"),
        (24, "mixed-currency", "warning"),
        (24, "number-format", "warning"),
    ]


def test_each_fix_improves_the_help_page_template():
    text = HELP
    while fixes := [finding.fix for finding in lint(text) if finding.fix]:
        text = apply(text, fixes[0])

    assert [finding.code for finding in lint(text)] == ["mixed-currency"]
    assert '"${merchant?replace("\\"", "\\"\\"")}",<#t>' in text
    assert '${amount?string("0.00")},<#t>' in text


@pytest.mark.parametrize("name", starter_templates.STARTERS)
def test_starter_is_clean(name):
    starter = starter_templates.STARTERS[name]
    assert lint(starter.template, file_extension=starter.extension) == []


def test_pdf_template_is_clean():
    assert lint(starter_templates.PDF, file_extension="pdf") == []


@pytest.mark.parametrize("name", PRESETS)
def test_preset_is_clean(name):
    layout = PRESETS[name].layout

    assert lint(template_of(layout), file_extension=EXTENSIONS[layout.kind]) == []


LAYOUTS = [
    *itertools.product(
        ["expense", "report", "totals"], ["csv"], [",", "\t", ";", "|"], ["always", "needed"], ["space", "keep"]
    ),
    *itertools.product(["expense", "report", "totals"], ["json", "fixed"], [","], ["needed"], ["space", "keep"]),
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: "-".join(map(repr, layout)))
def test_templates_of_the_builder_are_clean(layout):
    rows, kind, delimiter, quoting, line_breaks = layout
    columns = [Column(source="constant", heading="const", text="a;b,c"), Column(source="number", heading="#")]
    for field in choices.fields(rows):
        if field.evidence != "seen":
            name = field.name.replace("X", "2").replace("<Name>", "Cost_Center")
            for format in choices.FORMATS.get(field.type, {"": ""}):
                columns.append(column(name, heading=f"{field.label} {len(columns)}", format=format))
    written = template_of(
        Layout(
            columns=tuple(columns), rows=rows, kind=kind, delimiter=delimiter, quoting=quoting, line_breaks=line_breaks
        )
    )

    assert lint(written, file_extension=EXTENSIONS[kind]) == []


NAMES = [
    "reports", " as report", "report", ".transactionList", " as expense", "expense", ".merchant", ".amount",
    ".receiptObject", ".url", ".gone", "addHeader", " / 100", '?string("0.00")', "?has_content", ".billable", "\r\n",
    '?replace("\\"", "\\"\\"")', "<#list reports as report>", "</#list>", "<#if ", "</#if>", "<#assign x = ", "<#sep>",
    "${", "}", ">", "!", "??", " + ", " == ", "[", "]", "{", '"', ",", ";", ":", "1", "x", "\n", "<#t>", "<#lt>",
]  # fmt: skip
"""Fragments of export templates, beside those of any template."""
ANY_TEXT = st.one_of(st.lists(st.sampled_from(NAMES), max_size=25).map("".join), SOUP, DAMAGED, st.text(max_size=60))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=ANY_TEXT, file_extension=st.sampled_from(["csv", "json", "pdf", ""]))
def test_any_text_gives_findings(text, file_extension):
    check_findings(text, lint(text, file_extension=file_extension))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEMPLATE)
def test_any_template_gives_findings(text):
    check_findings(text, lint(text))


def check_findings(text, findings):
    """Findings are inside the text, the engine rejects the errors, and no fix breaks a valid template."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for finding in findings:
        assert 1 <= finding.line <= finding.end_line <= len(lines)
        assert finding.sentence.endswith((".", "?"))
        if finding.fix:
            assert 0 <= finding.fix.start <= finding.fix.end <= len(text)
            assert apply(text, finding.fix) != text
    assert parses(text) == ("error" not in [finding.severity for finding in findings])
    if parses(text):
        assert [fix for finding in findings if (fix := finding.fix) and not parses(apply(text, fix))] == []


def parses(text):
    try:
        parse(text)
    except Unsupported:
        return True
    except TemplateError:
        return False
    return True


def test_nested_calls_and_loops_terminate():
    functions = "".join(
        f"<#function f{n} x><#return f{n + 1}(x + {n}) + f{n + 1}('{n}' + x)></#function>" for n in range(50)
    )
    loops = "<#list reports as r>" * 30 + "\n${f0(r.reportName)},x" + "</#list>" * 30
    conditions = "<#if " + " || ".join(["(a?has_content?then(b, c))?has_content"] * 20) + ">x</#if>"

    assert {finding.severity for finding in lint(functions + loops + conditions)} == {"warning"}


def test_recursive_function_terminates():
    text = "<#function f x><#if x gt 0><#return f(x - 1)></#if><#return x></#function>${f(report.total)}"

    assert [finding.code for finding in lint(f"<#list reports as report>{text}</#list>")] == ["cents"]
