"""Detect the kind of file that a template writes, from its literal text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from expensify.freemarker import tree
from expensify.freemarker.lint.findings import Findings, Fix

Kind = Literal["json", "xml", "table", "plain", "empty"]
_VALUE = "\0"
_JSON = re.compile(r'\s*[\[{]\s*,?\s*["\[{\]}\0]')
_XML = re.compile(r"\s*<[A-Za-z?!]")
_IN_QUOTES = re.compile(r'"[^"\n]*"')
_BEGINS_WITH_ID = re.compile(r"ID[^,;|\t\r\n<$]*(?<! )")
_IN_SENTENCE = re.compile(r"[,;|] ")
_DELIMITERS = ",;\t|"


class Shape(NamedTuple):
    """`delimiter` separates the cells of a table; `first` is the place of the first output,
    `text` the output from there on."""

    kind: Kind
    delimiter: str
    first: tree.Span | None
    text: str = ""


def shape_of(body: tree.Body, *, is_text: bool = False) -> Shape:
    """Return the shape of the output. A loop counts once, all branches of a choice count.

    `is_text`: commas of a text file may be those of sentences, so it is a table only if none has a space behind it.
    """
    pieces = list(_printed(body))
    text = "".join(piece for piece, _ in pieces)
    first = next((span for piece, span in pieces if piece.strip()), None)
    if first is None:
        return Shape("empty", "", None)
    if _JSON.match(text):
        return Shape("json", "", first)
    if _XML.match(text):
        return Shape("xml", "", first)
    bare = _IN_QUOTES.sub("", text)
    counts = {delimiter: bare.count(delimiter) for delimiter in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda sign: counts[sign])
    if not counts[delimiter] or (is_text and _IN_SENTENCE.search(bare)):
        return Shape("plain", "", first, text.lstrip())
    return Shape("table", delimiter, first, text.lstrip())


def check_beginning(findings: Findings, shape: Shape) -> None:
    """Report a file that begins with ID: Excel takes it for a SYLK file, another format, and refuses to open it."""
    if shape.first is None:
        return
    written = findings.text[shape.first.start : shape.first.end]
    cell = _BEGINS_WITH_ID.search(written) if not written.lstrip().startswith("${") else None
    start = shape.first.start + cell.start() if cell else shape.first.start
    if not shape.text.startswith("ID"):
        return
    end = shape.first.start + cell.end() if cell else shape.first.end
    findings.add(
        "sylk",
        findings.span(start, end),
        "The file begins with the letters ID. Excel takes such a file for another format (SYLK) and does not open it."
        " Put the first heading in quotes, or name it differently, such as Id.",
        Fix("Put it in quotes", start, end, f'"{cell.group()}"') if cell else None,
    )


def _printed(body: tree.Body) -> Iterator[tuple[str, tree.Span]]:
    for element in body:
        if isinstance(element, tree.Text):
            yield element.text, element.span
        elif isinstance(element, tree.Interpolation) and isinstance(element.expression, tree.StringLiteral):
            yield element.expression.value, element.span
        elif isinstance(element, (tree.Interpolation, tree.NumberInterpolation)):
            yield _VALUE, element.span
        else:
            for inner in bodies_of(element):
                yield from _printed(inner)


def bodies_of(element: tree.Element) -> list[tree.Body]:
    """Return the bodies inside an element that print at its position."""
    match element:
        case tree.If():
            return [branch.body for branch in element.branches]
        case tree.List():
            return [element.body, *([element.otherwise.body] if element.otherwise else [])]
        case tree.Switch():
            return [case.body for case in element.cases]
        case tree.Attempt():
            return [element.body, element.recover.body]
        case tree.Items() | tree.Sep() | tree.Compress() | tree.Escape() | tree.NoEscape():
            return [element.body]
        case tree.MacroCall() | tree.Foreign():
            return [element.body or ()]
        case _:
            return []
