"""The nodes of expressions, and of text with `${…}` in it. Every node carries the span of text it came from."""

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
class StringLiteral(Node):
    value: str


@dataclass(frozen=True, slots=True)
class InterpolatedString(Node):
    """A literal with `${…}` inside: the text between them is in Text parts."""

    parts: tuple[LiteralPart, ...]


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
    """`target!fallback`; without a fallback the value is an empty string, list and map at once."""

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


@dataclass(frozen=True, slots=True)
class Text(Node):
    """Printed unchanged. `raw` marks the inside of <#noparse>, whose span includes the tags."""

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


LiteralPart = Text | Interpolation | NumberInterpolation
