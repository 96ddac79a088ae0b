"""<#list>, <#items>, <#sep>, <#break>, <#continue> and the old <#foreach>."""

from __future__ import annotations

from expensify.freemarker.expressions import ExpressionParser
from expensify.freemarker.parser import Parser, Tag
from expensify.freemarker.tags.context import ListContext
from expensify.freemarker.tree import Body, Break, Continue, Items, List, Sep


def list_(parser: Parser, tag: Tag) -> List:
    reader = parser.reader()
    source = reader.expression()
    names: tuple[str, ...] = ()
    if reader.lexer.peek().text == "as" and reader.lexer.peek().kind == "keyword":
        reader.lexer.take()
        names = _names(parser, reader)
    parser.close(reader, tag)
    around = parser.context
    own = ListContext(names or None)
    around.lists.append(own)
    body, found = _looped(parser, counts=bool(names))
    around.lists.pop()
    if not names and not own.has_items:
        raise parser.error('<#list> needs "as x", or an <#items as x> inside it', tag.start, tag.end)
    otherwise = None
    if found is not None and found.name == "else" and not found.closing:
        otherwise, found = parser.branch(found, slash=True)
    parser.finish(("list",), tag, found)
    return List(parser.span(tag), source, names, body, otherwise)


def foreach(parser: Parser, tag: Tag) -> List:
    reader = parser.reader()
    name = reader.expect_name("the name of a loop variable").text
    keyword = reader.lexer.take()
    if keyword.text != "in":
        raise parser.error(f"expected in instead of {keyword.text}", keyword.start, keyword.end)
    source = reader.expression()
    parser.close(reader, tag)
    parser.context.lists.append(ListContext((name,)))
    body, found = _looped(parser, counts=True)
    parser.context.lists.pop()
    parser.finish(("foreach",), tag, found)
    return List(parser.span(tag), source, (name,), body, None)


def items(parser: Parser, tag: Tag) -> Items:
    reader = parser.reader()
    keyword = reader.lexer.take()
    if keyword.text != "as":
        raise parser.error("write <#items as x>", keyword.start, keyword.end)
    names = _names(parser, reader)
    parser.close(reader, tag)
    lists = parser.context.lists
    if not lists:
        raise parser.error("<#items> belongs inside a <#list>", tag.start, tag.end)
    own = lists[-1]
    if own.names is not None:
        what = "another <#items>" if own.has_items else 'a <#list> with "as"'
        raise parser.error(f"<#items> cannot stand inside {what}", tag.start, tag.end)
    own.names, own.has_items = names, True
    body, found = _looped(parser, counts=True)
    own.names = None
    parser.finish(("items",), tag, found)
    return Items(parser.span(tag), names, body)


def sep(parser: Parser, tag: Tag) -> Sep:
    if not parser.context.lists:
        raise parser.error("<#sep> belongs inside a <#list>", tag.start, tag.end)
    parser.offset = end = parser.tag_end(tag)
    body, found = parser.body()
    if found is not None and found.closing and found.name == "sep":
        parser.offset = parser.tag_end(found)
        return Sep(parser.span(tag), body)
    if found is not None:
        # Without </#sep> it reaches to the end of the block around it, whose tag is read again there.
        parser.offset = found.start
    return Sep(parser.branch_span(tag, end, body), body)


def break_(parser: Parser, tag: Tag) -> Break:
    parser.offset = parser.tag_end(tag, slash=True)
    if not parser.context.breakable:
        raise parser.error("<#break> belongs inside a <#list>, <#items> or <#switch>", tag.start, tag.end)
    return Break(parser.span(tag))


def continue_(parser: Parser, tag: Tag) -> Continue:
    parser.offset = parser.tag_end(tag, slash=True)
    if not parser.context.continuable:
        raise parser.error("<#continue> belongs inside a <#list> or <#items>", tag.start, tag.end)
    return Continue(parser.span(tag))


def _looped(parser: Parser, *, counts: bool) -> tuple[Body, Tag | None]:
    """The body of a loop; `counts` says that <#break> inside it belongs to this loop."""
    parser.context.breakable += counts
    parser.context.continuable += counts
    body, found = parser.body()
    parser.context.breakable -= counts
    parser.context.continuable -= counts
    return body, found


def _names(parser: Parser, reader: ExpressionParser) -> tuple[str, ...]:
    first = reader.expect_name("the name of a loop variable").text
    if not reader.lexer.peek().is_mark(","):
        return (first,)
    reader.lexer.take()
    token = reader.expect_name("the name of a second loop variable")
    if token.text == first:
        raise parser.error("the two loop variables need different names", token.start, token.end)
    return first, token.text
