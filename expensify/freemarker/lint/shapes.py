"""Detect the kind of file that a template writes, from its literal text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from expensify.freemarker.expression_tree import Interpolation, NumberInterpolation, Span, StringLiteral, Text
from expensify.freemarker.tree import (
    Attempt,
    Body,
    Compress,
    Element,
    Escape,
    If,
    Items,
    List,
    MacroCall,
    NoEscape,
    Sep,
    Switch,
)

Kind = Literal["json", "xml", "table", "plain", "empty"]
_VALUE = "\0"
_JSON = re.compile(r'\s*[\[{]\s*,?\s*["\[{\]}\0]')
_XML = re.compile(r"\s*<[A-Za-z?!]")
_IN_QUOTES = re.compile(r'"[^"\n]*"')
_DELIMITERS = ",;\t|"


class Shape(NamedTuple):
    """`delimiter` separates the cells of a table; `first` is the first output."""

    kind: Kind
    delimiter: str
    first: Span | None


def shape_of(body: Body) -> Shape:
    """Return the shape of the output. A loop counts once, all branches of a choice count."""
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
    if not counts[delimiter]:
        return Shape("plain", "", first)
    return Shape("table", delimiter, first)


def _printed(body: Body) -> Iterator[tuple[str, Span]]:
    for element in body:
        if isinstance(element, Text):
            yield element.text, element.span
        elif isinstance(element, Interpolation) and isinstance(element.expression, StringLiteral):
            yield element.expression.value, element.span
        elif isinstance(element, (Interpolation, NumberInterpolation)):
            yield _VALUE, element.span
        else:
            for inner in bodies_of(element):
                yield from _printed(inner)


def bodies_of(element: Element) -> list[Body]:
    """Return the bodies inside an element that print at its position."""
    match element:
        case If():
            return [branch.body for branch in element.branches]
        case List():
            return [element.body, *([element.otherwise.body] if element.otherwise else [])]
        case Switch():
            return [case.body for case in element.cases]
        case Attempt():
            return [element.body, element.recover.body]
        case Items() | Sep() | Compress() | Escape() | NoEscape():
            return [element.body]
        case MacroCall():
            return [element.body or ()]
        case _:
            return []
