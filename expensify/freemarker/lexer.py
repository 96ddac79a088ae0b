"""The tokens inside tags and `${…}`.

Tokens are read on demand: after the end of a tag comes text, which must not be read as an expression.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from expensify.freemarker.errors import TemplateError
from expensify.freemarker.source import Source
from expensify.freemarker.tree import Span

Kind = Literal["number", "string", "raw", "name", "keyword", "mark", "end"]

KEYWORDS = frozenset({"true", "false", "lt", "lte", "gt", "gte", "in", "as", "using"})

_GAP = re.compile(r"(?:[ \t\r\n]+|[<\[][#!]--(?:.*?(?:-->|--\]))?)", re.S)
_IDENTIFIER = r"(?:[$@_]|[^\W\d_]|\\[-.:#])(?:[$@_]|[^\W\d_]|\\[-.:#]|[0-9])*"
_WORD = re.compile(
    r"""
      (?P<number> [0-9]+ (?: \.[0-9]+ )? )
    | (?P<raw>    r"[^"]*" | r'[^']*' )
    | (?P<string> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' )
    | (?P<name>   (?!\$\{) """
    + _IDENTIFIER
    + r""" )
    | (?P<mark>   \.\.\* | \.\.< | \.\.! | \.\.\. | \.\. | \?\? | \? | == | = | != | ! | \+= | -= | \*= | /= | %=
                | \+\+ | -- | -> | -&gt; | \+ | - | \*\* | \* | / | % | &amp;&amp; | && | &lt;= | &lt; | &gt;= | &gt;
                | & | \|\| | \| | , | ; | : | \[ | \] | \( | \) | \$\{ | \#\{ | \{ | \} | <= | <
                | \\lte | \\lt | \\gte | \\gt | \\and | \. )
    """,
    re.X | re.S,
)
_SPELLINGS = {
    "&amp;&amp;": "&&", "&": "&&", "\\and": "&&", "|": "||", "-&gt;": "->", "..!": "..<",
    "lt": "<", "\\lt": "<", "&lt;": "<", "lte": "<=", "\\lte": "<=", "&lt;=": "<=",
    "gt": ">", "\\gt": ">", "&gt;": ">", "gte": ">=", "\\gte": ">=", "&gt;=": ">=",
}  # fmt: skip


class Token(NamedTuple):
    """`text` is the canonical spelling (`<` for `lt`); `spaced` says whether white space precedes the token."""

    kind: Kind
    text: str
    start: int
    end: int
    spaced: bool

    def is_mark(self, *texts: str) -> bool:
        return self.kind == "mark" and self.text in texts


class Lexer:
    """Reads tokens from `offset` on. `parentheses` counts the open ones: only inside them `>` is an operator."""

    def __init__(self, source: Source, offset: int) -> None:
        self.source = source
        self.offset = offset
        self.parentheses = 0
        self._next: Token | None = None
        self.last_end = offset

    def peek(self) -> Token:
        """Return the next token without consuming it."""
        if self._next is None:
            self._next = self._read()
        return self._next

    def take(self) -> Token:
        """Consume and return the next token."""
        token = self.peek()
        self._next = None
        self.offset = self.last_end = token.end
        if token.is_mark("("):
            self.parentheses += 1
        elif token.is_mark(")"):
            self.parentheses = max(self.parentheses - 1, 0)
        return token

    def save(self) -> tuple[int, int, int]:
        """Return the current position, for `back`."""
        return self.offset, self.parentheses, self.last_end

    def back(self, saved: tuple[int, int, int]) -> None:
        self.offset, self.parentheses, self.last_end = saved
        self._next = None

    def error(self, message: str, start: int, end: int | None = None) -> TemplateError:
        return TemplateError(message, self.span(start, start + 1 if end is None else end))

    def span(self, start: int, end: int) -> Span:
        return self.source.span(start, end)

    def _read(self) -> Token:
        text = self.source.text
        at = self.offset
        while gap := _GAP.match(text, at):
            if text[at] in "<[" and not gap.group().endswith(("-->", "--]")):
                raise self.error("this comment is not closed", at)
            at = gap.end()
        spaced = at > self.offset
        if at >= len(text):
            raise self.error("the template ends inside a tag or ${…}", max(self.last_end - 1, 0))
        if text[at] == ">" or (text.startswith("/>", at) and not self.parentheses):
            return self._read_angle(text, at, spaced)
        word = _WORD.match(text, at)
        if word is None:
            raise self.error(_unreadable(text[at]), at)
        kind, image = word.lastgroup, word.group()
        if kind == "mark" and image in ("${", "#{"):
            raise self.error(f"write the expression without {image}…}} here; it is only for plain text", at)
        if kind == "name":
            image = image.replace("\\", "")
            kind = "keyword" if image in KEYWORDS and "\\" not in word.group() else "name"
        spelling = _SPELLINGS.get(image, image) if kind in ("mark", "keyword") else image
        # The groups of _WORD are named by Kind.
        return Token(kind, spelling, at, word.end(), spaced)  # type: ignore[arg-type]

    def _read_angle(self, text: str, at: int, spaced: bool) -> Token:
        """`>` ends a tag, except inside parentheses, where it compares."""
        if text[at] == "/":
            return Token("end", "/>", at, at + 2, spaced)
        if not self.parentheses:
            return Token("end", ">", at, at + 1, spaced)
        image = ">=" if text.startswith(">=", at) else ">"
        return Token("mark", image, at, at + len(image), spaced)


def _unreadable(character: str) -> str:
    if character in "\"'":
        return "this string is not closed"
    return f"unexpected character {character!r}"
