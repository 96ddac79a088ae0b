"""<#escape x as …>: while parsing, its expression is put around every `${…}` inside."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

from expensify.freemarker.tree import Expression, Lambda, Name, Node, Parenthesis


class Escapes:
    """The escapes around the current position of the parser, innermost last."""

    def __init__(self) -> None:
        self._stack: list[tuple[str, Expression]] = []

    def push(self, name: str, expression: Expression) -> None:
        self._stack.append((name, expression))

    def pop(self) -> tuple[str, Expression] | None:
        return self._stack.pop() if self._stack else None

    def apply(self, printed: Expression) -> Expression:
        """Return the expression to print for `${printed}`, with all escapes applied, the innermost first."""
        for name, expression in reversed(self._stack):
            printed = _substitute(expression, name, printed)
        return printed


def _substitute(expression: Expression, name: str, value: Expression) -> Expression:
    """Replace the variable `name` in the expression by the value."""
    if isinstance(expression, Name):
        return Parenthesis(value.span, value) if expression.name == name else expression
    if isinstance(expression, Lambda) and name in expression.parameters:
        return expression
    return cast(Expression, _substitute_in_parts(expression, name, value))


def _substitute_in_parts(item: Any, name: str, value: Expression) -> Any:
    if isinstance(item, tuple) and not hasattr(item, "_fields"):
        return tuple(_substitute_in_item(part, name, value) for part in item)
    if not is_dataclass(item):
        return item
    parts = {f.name: getattr(item, f.name) for f in fields(item) if f.name != "span"}
    changes = {part_name: _substitute_in_item(part, name, value) for part_name, part in parts.items()}
    return replace(cast(Any, item), **changes)


def _substitute_in_item(item: Any, name: str, value: Expression) -> Any:
    if isinstance(item, Node):
        return _substitute(cast(Expression, item), name, value)
    return _substitute_in_parts(item, name, value)
