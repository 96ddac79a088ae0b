"""<#escape x as …>: the expression around every `${…}` inside, put there while parsing."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, cast

from expensify.freemarker.expression_tree import Expression, Lambda, Name, Node, Parenthesis


class Escapes:
    """The escapes around the place being parsed, innermost last."""

    def __init__(self) -> None:
        self._stack: list[tuple[str, Expression]] = []

    def push(self, name: str, expression: Expression) -> None:
        self._stack.append((name, expression))

    def pop(self) -> tuple[str, Expression] | None:
        return self._stack.pop() if self._stack else None

    def apply(self, printed: Expression) -> Expression:
        """What to print for `${printed}`: every escape around it, the innermost first."""
        for name, expression in reversed(self._stack):
            printed = _put(expression, name, printed)
        return printed


def _put(expression: Expression, name: str, value: Expression) -> Expression:
    """The expression with the value in place of the variable `name`."""
    if isinstance(expression, Name):
        return Parenthesis(value.span, value) if expression.name == name else expression
    if isinstance(expression, Lambda) and name in expression.parameters:
        return expression
    return cast(Expression, _put_inside(expression, name, value))


def _put_inside(item: Any, name: str, value: Expression) -> Any:
    if isinstance(item, tuple) and not hasattr(item, "_fields"):
        return tuple(_put_any(part, name, value) for part in item)
    if not is_dataclass(item):
        return item
    changed = {f.name: _put_any(getattr(item, f.name), name, value) for f in fields(item) if f.name != "span"}
    return replace(cast(Any, item), **changed)


def _put_any(item: Any, name: str, value: Expression) -> Any:
    return (
        _put(cast(Expression, item), name, value)
        if isinstance(item, Node)
        else _put_inside(item, name, value)
    )
