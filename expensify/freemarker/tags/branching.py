"""<#if>, <#switch>, <#attempt> and <#stop>."""

from __future__ import annotations

from expensify.freemarker.parser import Parser, Tag
from expensify.freemarker.tree import Attempt, Branch, Comment, Expression, If, Stop, Switch, Text


def if_(parser: Parser, tag: Tag) -> If:
    branches: list[Branch] = []
    found: Tag | None = tag
    while found is not None and not found.closing and found.name in ("if", "elseif", "else"):
        if branches and branches[-1].condition is None:
            raise parser.error(f"<#{found.name}> cannot follow <#else>", found.start, found.end)
        if found.name == "else":
            branch, found = parser.branch(found, slash=True)
        else:
            branch, found = _tested_branch(parser, found, loose=found.name == "elseif")
        branches.append(branch)
    parser.finish(("if",), tag, found)
    return If(parser.span(tag), tuple(branches))


def switch(parser: Parser, tag: Tag) -> Switch:
    subject = _expression(parser, tag)
    parser.context.breakable += 1
    before, found = parser.body()
    if any(not isinstance(e, Comment) and not (isinstance(e, Text) and not e.text.strip(" \t\r\n")) for e in before):
        raise parser.error("only white space may stand between <#switch> and its first <#case>", tag.start, tag.end)
    cases: list[Branch] = []
    while found is not None and not found.closing and found.name in ("case", "default"):
        if found.name == "case":
            case, found = _tested_branch(parser, found)
        elif any(case.condition is None for case in cases):
            raise parser.error("<#switch> can have only one <#default>", found.start, found.end)
        else:
            case, found = parser.branch(found)
        cases.append(case)
    parser.context.breakable -= 1
    parser.finish(("switch",), tag, found)
    return Switch(parser.span(tag), subject, tuple(cases))


def attempt(parser: Parser, tag: Tag) -> Attempt:
    parser.offset = parser.tag_end(tag)
    body, found = parser.body()
    if found is None or found.closing or found.name != "recover":
        raise parser.error("<#attempt> needs a <#recover>", tag.start, tag.end)
    recover, found = parser.branch(found)
    parser.finish(("attempt", "recover"), tag, found)
    return Attempt(parser.span(tag), body, recover)


def stop(parser: Parser, tag: Tag) -> Stop:
    reader = parser.reader()
    message = None if reader.lexer.peek().kind == "end" else reader.expression()
    parser.close(reader, tag, loose=True)
    return Stop(parser.span(tag), message)


def _expression(parser: Parser, tag: Tag, *, loose: bool = False) -> Expression:
    """The one expression of a tag, and its end."""
    reader = parser.reader()
    found = reader.expression()
    parser.close(reader, tag, loose=loose)
    return found


def _tested_branch(parser: Parser, tag: Tag, *, loose: bool = False) -> tuple[Branch, Tag | None]:
    """The arm of a tag with a condition, and the tag after it."""
    parser.offset = tag.end
    condition = _expression(parser, tag, loose=loose)
    end = parser.offset
    body, following = parser.body()
    return Branch(parser.branch_span(tag, end, body), condition, body), following
