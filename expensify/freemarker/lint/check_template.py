"""Check a template before anything is sent: errors that stop it, and mistakes that spoil the file.

    findings = lint(text, file_extension="csv")
    text = apply(text, findings[0].fix)

Lint walks the template once, without data, along all paths. It tracks the source fields of every value, and the output
as rows or JSON, as far as the template alone determines them. It is silent about what it cannot know, such as the
arguments of a function that is never called.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from expensify.freemarker.catalogue import CATALOGUE, Catalogue
from expensify.freemarker.errors import TemplateError
from expensify.freemarker.execute import Compiler
from expensify.freemarker.lint import printing, shapes, stopping, syntax
from expensify.freemarker.lint.context import Context, Output
from expensify.freemarker.lint.delimited import Delimited
from expensify.freemarker.lint.findings import Finding, Findings
from expensify.freemarker.lint.json_text import JsonText
from expensify.freemarker.lint.state import State
from expensify.freemarker.lint.walking import Walk
from expensify.freemarker.lint.xml_text import XmlText
from expensify.freemarker.parser import Parser
from expensify.freemarker.source import Source
from expensify.freemarker.tags.opening import OPENING, parse_template
from expensify.freemarker.template import MAX_TEMPLATE_CHARS
from expensify.freemarker.tree import Assign, AssignBlock, Body, BuiltIn, Foreign, Macro, Node, Span
from expensify.freemarker.whitespace import strip

_START = Span(0, 1, 1, 1, 1, 1)
_PARTS: dict[type[Node], list[str]] = {}
_TABLES = frozenset({"csv", "xls", "xlsx"})
_FITTING = {"json": {"json"}, "xml": {"xml"}, "table": {"csv", "xls", "xlsx"}, "plain": {"csv", "xls", "xlsx"}}


def lint(text: str, *, file_extension: str = "csv", catalogue: Catalogue = CATALOGUE) -> list[Finding]:
    """Return the findings on any text, in the order of the text. Raises nothing.

    `file_extension` is the job's: csv, xls, xlsx, txt, json, xml or pdf. Expensify itself lays out a PDF, so for pdf
    only language and names are checked.
    """
    findings = Findings(text)
    if len(text) > MAX_TEMPLATE_CHARS:
        sentence = f"The template has more than {MAX_TEMPLATE_CHARS} characters, so it is not checked. It can be run."
        findings.add("unsupported", _START, sentence, severity="note")
        return findings.sorted()
    try:
        parser = Parser(Source(text), OPENING)
        body = strip(parse_template(parser), lines=parser.header.strip_whitespace)
        _check(findings, body, file_extension.lower().lstrip("."), catalogue)
    except TemplateError as error:
        syntax.add_parse_error(findings, error)
    except RecursionError:
        sentence = "The template is nested too deeply, so it is not checked. It can be run."
        findings.add("unsupported", _START, sentence, severity="note")
    return findings.sorted()


def _check(findings: Findings, body: Body, extension: str, catalogue: Catalogue) -> None:
    nodes = list(_nodes(body))
    for node in nodes:
        syntax.add_unsupported(findings, node)
    are_built_ins = [syntax.check_built_in(findings, node) for node in nodes if isinstance(node, BuiltIn)]
    if all(are_built_ins):
        try:
            Compiler().body(body)
        except TemplateError as error:
            syntax.add_compile_error(findings, error)
    is_padded = any(isinstance(node, BuiltIn) and node.name in ("left_pad", "right_pad") for node in nodes)
    shape = shapes.shape_of(body, is_text=extension == "txt")
    if extension == "txt" and is_padded and shape.kind == "table":
        # Columns of a fixed width: a sign between them is only drawn.
        shape = shape._replace(kind="plain", delimiter="")
    if extension != "pdf":
        _check_extension(findings, shape, extension)
    if extension in ("csv", "txt"):
        shapes.check_beginning(findings, shape)
    output = _make_output(findings, shape, extension)
    context = Context(
        findings,
        catalogue,
        State(output.state),
        output,
        macros={node.name: node for node in nodes if isinstance(node, Macro)},
        assigned=set(_assigned_names(nodes)),
        makes_json=shape.kind == "json",
    )
    Walk(context).template(body)
    printing.check_columns(context)
    if catalogue is CATALOGUE:
        stopping.add_stops(findings, nodes, context.used)


def _make_output(findings: Findings, shape: shapes.Shape, extension: str) -> Output:
    if extension == "pdf":
        return Output()
    if shape.kind == "json":
        return JsonText(findings)
    if shape.kind == "xml":
        return XmlText(findings)
    if shape.kind == "table":
        return Delimited(findings, shape.delimiter)
    if shape.kind == "plain":
        return Delimited(findings, "," if extension in _TABLES else "")
    return Output()


def _check_extension(findings: Findings, shape: shapes.Shape, extension: str) -> None:
    fitting = _FITTING.get(shape.kind)
    if fitting is None or shape.first is None or extension in fitting or extension == "txt":
        return
    writes = {"json": "JSON", "xml": "XML"}.get(shape.kind, "a table")
    suitable = {"json": "json", "xml": "xml"}.get(shape.kind, "csv")
    findings.add(
        "file-type",
        shape.first,
        f"This template writes {writes}, but the file type is {extension}."
        f" Choose {suitable} as the file type, or another template.",
    )


def _nodes(body: Body) -> Iterator[Node]:
    """Yield every node of a tree."""
    pending: list[object] = [body]
    while pending:
        part = pending.pop()
        if isinstance(part, Node):
            yield part
            pending.extend([getattr(part, name) for name in _parts(type(part))])
        elif type(part) is tuple:
            pending.extend(part)


def _parts(kind: type[Node]) -> list[str]:
    """Return the names of a node's fields without its spans."""
    if kind not in _PARTS:
        _PARTS[kind] = [field.name for field in dataclasses.fields(kind) if not field.name.endswith("span")]
    return _PARTS[kind]


def _assigned_names(nodes: list[Node]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Assign):
            yield from (assignment.name for assignment in node.assignments)
        elif isinstance(node, AssignBlock):
            yield node.name
        elif isinstance(node, Foreign):
            yield node.bound
