"""Operators on values, and their errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from expensify.freemarker import arithmetic
from expensify.freemarker.comparing import compare, equal
from expensify.freemarker.errors import Missing, RenderError
from expensify.freemarker.runtime import Environment
from expensify.freemarker.tree import Dot, Expression, Name
from expensify.freemarker.values import NumberRange, boolean_of, is_map, is_number, is_sequence, kind_of, number_of

RELATIONS: dict[str, Callable[[Environment, Any, Any], bool]] = {
    "==": equal,
    "!=": lambda env, left, right: not equal(env, left, right),
    "<": lambda env, left, right: compare(env, left, right, "<") < 0,
    "<=": lambda env, left, right: compare(env, left, right, "<=") <= 0,
    ">": lambda env, left, right: compare(env, left, right, ">") > 0,
    ">=": lambda env, left, right: compare(env, left, right, ">=") >= 0,
}


def number_range(first: int, last: int, kind: str) -> NumberRange:
    """Return the numbers of a range; inclusive and exclusive ranges may count down."""
    if kind == "..*":
        step = 1 if last >= 0 else -1
        return NumberRange(range(first, first + last, step), adaptive=True)
    step = 1 if last >= first else -1
    if kind == "..":
        return NumberRange(range(first, last + step, step), inclusive=True)
    return NumberRange(range(first, last, step))


def plus(env: Environment, left: Any, right: Any) -> Any:
    """`+`: add numbers, join lists and maps, concatenate anything else that prints."""
    if type(left) is str and type(right) is str:
        env.allow(len(left) + len(right))
        return left + right
    if is_number(left) and is_number(right):
        return arithmetic.add(number_of(left), number_of(right))
    if is_sequence(left) and is_sequence(right):
        first, second = env.listed(left), env.listed(right)
        env.allow_items(len(first) + len(second))
        return [*first, *second]
    if is_map(left) and is_map(right) and (isinstance(left, Mapping) or isinstance(right, Mapping)):
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            env.allow_items(len(left) + len(right))
            return {**left, **right}
        return left if isinstance(left, Mapping) else right
    before, after = env.text(left), env.text(right)
    env.allow(len(before) + len(after))
    return before + after


def unaddable(env: Environment, left: Any, before: Expression, after: Expression) -> RenderError:
    """Return the error of a sum with a missing operand; the left operand is checked first."""
    if left is None:
        return absent(before)
    try:
        env.text(left)
    except RenderError as error:
        return error
    return absent(after)


def absent(node: Expression) -> Missing:
    """Return the error for a missing value, with the name used in the template."""
    name = path(node)
    what = f"{name} is missing" if name else "this value is missing"
    return Missing(f'{what}; test it with ?has_content, or give it a default like {name or "(x)"}!""', node.span)


def path(node: Expression) -> str:
    """Return `expense.merchant` for the expression that reads it; "" for expressions other than names."""
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Dot) and (front := path(node.target)):
        return f"{front}.{node.name}"
    return ""


def truth(value: Any, node: Expression) -> bool:
    """Return the value as a boolean; RenderError when it is missing or not one."""
    if value is None:
        raise absent(node)
    boolean = boolean_of(value)
    if boolean is not None:
        return boolean
    raise RenderError(f"expected a boolean, but this is {kind_of(value)}", node.span)
