"""<#compress>, <#noparse>, <#escape>, the trims, comments written as tags, and <#ftl>."""

from __future__ import annotations

import re

from expensify.freemarker import tree
from expensify.freemarker.errors import Unsupported
from expensify.freemarker.expressions import ExpressionParser
from expensify.freemarker.parser import Parser, Tag

_TRIMS = {"t": (True, True), "lt": (True, False), "rt": (False, True), "nt": (False, False)}
_HEADER = re.compile(r"[ \t\r\n]*<#ftl(?=[ \t\r\n/>])")
_SQUARE_HEADER = re.compile(r"[ \t\r\n]*\[#ftl(?=[ \t\r\n/\]])")
_BLANK_LINE = re.compile(r"[ \t]*(?:\r\n|\r|\n)")
_IGNORED = frozenset({"encoding", "attributes", "ns_prefixes"})
_PLAIN_FORMATS = frozenset({"plainText", "undefined", "JSON", "JavaScript", "CSS"})


def compress(parser: Parser, tag: Tag) -> tree.Compress:
    parser.offset = parser.tag_end(tag)
    body, found = parser.body()
    parser.finish(("compress",), tag, found)
    return tree.Compress(parser.span(tag), body)


def noparse(parser: Parser, tag: Tag) -> tree.Text:
    text = _unparsed(parser, tag)
    return tree.Text(parser.span(tag), text, raw=True)


def comment(parser: Parser, tag: Tag) -> tree.Comment:
    text = _unparsed(parser, tag)
    return tree.Comment(parser.span(tag), text)


def escape(parser: Parser, tag: Tag) -> tree.Escape:
    reader = parser.reader()
    name = reader.expect_name("the name of the escaped value").text
    keyword = reader.lexer.take()
    if keyword.text != "as":
        raise parser.error("write <#escape x as x?html>", keyword.start, keyword.end)
    expression = reader.expression()
    parser.close(reader, tag)
    parser.escapes.push(name, expression)
    body, found = parser.body()
    parser.escapes.pop()
    parser.finish(("escape",), tag, found)
    return tree.Escape(parser.span(tag), name, expression, body)


def noescape(parser: Parser, tag: Tag) -> tree.NoEscape:
    parser.offset = parser.tag_end(tag)
    lifted = parser.escapes.pop()
    if lifted is None:
        raise parser.error("<#noescape> belongs inside an <#escape>", tag.start, tag.end)
    body, found = parser.body()
    parser.escapes.push(*lifted)
    parser.finish(("noescape",), tag, found)
    return tree.NoEscape(parser.span(tag), body)


def flush(parser: Parser, tag: Tag) -> tree.Flush:
    parser.offset = parser.tag_end(tag, slash=True)
    return tree.Flush(parser.span(tag))


def trim(parser: Parser, tag: Tag) -> tree.Trim:
    parser.offset = parser.tag_end(tag, slash=True)
    left, right = _TRIMS[tag.name]
    return tree.Trim(parser.span(tag), left, right)


def read_header(parser: Parser) -> None:
    """Take `<#ftl …>`, which only white space may precede, and the line break after it."""
    text = parser.source.text
    if square := _SQUARE_HEADER.match(text):
        raise Unsupported(
            "tags in square brackets are not read here", parser.source.span(square.end() - 5, square.end())
        )
    found = _HEADER.match(text)
    if found is None:
        return
    parser.offset = found.end()
    reader = parser.reader()
    while (token := reader.lexer.peek()).kind != "end":
        _header_setting(parser, reader.expect_name("a header setting").text, token.start, token.end, reader)
    parser.offset = reader.lexer.take().end
    if parser.header.auto_esc:
        # The formats that can escape are not read here.
        raise parser.error("auto_esc needs an output_format that can escape", found.start(), found.end())
    if line := _BLANK_LINE.match(text, parser.offset):
        parser.offset = line.end()


def _header_setting(parser: Parser, written: str, start: int, end: int, reader: ExpressionParser) -> None:
    name = parser.naming.plain(written, parser.source.span(start, end)).lower()
    reader.expect("=")
    value = reader.expression()
    if name in ("strip_whitespace", "strip_text", "strict_syntax", "auto_esc"):
        if not isinstance(value, tree.BooleanLiteral):
            raise parser.error(f"{written} must be true or false", start, end)
        if name == "strip_whitespace":
            parser.header.strip_whitespace = value.value
        elif name == "strip_text":
            parser.header.strip_text = value.value
        elif name == "auto_esc":
            parser.header.auto_esc = value.value
        elif name == "strict_syntax" and not value.value:
            raise Unsupported("tags without # are not read here", parser.source.span(start, end))
    elif name == "output_format":
        if not isinstance(value, tree.StringLiteral):
            raise parser.error("output_format must be the name of a format in quotes", start, end)
        if value.value not in _PLAIN_FORMATS:
            raise Unsupported(
                f"the preview does not escape by itself, as {value.value[:40]} does", parser.source.span(start, end)
            )
    elif name not in _IGNORED:
        raise parser.error(f"<#ftl> has no setting {written}", start, end)


def _unparsed(parser: Parser, tag: Tag) -> str:
    """The text up to the closing tag, as it stands."""
    start = parser.tag_end(tag)
    written = parser.source.text[tag.start + 2 : tag.end]
    closing = re.compile(rf"</#?{written}[ \t\r\n]*>").search(parser.source.text, start)
    if closing is None:
        raise parser.error(f"<#{written}> is not closed", tag.start, tag.end)
    parser.offset = closing.end()
    return parser.source.text[start : closing.start()]
