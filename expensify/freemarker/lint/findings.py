"""Findings of lint: position, severity, sentence and fix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from expensify.freemarker.source import Source
from expensify.freemarker.tree import Span

Severity = Literal["error", "warning", "note"]
Code = Literal[
    "syntax", "unbalanced", "unknown-tag", "unknown-built-in", "unsupported", "unknown-field", "unassigned",
    "undocumented-field", "boolean-format", "cents", "number-format", "mixed-currency", "modified-ignored",
    "receipt-untested", "unquoted-text", "undoubled-quotes", "line-break", "excel-identifier",
    "heading-unguarded", "heading-columns", "json-string", "trailing-comma", "file-type",
    "empty-default", "wrong-escape", "xml-text", "website-formula", "sylk", "stops",
]  # fmt: skip


class Fix(NamedTuple):
    """Replaces text[start:end] by `replacement`; `label` is for the button."""

    label: str
    start: int
    end: int
    replacement: str


@dataclass(frozen=True)
class Finding:
    """One problem. Lines and columns count from 1, ends are inclusive.

    "error": the template cannot run. "warning": the file will be wrong or fragile. "note": may be intended.
    `sentence` says what is wrong and what to do, for readers who know finance but not FreeMarker.
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
    """Return the template with the fix applied."""
    return text[: fix.start] + fix.replacement + text[fix.end :]


class Findings:
    """Collects findings about one text; a finding on several paths through the template counts once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.source = Source(text)
        self.fixable = True
        """False inside a string literal, where the quotes of a fix would end the string."""
        self._findings: dict[tuple[Code, int], Finding] = {}

    def add(
        self, code: Code, span: Span, sentence: str, fix: Fix | None = None, severity: Severity = "warning"
    ) -> None:
        key = (code, span.start)
        if key not in self._findings:
            place = (span.line, span.column, span.end_line, span.end_column)
            self._findings[key] = Finding(*place, severity, code, sentence, fix if self.fixable else None)

    def has(self, code: Code, line: int) -> bool:
        """Whether there is a finding of the code in the line."""
        return any(finding.code == code and finding.line == line for finding in self._findings.values())

    def span(self, start: int, end: int) -> Span:
        return self.source.span(start, max(end, start + 1))

    def written(self, span: Span) -> str:
        """Return the text of a node in the template."""
        return self.text[span.start : span.end]

    def sorted(self) -> list[Finding]:
        """Return the findings in the order of the text."""
        return sorted(self._findings.values(), key=lambda finding: (finding.line, finding.column, finding.code))
