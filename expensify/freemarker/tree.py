"""The nodes of a parsed template: expressions, and the elements of a body in order. Every node carries its span."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple


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


@dataclass(frozen=True, slots=True)
class Node:
    span: Span


@dataclass(frozen=True, slots=True)
class Expression(Node):
    """A node that has a value."""


@dataclass(frozen=True, slots=True)
class Element(Node):
    """A node that a body consists of: what the template prints and does."""


Body = tuple[Element, ...]


# ---- expressions


@dataclass(frozen=True, slots=True)
class StringLiteral(Expression):
    value: str


@dataclass(frozen=True, slots=True)
class InterpolatedString(Expression):
    """A literal with `${…}` inside: the text between them is in Text parts."""

    parts: tuple[LiteralPart, ...]


@dataclass(frozen=True, slots=True)
class NumberLiteral(Expression):
    value: int | Decimal


@dataclass(frozen=True, slots=True)
class BooleanLiteral(Expression):
    value: bool


@dataclass(frozen=True, slots=True)
class ListLiteral(Expression):
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class HashLiteral(Expression):
    pairs: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, slots=True)
class Name(Expression):
    name: str


@dataclass(frozen=True, slots=True)
class SpecialName(Expression):
    """`.now`, `.vars` and their like; `name` without the dot."""

    name: str


@dataclass(frozen=True, slots=True)
class Dot(Expression):
    target: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Index(Expression):
    target: Expression
    key: Expression


@dataclass(frozen=True, slots=True)
class Call(Expression):
    target: Expression
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class BuiltIn(Expression):
    """`target?name` or `target?name(arguments)`; `arguments` is None without parentheses."""

    target: Expression
    name: str
    arguments: tuple[Expression, ...] | None
    name_span: Span


@dataclass(frozen=True, slots=True)
class Default(Expression):
    """`target!fallback`; without a fallback the value is an empty string, list and map at once."""

    target: Expression
    fallback: Expression | None


@dataclass(frozen=True, slots=True)
class Exists(Expression):
    target: Expression


@dataclass(frozen=True, slots=True)
class Parenthesis(Expression):
    """Kept in the tree: `(a.b)!` forgives a missing `a`, `a.b!` does not."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class Not(Expression):
    operand: Expression


@dataclass(frozen=True, slots=True)
class Sign(Expression):
    operand: Expression
    negative: bool


@dataclass(frozen=True, slots=True)
class Arithmetic(Expression):
    """A left-to-right chain of one precedence: operands[0] operators[0] operands[1] …"""

    operands: tuple[Expression, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison(Expression):
    """`operator` is one of ==, !=, <, <=, >, >=, however it was written."""

    left: Expression
    operator: str
    right: Expression


@dataclass(frozen=True, slots=True)
class Logic(Expression):
    operator: Literal["&&", "||"]
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Range(Expression):
    """`kind` is one of `..` (inclusive, or endless without an end), `..<` and `..*` (by length)."""

    start: Expression
    end: Expression | None
    kind: Literal["..", "..<", "..*"]


@dataclass(frozen=True, slots=True)
class Lambda(Expression):
    parameters: tuple[str, ...]
    body: Expression


# ---- elements


@dataclass(frozen=True, slots=True)
class Text(Element):
    """Printed unchanged. `raw` marks the inside of <#noparse>, whose span includes the tags."""

    text: str
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Interpolation(Element):
    """`${expression}`. `printed` differs from `expression` inside <#escape>."""

    expression: Expression
    printed: Expression


@dataclass(frozen=True, slots=True)
class NumberInterpolation(Element):
    """`#{expression; m2M4}`: at least `minimum`, at most `maximum` decimals; both None without a format."""

    expression: Expression
    printed: Expression
    minimum: int | None
    maximum: int | None


LiteralPart = Text | Interpolation | NumberInterpolation


@dataclass(frozen=True, slots=True)
class Comment(Element):
    text: str


@dataclass(frozen=True, slots=True)
class Trim(Element):
    """<#t> (both), <#lt> (left), <#rt> (right), <#nt> (neither). They act while parsing and print nothing."""

    left: bool
    right: bool


@dataclass(frozen=True, slots=True)
class Branch(Node):
    """One arm of an <#if> or <#switch>; `condition` is None for <#else> and <#default>.

    Its span runs from its tag to its last element.
    """

    condition: Expression | None
    body: Body


@dataclass(frozen=True, slots=True)
class If(Element):
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Block(Node):
    """A body with a tag of its own, such as the <#else> of a list."""

    body: Body


@dataclass(frozen=True, slots=True)
class List(Element):
    """<#list source as names>; no names means that <#items> inside declares them."""

    source: Expression
    names: tuple[str, ...]
    body: Body
    otherwise: Block | None


@dataclass(frozen=True, slots=True)
class Items(Element):
    names: tuple[str, ...]
    body: Body


@dataclass(frozen=True, slots=True)
class Sep(Element):
    body: Body


@dataclass(frozen=True, slots=True)
class Break(Element):
    pass


@dataclass(frozen=True, slots=True)
class Continue(Element):
    pass


Scope = Literal["assign", "global", "local"]


@dataclass(frozen=True, slots=True)
class Assignment(Node):
    """`name operator value`; the value of ++ and -- is None."""

    name: str
    operator: str
    value: Expression | None


@dataclass(frozen=True, slots=True)
class Assign(Element):
    scope: Scope
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True, slots=True)
class AssignBlock(Element):
    scope: Scope
    name: str
    body: Body


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    name: str
    default: Expression | None


@dataclass(frozen=True, slots=True)
class Macro(Element):
    """A <#macro> or a <#function>. `catch_all` is the name of the last parameter written with `...`."""

    name: str
    parameters: tuple[Parameter, ...]
    catch_all: str | None
    is_function: bool
    body: Body


@dataclass(frozen=True, slots=True)
class Return(Element):
    value: Expression | None


@dataclass(frozen=True, slots=True)
class Nested(Element):
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class MacroCall(Element):
    """`<@target …; body_parameters>`; either positional or named arguments; `body` is None for `<@x/>`."""

    target: Expression
    positional: tuple[Expression, ...]
    named: tuple[tuple[str, Expression], ...]
    body_parameters: tuple[str, ...]
    body: Body | None


@dataclass(frozen=True, slots=True)
class Switch(Element):
    subject: Expression
    cases: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Compress(Element):
    body: Body


@dataclass(frozen=True, slots=True)
class Escape(Element):
    """<#escape name as expression>; its effect is already in the `printed` of the interpolations inside."""

    name: str
    expression: Expression
    body: Body


@dataclass(frozen=True, slots=True)
class NoEscape(Element):
    body: Body


@dataclass(frozen=True, slots=True)
class Setting(Element):
    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Attempt(Element):
    body: Body
    recover: Block


@dataclass(frozen=True, slots=True)
class Stop(Element):
    message: Expression | None


@dataclass(frozen=True, slots=True)
class Flush(Element):
    pass
