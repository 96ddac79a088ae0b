"""The nodes of a parsed template: expressions, and the elements of a body in order. Every node carries its span."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NamedTuple, dataclass_transform


class Span(NamedTuple):
    """The position of a node: offsets (end exclusive), and 1-based lines and columns (end inclusive)."""

    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int

    def to(self, other: Span) -> Span:
        """From the start of this one to the end of the other."""
        return Span(self.start, other.end, self.line, self.column, other.end_line, other.end_column)


@dataclass_transform(frozen_default=True)
@dataclass(frozen=True)
class Node:
    """Each subclass is a frozen dataclass too."""

    span: Span

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True)(cls)


class Expression(Node):
    """A node that has a value."""


class Element(Node):
    """A node that a body consists of: what the template prints and does."""


Body = tuple[Element, ...]


class Visitor:
    """Has a method for each class of nodes, such as `visit_Name` for `tree.Name`, like Python's `ast.NodeVisitor`."""

    def visit(self, node: Node) -> Any:
        return getattr(self, f"visit_{type(node).__name__}")(node)


# ---- expressions


class StringLiteral(Expression):
    value: str


class InterpolatedString(Expression):
    """A literal with `${…}` inside: the text between them is in Text parts."""

    parts: tuple[LiteralPart, ...]


class NumberLiteral(Expression):
    value: int | Decimal


class BooleanLiteral(Expression):
    value: bool


class ListLiteral(Expression):
    items: tuple[Expression, ...]


class HashLiteral(Expression):
    pairs: tuple[tuple[Expression, Expression], ...]


class Name(Expression):
    name: str


class SpecialName(Expression):
    """`.now`, `.vars` and their like; `name` without the dot."""

    name: str


class Dot(Expression):
    target: Expression
    name: str


class Index(Expression):
    target: Expression
    key: Expression


class Call(Expression):
    target: Expression
    arguments: tuple[Expression, ...]


class BuiltIn(Expression):
    """`target?name` or `target?name(arguments)`; `arguments` is None without parentheses."""

    target: Expression
    name: str
    arguments: tuple[Expression, ...] | None
    name_span: Span


class Default(Expression):
    """`target!fallback`; without a fallback the value is an empty string, list and map at once."""

    target: Expression
    fallback: Expression | None


class Exists(Expression):
    target: Expression


class Parenthesis(Expression):
    """Kept in the tree: `(a.b)!` forgives a missing `a`, `a.b!` does not."""

    inner: Expression


class Not(Expression):
    operand: Expression


class Sign(Expression):
    operand: Expression
    negative: bool


class Arithmetic(Expression):
    """A left-to-right chain of one precedence: operands[0] operators[0] operands[1] …"""

    operands: tuple[Expression, ...]
    operators: tuple[str, ...]


class Comparison(Expression):
    """`operator` is one of ==, !=, <, <=, >, >=, however it was written."""

    left: Expression
    operator: str
    right: Expression


class Logic(Expression):
    operator: Literal["&&", "||"]
    operands: tuple[Expression, ...]


class Range(Expression):
    """`kind` is one of `..` (inclusive, or endless without an end), `..<` and `..*` (by length)."""

    start: Expression
    end: Expression | None
    kind: Literal["..", "..<", "..*"]


class Lambda(Expression):
    parameters: tuple[str, ...]
    body: Expression


# ---- elements


class Text(Element):
    """Printed unchanged. `raw` marks the inside of <#noparse>, whose span includes the tags."""

    text: str
    raw: bool = False


class Interpolation(Element):
    """`${expression}`. `printed` differs from `expression` inside <#escape>."""

    expression: Expression
    printed: Expression


class NumberInterpolation(Element):
    """`#{expression; m2M4}`: at least `minimum`, at most `maximum` decimals; both None without a format."""

    expression: Expression
    printed: Expression
    minimum: int | None
    maximum: int | None


LiteralPart = Text | Interpolation | NumberInterpolation


class Comment(Element):
    text: str


class Trim(Element):
    """<#t> (both), <#lt> (left), <#rt> (right), <#nt> (neither). They act while parsing and print nothing."""

    left: bool
    right: bool


class Branch(Node):
    """One arm of an <#if> or <#switch>, the <#else> of a list, or a <#recover>; without a test, `condition` is None.

    Its span runs from its tag to its last element.
    """

    condition: Expression | None
    body: Body


class If(Element):
    branches: tuple[Branch, ...]


class List(Element):
    """<#list source as names>; no names means that <#items> inside declares them."""

    source: Expression
    names: tuple[str, ...]
    body: Body
    otherwise: Branch | None


class Items(Element):
    names: tuple[str, ...]
    body: Body


class Sep(Element):
    body: Body


class Break(Element):
    pass


class Continue(Element):
    pass


Scope = Literal["assign", "global", "local"]


class Assignment(Node):
    """`name operator value`; the value of ++ and -- is None."""

    name: str
    operator: str
    value: Expression | None


class Assign(Element):
    scope: Scope
    assignments: tuple[Assignment, ...]


class AssignBlock(Element):
    scope: Scope
    name: str
    body: Body


class Parameter(Node):
    name: str
    default: Expression | None


class Macro(Element):
    """A <#macro> or a <#function>. `catch_all` is the name of the last parameter written with `...`."""

    name: str
    parameters: tuple[Parameter, ...]
    catch_all: str | None
    is_function: bool
    body: Body


class Return(Element):
    value: Expression | None


class Nested(Element):
    arguments: tuple[Expression, ...]


class MacroCall(Element):
    """`<@target …; body_parameters>`; either positional or named arguments; `body` is None for `<@x/>`."""

    target: Expression
    positional: tuple[Expression, ...]
    named: tuple[tuple[str, Expression], ...]
    body_parameters: tuple[str, ...]
    body: Body | None


class Switch(Element):
    subject: Expression
    cases: tuple[Branch, ...]


class Compress(Element):
    body: Body


class Escape(Element):
    """<#escape name as expression>; its effect is already in the `printed` of the interpolations inside."""

    name: str
    expression: Expression
    body: Body


class NoEscape(Element):
    body: Body


class Setting(Element):
    name: str
    value: Expression


class Attempt(Element):
    body: Body
    recover: Branch


class Stop(Element):
    message: Expression | None


class Foreign(Element):
    """A tag of FreeMarker that we read but do not run; `reason` says why.

    `body` is None for a tag without one. `bound` is the variable that it makes, or "".
    """

    name: str
    reason: str
    expressions: tuple[Expression, ...]
    body: Body | None
    bound: str = ""


class Flush(Element):
    pass
