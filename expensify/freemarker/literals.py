"""String literals: escapes, and the `${…}` inside them."""

from __future__ import annotations

from expensify.freemarker.errors import TemplateError
from expensify.freemarker.source import Source
from expensify.freemarker.tree import Span

_ESCAPES = {
    "n": "\n", "t": "\t", "r": "\r", "f": "\f", "b": "\b", "g": ">", "l": "<", "a": "&",
    "\\": "\\", "'": "'", '"': '"', "$": "$", "{": "{", "=": "=",
}  # fmt: skip
_HEX = frozenset("0123456789abcdefABCDEF")


def unescape(source: Source, start: int, end: int) -> tuple[str, list[int]]:
    """Return the value of the quoted literal source.text[start:end], and the offset of each of its characters."""
    text = source.text
    characters: list[str] = []
    offsets: list[int] = []
    at = start + 1
    while at < end - 1:
        offsets.append(at)
        if text[at] != "\\":
            characters.append(text[at])
            at += 1
            continue
        mark = text[at + 1]
        if mark in _ESCAPES:
            characters.append(_ESCAPES[mark])
            at += 2
        elif mark == "x" and text[at + 2] in _HEX:
            stop = at + 2
            while stop < at + 6 and text[stop] in _HEX:
                stop += 1
            characters.append(chr(int(text[at + 2 : stop], 16)))
            at = stop
        else:
            raise TemplateError(f"\\{mark} is not an escape; a backslash is written \\\\", source.span(at, at + 2))
    return "".join(characters), offsets


class LiteralSource(Source):
    """The value of a literal as a source; its spans are positions in the surrounding template."""

    def __init__(self, outer: Source, value: str, offsets: list[int], end: int) -> None:
        super().__init__(value)
        self._outer = outer
        self._offsets = [*offsets, end - 1]

    def span(self, start: int, end: int) -> Span:
        last = min(max(end - 1, start), len(self._offsets) - 1)
        return self._outer.span(self._offsets[min(start, last)], self._offsets[last] + 1)
