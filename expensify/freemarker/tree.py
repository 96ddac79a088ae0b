"""The nodes of a parsed template. Every node carries the span of text it came from.

Expressions are immutable values. Elements are what the template does, in order; a body is a tuple of elements.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple


class Span(NamedTuple):
    """Where a node stands: offsets (end exclusive), and 1-based lines and columns (end inclusive)."""

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


# ---- expressions


@dataclass(frozen=True, slots=True)
class StringLiteral(Node):
    value: str


@dataclass(frozen=True, slots=True)
class InterpolatedString(Node):
    """A literal with `${…}` inside: its parts are Text and Interpolation elements."""

    parts: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class NumberLiteral(Node):
    value: int | Decimal


@dataclass(frozen=True, slots=True)
class BooleanLiteral(Node):
    value: bool


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class HashLiteral(Node):
    pairs: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, slots=True)
class Name(Node):
    name: str


@dataclass(frozen=True, slots=True)
class SpecialName(Node):
    """`.now`, `.vars` and their like; `name` without the dot."""

    name: str


@dataclass(frozen=True, slots=True)
class Dot(Node):
    target: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Index(Node):
    target: Expression
    key: Expression


@dataclass(frozen=True, slots=True)
class Call(Node):
    target: Expression
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class BuiltIn(Node):
    """`target?name` or `target?name(arguments)`; `arguments` is None without parentheses."""

    target: Expression
    name: str
    arguments: tuple[Expression, ...] | None
    name_span: Span


@dataclass(frozen=True, slots=True)
class Default(Node):
    """`target!fallback`; without a fallback it stands for the empty string, list and map at once."""

    target: Expression
    fallback: Expression | None


@dataclass(frozen=True, slots=True)
class Exists(Node):
    target: Expression


@dataclass(frozen=True, slots=True)
class Parenthesis(Node):
    """Kept in the tree: `(a.b)!` forgives a missing `a`, `a.b!` does not."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class Not(Node):
    operand: Expression


@dataclass(frozen=True, slots=True)
class Sign(Node):
    operand: Expression
    negative: bool


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """A left-to-right chain of one precedence: operands[0] operators[0] operands[1] …"""

    operands: tuple[Expression, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """`operator` is one of ==, !=, <, <=, >, >=, however it was written."""

    left: Expression
    operator: str
    right: Expression


@dataclass(frozen=True, slots=True)
class Logic(Node):
    operator: Literal["&&", "||"]
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Range(Node):
    """`kind` is one of `..` (inclusive, or endless without an end), `..<` and `..*` (by length)."""

    start: Expression
    end: Expression | None
    kind: Literal["..", "..<", "..*"]


@dataclass(frozen=True, slots=True)
class Lambda(Node):
    parameters: tuple[str, ...]
    body: Expression


Expression = (
    StringLiteral
    | InterpolatedString
    | NumberLiteral
    | BooleanLiteral
    | ListLiteral
    | HashLiteral
    | Name
    | SpecialName
    | Dot
    | Index
    | Call
    | BuiltIn
    | Default
    | Exists
    | Parenthesis
    | Not
    | Sign
    | Arithmetic
    | Comparison
    | Logic
    | Range
    | Lambda
)

# ---- elements


@dataclass(frozen=True, slots=True)
class Text(Node):
    """Printed as it stands. `raw` marks the inside of <#noparse>, whose span includes the tags."""

    text: str
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Interpolation(Node):
    """`${expression}`. `printed` differs from `expression` inside <#escape>."""

    expression: Expression
    printed: Expression


@dataclass(frozen=True, slots=True)
class NumberInterpolation(Node):
    """`#{expression; m2M4}`: at least `minimum`, at most `maximum` decimals; both None without a format."""

    expression: Expression
    printed: Expression
    minimum: int | None
    maximum: int | None


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
