"""The elements of a parsed template: what it does, in order. A body is a tuple of elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from expensify.freemarker.expression_tree import Expression, Interpolation, Node, NumberInterpolation, Text


@dataclass(frozen=True, slots=True)
class Comment(Node):
    text: str


@dataclass(frozen=True, slots=True)
class Trim(Node):
    """<#t> (both), <#lt> (left), <#rt> (right), <#nt> (neither). They act while parsing and print nothing."""

    left: bool
    right: bool


@dataclass(frozen=True, slots=True)
class Branch(Node):
    """One arm of an <#if>; `condition` is None for <#else>. Its span runs from its tag to its last element."""

    condition: Expression | None
    body: Body


@dataclass(frozen=True, slots=True)
class If(Node):
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Block(Node):
    """A body with a tag of its own, such as the <#else> of a list."""

    body: Body


@dataclass(frozen=True, slots=True)
class List(Node):
    """<#list source as names>; no names means that <#items> inside declares them."""

    source: Expression
    names: tuple[str, ...]
    body: Body
    otherwise: Block | None


@dataclass(frozen=True, slots=True)
class Items(Node):
    names: tuple[str, ...]
    body: Body


@dataclass(frozen=True, slots=True)
class Sep(Node):
    body: Body


@dataclass(frozen=True, slots=True)
class Break(Node):
    pass


@dataclass(frozen=True, slots=True)
class Continue(Node):
    pass


Scope = Literal["assign", "global", "local"]


@dataclass(frozen=True, slots=True)
class Assignment(Node):
    """`name operator value`; the value of ++ and -- is None."""

    name: str
    operator: str
    value: Expression | None


@dataclass(frozen=True, slots=True)
class Assign(Node):
    scope: Scope
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class AssignBlock(Node):
    scope: Scope
    name: str
    body: Body


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    name: str
    default: Expression | None


@dataclass(frozen=True, slots=True)
class Macro(Node):
    """A <#macro> or a <#function>. `catch_all` is the name of the last parameter written with `...`."""

    name: str
    parameters: tuple[Parameter, ...]
    catch_all: str | None
    is_function: bool
    body: Body


@dataclass(frozen=True, slots=True)
class Return(Node):
    value: Expression | None


@dataclass(frozen=True, slots=True)
class Nested(Node):
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class MacroCall(Node):
    """`<@target …; body_parameters>`; either positional or named arguments; `body` is None for `<@x/>`."""

    target: Expression
    positional: tuple[Expression, ...]
    named: tuple[tuple[str, Expression], ...]
    body_parameters: tuple[str, ...]
    body: Body | None


@dataclass(frozen=True, slots=True)
class Case(Node):
    """`condition` is None for <#default>."""

    condition: Expression | None
    body: Body


@dataclass(frozen=True, slots=True)
class Switch(Node):
    subject: Expression
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Compress(Node):
    body: Body


@dataclass(frozen=True, slots=True)
class Escape(Node):
    """<#escape name as expression>; its effect is already in the `printed` of the interpolations inside."""

    name: str
    expression: Expression
    body: Body


@dataclass(frozen=True, slots=True)
class NoEscape(Node):
    body: Body


@dataclass(frozen=True, slots=True)
class Setting(Node):
    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Attempt(Node):
    body: Body
    recover: Block


@dataclass(frozen=True, slots=True)
class Stop(Node):
    message: Expression | None


@dataclass(frozen=True, slots=True)
class Flush(Node):
    pass


Element = (
    Text
    | Interpolation
    | NumberInterpolation
    | Comment
    | Trim
    | If
    | List
    | Items
    | Sep
    | Break
    | Continue
    | Assign
    | AssignBlock
    | Macro
    | Return
    | Nested
    | MacroCall
    | Switch
    | Compress
    | Escape
    | NoEscape
    | Setting
    | Attempt
    | Stop
    | Flush
)
Body = tuple[Element, ...]
