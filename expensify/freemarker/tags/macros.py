"""<#macro>, <#function>, <#return>, <#nested> and the calls `<@name …>`."""

from __future__ import annotations

from expensify.freemarker.expressions import ExpressionParser
from expensify.freemarker.parser import Parser, Tag
from expensify.freemarker.tags.context import Context
from expensify.freemarker.tree import Body, Dot, Expression, Macro, MacroCall, Name, Nested, Parameter, Return


def macro(parser: Parser, tag: Tag) -> Macro:
    if parser.context.macro is not None:
        raise parser.error(f"<#{tag.name}> cannot stand inside a macro or function", tag.start, tag.end)
    reader = parser.reader()
    name = parser.name_or_string(reader, f"the name of the {tag.name}")
    parameters, catch_all = _parameters(parser, reader)
    parser.close(reader, tag)
    outside = parser.context
    # The loops around a definition are not around its body.
    parser.context = Context(macro=tag.name)
    body, found = parser.body()
    parser.context = outside
    parser.finish((tag.name,), tag, found)
    return Macro(parser.span(tag), name, parameters, catch_all, tag.name == "function", body)


def return_(parser: Parser, tag: Tag) -> Return:
    reader = parser.reader()
    value = None if reader.lexer.peek().kind == "end" else reader.expression()
    parser.close(reader, tag, loose=True)
    where = parser.context.macro
    if where is None:
        raise parser.error("<#return> belongs inside a macro or function", tag.start, tag.end)
    if where == "macro" and value is not None:
        raise parser.error("a macro cannot return a value; a <#function> can", tag.start, tag.end)
    if where == "function" and value is None:
        raise parser.error("a function must return a value", tag.start, tag.end)
    return Return(parser.span(tag), value)


def nested(parser: Parser, tag: Tag) -> Nested:
    if parser.context.macro != "macro":
        raise parser.error("<#nested> belongs inside a macro", tag.start, tag.end)
    reader = parser.reader()
    arguments = reader.positional()
    parser.close(reader, tag, loose=True)
    return Nested(parser.span(tag), arguments)


def call(parser: Parser, tag: Tag) -> MacroCall:
    reader = parser.reader()
    reader.stop_at_space = True
    target = reader.expression()
    reader.stop_at_space = False
    named = _named(reader)
    positional = () if named else reader.positional()
    body_parameters = _body_parameters(reader)
    token = reader.lexer.take()
    if token.kind != "end":
        raise parser.error(f"expected the end of this call instead of {token.text}", token.start, token.end)
    parser.offset = token.end
    body: Body | None = None
    if token.text == ">":
        body, found = parser.body()
        _finish(parser, tag, found, target)
    return MacroCall(parser.span(tag), target, positional, named, body_parameters, body)


def _finish(parser: Parser, tag: Tag, found: Tag | None, target: Expression) -> None:
    if found is None:
        raise parser.error("this call is not closed; write <@name …/> for one without a body", tag.start, tag.end)
    if not found.closing or not found.name.startswith("@"):
        raise parser.error("expected </@> here", found.start, found.end)
    written = found.name[1:]
    if written and written != _path(target):
        raise parser.error(f"expected </@{_path(target) or ''}>, found </@{written}>", found.start, found.end)
    parser.offset = found.end


def _path(expression: Expression) -> str | None:
    """`a.b.c` as it would stand in a closing tag; None for anything else."""
    if isinstance(expression, Name):
        return expression.name
    if isinstance(expression, Dot) and (front := _path(expression.target)) is not None:
        return f"{front}.{expression.name}"
    return None


def _named(reader: ExpressionParser) -> tuple[tuple[str, Expression], ...]:
    """`a=1 b=2`, or nothing when the arguments are positional."""
    found: list[tuple[str, Expression]] = []
    while reader.lexer.peek().kind == "name":
        saved = reader.lexer.save()
        name = reader.lexer.take()
        if not reader.lexer.peek().is_mark("="):
            reader.lexer.back(saved)
            break
        reader.lexer.take()
        reader.in_named_arguments = True
        value = reader.expression()
        reader.in_named_arguments = False
        found = [pair for pair in found if pair[0] != name.text]
        found.append((name.text, value))
    return tuple(found)


def _body_parameters(reader: ExpressionParser) -> tuple[str, ...]:
    names: list[str] = []
    if reader.lexer.peek().is_mark(";"):
        reader.lexer.take()
        while reader.lexer.peek().kind == "name":
            names.append(reader.lexer.take().text)
            if not reader.lexer.peek().is_mark(","):
                break
            reader.lexer.take()
    return tuple(names)


def _parameters(parser: Parser, reader: ExpressionParser) -> tuple[tuple[Parameter, ...], str | None]:
    """`a, b=1, rest...` with or without commas and parentheses; the name of the catch-all apart."""
    found: list[Parameter] = []
    catch_all: str | None = None
    lexer = reader.lexer
    if lexer.peek().is_mark("("):
        lexer.take()
    while lexer.peek().kind == "name":
        name = lexer.take()
        if catch_all is not None:
            raise parser.error("the parameter with ... must be the last one", name.start, name.end)
        if lexer.peek().is_mark("..."):
            lexer.take()
            catch_all = name.text
        else:
            default = None
            if lexer.peek().is_mark("="):
                lexer.take()
                reader.in_named_arguments = True
                default = reader.expression()
                reader.in_named_arguments = False
            elif found and found[-1].default is not None:
                raise parser.error("parameters without a default come first", name.start, name.end)
            found.append(Parameter(parser.span(name.start, lexer.last_end), name.text, default))
        if lexer.peek().is_mark(","):
            lexer.take()
    if lexer.peek().is_mark(")"):
        lexer.take()
    return tuple(found), catch_all
