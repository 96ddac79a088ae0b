"""Tags that are read but not run: <#include>, <#import>, the walks through XML, and other escaping."""

from __future__ import annotations

from expensify.freemarker.expressions import ExpressionParser
from expensify.freemarker.parser import Parser, Tag
from expensify.freemarker.tagnames import FOREIGN
from expensify.freemarker.tree import Body, Expression, Foreign, MacroCall, Name


def include(parser: Parser, tag: Tag) -> Foreign:
    """`<#include "x" parse=true>`."""
    reader = parser.reader()
    expressions = [reader.expression(), *_named(reader)]
    parser.close(reader, tag, loose=True)
    return _foreign(parser, tag, expressions)


def import_(parser: Parser, tag: Tag) -> Foreign:
    reader = parser.reader()
    path = reader.expression()
    keyword = reader.lexer.take()
    if keyword.text != "as":
        raise parser.error('write <#import "x" as y>', keyword.start, keyword.end)
    name = reader.expect_name("the name of a namespace").text
    parser.close(reader, tag, loose=True)
    return Foreign(parser.span(tag), tag.name, FOREIGN[tag.name], (path,), None, name)


def visit(parser: Parser, tag: Tag) -> Foreign:
    """`<#visit node using x>` and `<#recurse>`, whose node may be left out."""
    reader = parser.reader()
    expressions: list[Expression] = []
    following = reader.lexer.peek()
    if tag.name == "visit" or (following.kind != "end" and following.text != "using"):
        expressions.append(reader.expression())
    if reader.lexer.peek().text == "using":
        reader.lexer.take()
        expressions.append(reader.expression())
    parser.close(reader, tag, loose=True)
    return _foreign(parser, tag, expressions)


def fallback(parser: Parser, tag: Tag) -> Foreign:
    if parser.context.macro != "macro":
        raise parser.error("<#fallback> belongs inside a macro", tag.start, tag.end)
    parser.offset = parser.tag_end(tag, slash=True)
    return _foreign(parser, tag, [])


def transform(parser: Parser, tag: Tag) -> Foreign:
    reader = parser.reader()
    expressions = [reader.expression(), *_named(reader)]
    end = reader.lexer.peek()
    parser.close(reader, tag, loose=True)
    return _foreign(parser, tag, expressions, has_body=end.text == ">")


def escaping(parser: Parser, tag: Tag) -> Foreign:
    """`<#outputformat "HTML">`, `<#autoesc>` and `<#noautoesc>`."""
    expressions: list[Expression] = []
    if tag.name == "outputformat":
        reader = parser.reader()
        expressions.append(reader.expression())
        parser.close(reader, tag)
    else:
        parser.offset = parser.tag_end(tag)
    return _foreign(parser, tag, expressions, has_body=True)


def call(parser: Parser, tag: Tag) -> MacroCall:
    """`<#call x(1, 2)>`, the old way to write `<@x 1, 2/>`."""
    reader = parser.reader()
    name = reader.expect_name("the name of a macro")
    target = Name(parser.source.span(name.start, name.end), name.text)
    if reader.lexer.peek().is_mark("("):
        reader.lexer.take()
        arguments = reader.arguments(")")
    else:
        arguments = reader.positional()
    parser.close(reader, tag, loose=True)
    return MacroCall(parser.span(tag), target, arguments, (), (), None)


def _named(reader: ExpressionParser) -> list[Expression]:
    """The values of `a=1 b=2`."""
    values: list[Expression] = []
    while reader.lexer.peek().kind == "name":
        reader.lexer.take()
        reader.expect("=")
        values.append(reader.expression())
    return values


def _foreign(parser: Parser, tag: Tag, expressions: list[Expression], *, has_body: bool = False) -> Foreign:
    body: Body | None = None
    if has_body:
        body, found = parser.body()
        parser.finish((tag.name,), tag, found)
    return Foreign(parser.span(tag), tag.name, FOREIGN[tag.name], tuple(expressions), body)
