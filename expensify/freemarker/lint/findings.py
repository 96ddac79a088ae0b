"""What lint says of a template: where, how grave, what to do, and the change that does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from expensify.freemarker.expression_tree import Span
from expensify.freemarker.source import Source

Severity = Literal["error", "warning", "note"]
Code = Literal[
    "syntax",
    "unbalanced",
    "unknown-tag",
    "unknown-built-in",
    "unsupported",
    "unknown-field",
    "unassigned",
    "undocumented-field",
    "boolean-format",
    "cents",
    "number-format",
    "mixed-currency",
    "modified-ignored",
    "receipt-untested",
    "unquoted-text",
    "undoubled-quotes",
    "line-break",
    "excel-identifier",
    "heading-unguarded",
    "heading-columns",
    "json-string",
    "trailing-comma",
    "file-type",
]


class Fix(NamedTuple):
    """Puts `replacement` in place of text[start:end]; `label` is for the button."""

    label: str
    start: int
    end: int
    replacement: str


@dataclass(frozen=True)
class Finding:
    """One thing to look at. Lines and columns count from 1, ends are inclusive.

    "error" is kept for what cannot run, "warning" for what can but gives a wrong or fragile file, "note" for what may
    well be meant. `sentence` says what is wrong and what to do, to somebody who knows finance and not FreeMarker.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    severity: Severity
    code: Code
    sentence: str
    fix: Fix | None = None


def apply(text: str, fix: Fix) -> str:
    """The template with the fix made."""
    return text[: fix.start] + fix.replacement + text[fix.end :]


class Findings:
    """Collects findings about one text; the same one found twice, along two ways through the template, counts once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.source = Source(text)
        self.fixable = True
        """Not inside a string literal, where the quotes of a fix would end the string."""
        self._found: dict[tuple[Code, int], Finding] = {}

    def add(
        self,
        code: Code,
        span: Span,
        sentence: str,
        fix: Fix | None = None,
        severity: Severity = "warning",
    ) -> None:
        key = (code, span.start)
        if key not in self._found:
            place = (span.line, span.column, span.end_line, span.end_column)
            self._found[key] = Finding(*place, severity, code, sentence, fix if self.fixable else None)

    def span(self, start: int, end: int) -> Span:
        return self.source.span(start, max(end, start + 1))

    def written(self, span: Span) -> str:
        """The text of a node, as it stands in the template."""
        return self.text[span.start : span.end]

    def sorted(self) -> list[Finding]:
        """The findings in the order of the text."""
        return sorted(self._found.values(), key=lambda finding: (finding.line, finding.column, finding.code))
