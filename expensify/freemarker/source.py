"""Convert offsets in a template's text to lines and columns."""

from __future__ import annotations

import re
from bisect import bisect_right

from expensify.freemarker.tree import Span

_LINE_END = re.compile(r"\r\n|\r|\n")


class Source:
    """A template's text. A line ends with LF, CR or CRLF, which belongs to the line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def span(self, start: int, end: int) -> Span:
        """Return the span of text[start:end]; an empty one has the position of the character at `start`."""
        line, column = self._place(start)
        end_line, end_column = self._place(max(end - 1, start))
        return Span(start, end, line, column, end_line, end_column)

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a line and column, inside the text."""
        line = min(max(line, 1), len(self._starts))
        return min(self._starts[line - 1] + max(column, 1) - 1, len(self.text))

    def _place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1
