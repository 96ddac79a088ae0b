"""`==`, `<` and their like. Only values of one kind compare."""

from __future__ import annotations

from typing import Any

from expensify.freemarker.errors import RenderError
from expensify.freemarker.runtime import Environment
from expensify.freemarker.values import Moment, is_moment, is_number, kind_of, number_of


def equal(env: Environment, left: Any, right: Any) -> bool:
    """Whether two values are equal: numbers by value, strings by the rules of the language's collation."""
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if isinstance(left, bool) and isinstance(right, bool):
        return left is right
    return compare(env, left, right, "==") == 0


def compare(env: Environment, left: Any, right: Any, operator: str) -> int:
    """Negative, zero or positive; for numbers and dates."""
    if is_number(left) and is_number(right):
        first, second = number_of(left), number_of(right)
        return (first > second) - (first < second)
    if is_moment(left) and is_moment(right):
        before, after = env.dates.moment(left), env.dates.moment(right)
        if before.kind != after.kind:
            raise RenderError(f"cannot compare a {before.kind} with a {after.kind}")
        return (before.at > after.at) - (before.at < after.at)
    if isinstance(left, (str, bool)) and isinstance(right, (str, bool)) and isinstance(left, str) == isinstance(right, str):
        raise RenderError(f"{operator} compares numbers and dates, not {kind_of(left)[2:]}s")
    raise RenderError(f"cannot compare {kind_of(left)} with {kind_of(right)}")


__all__ = ["Moment", "compare", "equal"]
