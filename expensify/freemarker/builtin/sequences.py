"""Lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from expensify.freemarker.builtin.registry import plain
from expensify.freemarker.runtime import Environment
from expensify.freemarker.values import string_of


@plain("size")
def _size(env: Environment, value: Any) -> int:
    if isinstance(value, Mapping):
        return len(value)
    return len(env.listed(value, "a list or map"))


@plain("first")
def _first(env: Environment, value: Any) -> Any:
    return next(iter(env.iterated(value)), None)


@plain("join", 1, 3)
def _join(env: Environment, value: Any, separator: Any, empty: Any = "", ending: Any = "") -> str:
    items = [env.text(item) for item in env.counted(env.listed(value)) if item is not None]
    if not items:
        return string_of(empty)
    return string_of(separator).join(items) + string_of(ending)
