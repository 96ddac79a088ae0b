"""Map printed text to its offsets in the template, although white space may have been stripped."""

from __future__ import annotations

from expensify.freemarker.lint.findings import Findings
from expensify.freemarker.tree import Text


def offset_of(findings: Findings, node: Text, at: int) -> int:
    """Return the offset in the template of the character node.text[at], which must not be white space.

    Stripping removes only white space, so the other characters keep their order.
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
    """Return start and end of the whole lines that contain text[start:end], the last line break included."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", max(end - 1, start))
    return first, len(text) if last < 0 else last + 1
