"""Comparison operators. Only values of the same kind compare."""

from __future__ import annotations

from typing import Any

from expensify.freemarker.collation import same
from expensify.freemarker.errors import RenderError
from expensify.freemarker.runtime import Environment
from expensify.freemarker.values import boolean_of, is_moment, is_number, kind_of, number_of


def equal(env: Environment, left: Any, right: Any) -> bool:
    """Whether two values are equal: numbers by value, strings by Java's collation. RenderError across kinds."""
    if isinstance(left, str) and isinstance(right, str):
        env.charge(len(left) >> 4)
        return same(left, right)
    first, second = boolean_of(left), boolean_of(right)
    if first is not None and second is not None:
        return first is second
    return compare(env, left, right, "==") == 0


def compare(env: Environment, left: Any, right: Any, operator: str) -> int:
    """Return a negative number, zero or a positive number. RenderError unless both are numbers or dates."""
    if is_number(left) and is_number(right):
        first, second = number_of(left), number_of(right)
        return (first > second) - (first < second)
    if is_moment(left) and is_moment(right):
        before, after = env.dates.moment(left), env.dates.moment(right)
        if before.kind != after.kind:
            raise RenderError(f"cannot compare a {before.kind} with a {after.kind}")
        return (before.at > after.at) - (before.at < after.at)
    for kind, name in ((str, "strings"), (bool, "booleans")):
        if isinstance(left, kind) and isinstance(right, kind):
            raise RenderError(f"{operator} compares numbers and dates, not {name}")
    raise RenderError(f"cannot compare {kind_of(left)} with {kind_of(right)}")


def alike(env: Environment, left: Any, right: Any) -> bool:
    """Equality for searching lists: values of different kinds are unequal, not an error."""
    if left is None or right is None:
        return False
    try:
        return equal(env, left, right)
    except RenderError:
        return False
