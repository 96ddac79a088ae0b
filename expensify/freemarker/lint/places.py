"""Where printed text stands in the template: white space may have been stripped since it was written."""

from __future__ import annotations

from expensify.freemarker.expression_tree import Text
from expensify.freemarker.lint.findings import Findings


def offset_of(findings: Findings, node: Text, at: int) -> int:
    """The offset in the template of the character node.text[at], which must not be white space.

    Stripping takes away white space only, so the other characters still come in the same order.
    """
    before = sum(not character.isspace() for character in node.text[:at])
    written = findings.text[node.span.start : node.span.end]
    for offset, character in enumerate(written):
        if not character.isspace():
            if not before:
                return node.span.start + offset
            before -= 1
    return node.span.start


def whole_lines(text: str, start: int, end: int) -> tuple[int, int]:
    """The lines that text[start:end] stands on, from the first one's beginning to behind the last one's end."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", max(end - 1, start))
    return first, len(text) if last < 0 else last + 1
