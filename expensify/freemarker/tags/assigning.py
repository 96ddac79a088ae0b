"""<#assign>, <#global>, <#local> and <#setting>."""

from __future__ import annotations

from typing import cast

from expensify.freemarker.expressions import ExpressionParser
from expensify.freemarker.parser import Parser, Tag
from expensify.freemarker.setting_changes import FOREIGN
from expensify.freemarker.tree import Assign, AssignBlock, Assignment, Expression, Foreign, Scope, Setting

_WITH_VALUE = ("=", "+=", "-=", "*=", "/=", "%=")
_ALONE = ("++", "--")
SETTINGS = FOREIGN | {
    "number_format", "boolean_format", "date_format", "time_format", "datetime_format", "time_zone", "locale",
    "url_escaping_charset",
}  # fmt: skip


def assign(parser: Parser, tag: Tag) -> Assign | AssignBlock | Foreign:
    if tag.name == "local" and parser.context.macro is None:
        raise parser.error("<#local> belongs inside a macro or function", tag.start, tag.end)
    reader = parser.reader()
    scope = cast(Scope, tag.name)
    start = reader.lexer.peek()
    name = parser.name_or_string(reader, "the name of a variable")
    following = reader.lexer.peek()
    if tag.name != "local" and following.kind == "keyword" and following.text == "in":
        return _into_namespace(parser, reader, tag, (), has_body=True)
    if following.kind == "end" and following.text == ">":
        parser.close(reader, tag)
        body, found = parser.body()
        parser.finish((tag.name,), tag, found)
        return AssignBlock(parser.span(tag), scope, name, body)
    assignments = [_assignment(parser, reader, name, start.start)]
    while (token := reader.lexer.peek()).kind != "end":
        if token.is_mark(","):
            reader.lexer.take()
            token = reader.lexer.peek()
        if token.kind == "keyword" and token.text == "in":
            values = tuple(assignment.value for assignment in assignments if assignment.value is not None)
            return _into_namespace(parser, reader, tag, values)
        name = parser.name_or_string(reader, "the name of a variable")
        assignments.append(_assignment(parser, reader, name, token.start))
    parser.close(reader, tag, loose=True)
    return Assign(parser.span(tag), scope, tuple(assignments))


def _into_namespace(
    parser: Parser, reader: ExpressionParser, tag: Tag, values: tuple[Expression, ...], *, has_body: bool = False
) -> Foreign:
    """`<#assign x = 1 in ns>`: namespaces come from other templates."""
    if tag.name == "local":
        token = reader.lexer.peek()
        raise parser.error("a local variable is in no namespace", token.start, token.end)
    reader.lexer.take()
    namespace = reader.expression()
    parser.close(reader, tag, loose=not has_body)
    body = None
    if has_body:
        body, found = parser.body()
        parser.finish((tag.name,), tag, found)
    return Foreign(parser.span(tag), tag.name, "templates stand alone", (*values, namespace), body)


def setting(parser: Parser, tag: Tag) -> Setting:
    reader = parser.reader()
    token = reader.expect_name("the name of a setting")
    name = parser.naming.plain(token.text, reader.lexer.span(token.start, token.end))
    if name not in SETTINGS:
        known = ", ".join(sorted(SETTINGS))
        raise parser.error(f"there is no setting {token.text}; these are: {known}", token.start, token.end)
    reader.expect("=")
    value = reader.expression()
    parser.close(reader, tag, loose=True)
    return Setting(parser.span(tag), name, value)


def _assignment(parser: Parser, reader: ExpressionParser, name: str, start: int) -> Assignment:
    operator = reader.lexer.take()
    if operator.is_mark(*_ALONE):
        return Assignment(parser.span(start, operator.end), name, operator.text, None)
    if not operator.is_mark(*_WITH_VALUE):
        raise parser.error(f"expected = after {name}", operator.start, operator.end)
    value = reader.expression()
    return Assignment(parser.span(start, value), name, operator.text, value)
