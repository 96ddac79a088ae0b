"""Offsets in a template's text as lines and columns."""

from __future__ import annotations

import re
from bisect import bisect_right

from expensify.freemarker.expression_tree import Span

_LINE_END = re.compile(r"\r\n|\r|\n")


class Source:
    """A template's text and the places in it. A line ends at LF, CR or CRLF, and the end belongs to its line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def span(self, start: int, end: int) -> Span:
        """The span of text[start:end]; an empty one still names the character at `start`."""
        line, column = self._place(start)
        end_line, end_column = self._place(max(end - 1, start))
        return Span(start, end, line, column, end_line, end_column)

    def _place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1
