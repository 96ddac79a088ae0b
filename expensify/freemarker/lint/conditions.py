"""What a condition implies for the code after it."""

from __future__ import annotations

from typing import Protocol

from expensify.freemarker import tree
from expensify.freemarker.lint.context import Context
from expensify.freemarker.lint.state import SAME_CURRENCY
from expensify.freemarker.lint.values import EMPTY, NUMBERS, Value

_CURRENCIES = {frozenset({"expense.currency"}), frozenset({"report.currency"})}


class ValueReader(Protocol):
    """The values of expressions in the state of `context`."""

    @property
    def context(self) -> Context: ...
    def value(self, node: tree.Expression) -> Value: ...


def assume(expressions: ValueReader, condition: tree.Expression, holds: bool) -> None:
    """Update the current state for a condition that holds, or does not."""
    if isinstance(condition, tree.Parenthesis):
        assume(expressions, condition.inner, holds)
    elif isinstance(condition, tree.Not):
        assume(expressions, condition.operand, not holds)
    elif isinstance(condition, tree.Logic):
        if holds == (condition.operator == "&&"):
            for operand in condition.operands:
                assume(expressions, operand, holds)
    elif isinstance(condition, tree.Exists):
        _present(expressions, condition.target, holds)
    elif isinstance(condition, tree.BuiltIn):
        if condition.name in ("has_content", "exists"):
            _present(expressions, condition.target, holds, has_content=condition.name == "has_content")
        elif condition.name == "is_number" and not holds:
            _no_number(expressions, condition.target)
        elif condition.name == "contains" and not holds:
            _without(expressions, condition)
    elif isinstance(condition, tree.Comparison) and condition.operator == ("==" if holds else "!="):
        _equal(expressions, condition)


def _present(expressions: ValueReader, target: tree.Expression, holds: bool, *, has_content: bool = False) -> None:
    while isinstance(target, tree.Parenthesis):
        target = target.inner
    state = expressions.context.state
    if not holds:
        if isinstance(target, tree.Name) and state.value(target.name) is not None:
            state.refine(target.name, EMPTY)
        return
    with expressions.context.allow_missing(True):
        value = expressions.value(target)
        # A field can be present only if its object is.
        owner = expressions.value(target.target) if isinstance(target, tree.Dot) else value
    state.certain |= {found.path for found in (value, owner) if found.path}
    if has_content and len(value.fields) == 1:
        state.certain |= value.fields


def _without(expressions: ValueReader, condition: tree.BuiltIn) -> None:
    """After `<#if x?contains(",")>…<#return></#if>` there is no comma in x."""
    state = expressions.context.state
    argument = condition.arguments[0] if condition.arguments else None
    if (
        isinstance(condition.target, tree.Name)
        and isinstance(argument, tree.StringLiteral)
        and len(argument.value) == 1
    ):
        known = state.value(condition.target.name)
        if known is not None:
            state.refine(condition.target.name, known._replace(may=known.may - {argument.value}))


def _no_number(expressions: ValueReader, target: tree.Expression) -> None:
    """A field of a number type that is no number is missing: its value is the text of a default."""
    state = expressions.context.state
    if isinstance(target, tree.Name):
        known = state.value(target.name)
        if known is not None and known.type in NUMBERS:
            state.refine(target.name, EMPTY)


def _equal(expressions: ValueReader, condition: tree.Comparison) -> None:
    left, right = expressions.value(condition.left), expressions.value(condition.right)
    if {left.fields, right.fields} == _CURRENCIES:
        expressions.context.state.certain |= {SAME_CURRENCY}
