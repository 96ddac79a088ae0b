"""The tags, one function each: from the offset behind the tag's name to a node."""

from __future__ import annotations

from expensify.freemarker.parser import Parser, ParseTag
from expensify.freemarker.tags import assigning, blocks, branching, foreign, looping, macros
from expensify.freemarker.tree import Body

OPENING: dict[str, ParseTag] = {
    "if": branching.if_,
    "switch": branching.switch,
    "attempt": branching.attempt,
    "stop": branching.stop,
    "list": looping.list_,
    "foreach": looping.foreach,
    "items": looping.items,
    "sep": looping.sep,
    "break": looping.break_,
    "continue": looping.continue_,
    "assign": assigning.assign,
    "global": assigning.assign,
    "local": assigning.assign,
    "setting": assigning.setting,
    "macro": macros.macro,
    "function": macros.macro,
    "return": macros.return_,
    "nested": macros.nested,
    "@": macros.call,
    "compress": blocks.compress,
    "noparse": blocks.noparse,
    "comment": blocks.comment,
    "escape": blocks.escape,
    "noescape": blocks.noescape,
    "flush": blocks.flush,
    "include": foreign.include,
    "import": foreign.import_,
    "visit": foreign.visit,
    "recurse": foreign.visit,
    "fallback": foreign.fallback,
    "transform": foreign.transform,
    "outputformat": foreign.escaping,
    "autoesc": foreign.escaping,
    "noautoesc": foreign.escaping,
    "call": foreign.call,
    "t": blocks.trim,
    "lt": blocks.trim,
    "rt": blocks.trim,
    "nt": blocks.trim,
}
"""The tags that begin an element; every other one ends or divides one."""


def parse_template(parser: Parser) -> Body:
    """The whole text of a parser that has the tags of OPENING."""
    blocks.read_header(parser)
    return parser.template()
