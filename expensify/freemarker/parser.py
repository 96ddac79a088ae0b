"""Text, tags and `${…}`: a template's text to a tree.

White space is kept here; `whitespace.strip` removes what FreeMarker removes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from expensify.freemarker import tree
from expensify.freemarker.errors import TemplateError, Unsupported
from expensify.freemarker.escaping import Escapes
from expensify.freemarker.expressions import ExpressionParser
from expensify.freemarker.lexer import Lexer
from expensify.freemarker.naming import Naming
from expensify.freemarker.source import Source
from expensify.freemarker.tagnames import LEGACY_NAMES, TAKES_EXPRESSION, plain_name, unknown
from expensify.freemarker.tags.context import Context, Header

MAX_BLOCKS = 60
"""How deep tags may be nested."""

_MARK = re.compile(
    r"\$\{|\#\{|<\#--|</?\#[A-Za-z_]+|<@"
    r"|</@(?:[\w$@.\\:-]*)[ \t\r\n]*>"
)
_LITERAL_MARK = re.compile(r"\$\{|\#\{")
_BLANKS = frozenset(" \t\r\n")
_COMMENT_END = re.compile(r"-->")
_FORMAT = re.compile(r"(?:m(\d+))?(?:M(\d+))?\Z")


class Tag(NamedTuple):
    """The beginning of a tag: `<#name`, `</#name`, `<@` or `</@…>`. `end` is where its expressions begin."""

    name: str
    closing: bool
    start: int
    end: int


ParseTag = Callable[["Parser", Tag], tree.Element]
"""Parses an element from the offset behind its tag's name."""


class Parser:
    """Parses one template's text. `opening` has the tags that begin an element, `header` the settings of `<#ftl …>`."""

    def __init__(self, source: Source, opening: Mapping[str, ParseTag]) -> None:
        self.source = source
        self._opening = opening
        self.naming = Naming()
        self.escapes = Escapes()
        self.context = Context()
        self.header = Header()
        self.offset = 0
        self._blocks = 0

    def template(self) -> tree.Body:
        """All that follows the header."""
        body, tag = self.body()
        if tag is not None:
            raise self.error(f"{written(tag)} has no beginning here", tag.start, tag.end)
        return body

    def body(self) -> tuple[tree.Body, Tag | None]:
        """Elements up to a tag that no element begins with, such as </#if> or <#else>; None at the end of the text."""
        self._blocks += 1
        if self._blocks > MAX_BLOCKS:
            raise Unsupported(
                "tags are nested too deeply here for the preview", self.source.span(self.offset, self.offset)
            )
        elements: list[tree.Element] = []
        try:
            while True:
                mark = _MARK.search(self.source.text, self.offset)
                elements.extend(self._text_before(mark.start() if mark else len(self.source.text)))
                if mark is None:
                    return tuple(elements), None
                image = mark.group()
                if image in ("${", "#{"):
                    elements.append(self.interpolation(image))
                elif image == "<#--":
                    elements.append(self._comment(mark.start()))
                else:
                    tag = self._tag(mark)
                    handle = self._opening.get(tag.name) if not tag.closing else None
                    if handle is None:
                        return tuple(elements), tag
                    self.offset = tag.end
                    elements.append(handle(self, tag))
        finally:
            self._blocks -= 1

    def interpolation(self, opening: str) -> tree.Interpolation | tree.NumberInterpolation:
        """The `${…}` or `#{…}` at the offset."""
        start = self.offset
        self.offset += 2
        reader = self.reader()
        expression = reader.expression()
        printed = self.escapes.apply(expression)
        minimum: int | None = None
        maximum: int | None = None
        if opening == "#{" and reader.lexer.peek().is_mark(";"):
            reader.lexer.take()
            token = reader.expect_name("a number format like m2M4")
            minimum, maximum = self._decimals(token.text, reader.lexer.span(token.start, token.end))
        reader.expect("}")
        self.offset = reader.lexer.last_end
        span = self.source.span(start, self.offset)
        if opening == "${":
            return tree.Interpolation(span, expression, printed)
        return tree.NumberInterpolation(span, expression, printed, minimum, maximum)

    def reader(self) -> ExpressionParser:
        """A parser of expressions at the offset."""
        return ExpressionParser(Lexer(self.source, self.offset), self.naming, self.literal)

    def literal(self, source: Source) -> tuple[tree.LiteralPart, ...]:
        """The inside of a string literal: text and `${…}` only."""
        inner = Parser(source, self._opening)
        inner.naming = self.naming
        parts: list[tree.LiteralPart] = []
        while mark := _LITERAL_MARK.search(source.text, inner.offset):
            parts.extend(inner._text_before(mark.start()))
            parts.append(inner.interpolation(mark.group()))
        parts.extend(inner._text_before(len(source.text)))
        return tuple(parts)

    def close(self, reader: ExpressionParser, tag: Tag, *, loose: bool = False) -> None:
        """Take the end of a tag; `/>` will do only where the tag holds nothing (`loose`)."""
        token = reader.lexer.take()
        if token.kind != "end" or (token.text == "/>" and not loose):
            shown = token.text if token.kind != "end" else "/>"
            raise self.error(f"expected the end of <#{tag.name}> instead of {shown}", token.start, token.end)
        self.offset = token.end

    def name_or_string(self, reader: ExpressionParser, what: str) -> str:
        """The name of a variable, or a string literal that is one."""
        token = reader.lexer.take()
        if token.kind == "name":
            return token.text
        if token.kind in ("string", "raw"):
            return reader.string_value(token)
        raise self.error(f"expected {what}", token.start, token.end)

    def finish(self, names: tuple[str, ...], opened: Tag, found: Tag | None) -> None:
        """Take the closing tag, which must be one of `names`."""
        if found is None or not found.closing or found.name not in names:
            if found is None:
                raise self.error(f"<#{opened.name}> is not closed", opened.start, opened.end)
            raise self.error(
                f"expected </#{names[0]}> for the <#{opened.name}> of line"
                f" {self.source.span(opened.start, opened.end).line}, found {written(found)}",
                found.start,
                found.end,
            )
        self.offset = self.tag_end(found)

    def tag_end(self, tag: Tag, *, slash: bool = False) -> int:
        """The offset after a tag without arguments; `slash` allows `/>`."""
        text = self.source.text
        at = tag.end
        while at < len(text) and text[at] in " \t\r\n":
            at += 1
        if slash and text.startswith("/>", at):
            return at + 2
        if not text.startswith(">", at):
            raise self.error(f"{written(tag)} takes nothing before its >", tag.start, tag.end)
        return at + 1

    def span(self, start: int | Tag, end: int | tree.Node | None = None) -> tree.Span:
        """From an offset or tag to an offset or the end of a node; to the current offset without one."""
        first = start if isinstance(start, int) else start.start
        last = self.offset if end is None else end if isinstance(end, int) else end.span.end
        return self.source.span(first, last)

    def branch(self, tag: Tag, *, slash: bool = False) -> tuple[tree.Branch, Tag | None]:
        """The arm of a tag without a condition, such as <#else>, and the tag after it."""
        self.offset = end = self.tag_end(tag, slash=slash)
        body, following = self.body()
        return tree.Branch(self.branch_span(tag, end, body), None, body), following

    def branch_span(self, tag: Tag, tag_end: int, body: tree.Body) -> tree.Span:
        """A block without a closing tag of its own ends with its last element, or else with its tag."""
        return self.source.span(tag.start, body[-1].span.end if body else tag_end)

    def error(self, message: str, start: int, end: int | None = None) -> TemplateError:
        return TemplateError(message, self.source.span(start, start + 1 if end is None else end))

    def _text_before(self, end: int) -> list[tree.Text]:
        """The text from the offset to `end`, none if it is empty or left out by `strip_text`."""
        start, self.offset = self.offset, end
        if start == end or (self.header.strip_text and self._blocks == 1):
            return []
        return [tree.Text(self.span(start), self.source.text[start:end])]

    def _comment(self, start: int) -> tree.Comment:
        closing = _COMMENT_END.search(self.source.text, start + 4)
        if closing is None:
            raise self.error("this comment is not closed", start, start + 4)
        self.offset = closing.end()
        return tree.Comment(self.span(start), self.source.text[start + 4 : closing.start()])

    def _tag(self, mark: re.Match[str]) -> Tag:
        image = mark.group()
        if image.startswith("<@"):
            return Tag("@", False, mark.start(), mark.end())
        if image.startswith("</@"):
            return Tag("@" + image[3:-1].strip(), True, mark.start(), mark.end())
        closing = image.startswith("</")
        spelled = image[3 if closing else 2 :]
        name = plain_name(spelled)
        if name is None:
            raise self.error(unknown(spelled), mark.start(), mark.end())
        if name in LEGACY_NAMES:
            # elseif shows the convention of else_if; elseIf shows the other.
            shown = spelled if name != spelled else "else_if" if name == "elseif" else f"{name}_"
            self.naming.check(shown, self.source.span(mark.start(), mark.end()))
        if name in TAKES_EXPRESSION and not closing and self.source.text[mark.end() : mark.end() + 1] not in _BLANKS:
            raise self.error(f"<#{spelled}> needs a space and then an expression", mark.start(), mark.end())
        return Tag(name, closing, mark.start(), mark.end())

    def _decimals(self, text: str, span: tree.Span) -> tuple[int, int]:
        found = _FORMAT.match(text) or re.match(r"M(\d+)m(\d+)\Z", text)
        if not text or found is None:
            raise TemplateError(f"{text} is no number format; write it like m2M4", span)
        first, second = found.groups()
        if text.startswith("M") and "m" in text:
            first, second = second, first
        minimum = int(first) if first else None
        maximum = int(second) if second else None
        if maximum is None:
            maximum = minimum or 0
        minimum = minimum or 0
        if minimum > maximum or maximum > 50:
            raise TemplateError(f"{text} asks for at least {minimum} and at most {maximum} decimals (50 at most)", span)
        return minimum, maximum


def written(tag: Tag) -> str:
    """A tag as the template writes it."""
    if tag.name.startswith("@"):
        return f"</{tag.name}>" if tag.closing else "<@…>"
    return f"<{'/' if tag.closing else ''}#{tag.name}>"
