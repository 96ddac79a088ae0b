"""What a pattern prints, found by running the engine with it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache

from expensify.freemarker.errors import TemplateError
from expensify.freemarker.lint.values import NONE, NUMBERS, SPECIAL, Type
from expensify.freemarker.template import parse, render

_NUMBERS = (Decimal("1234567.891"), Decimal("-1234567.891"), 0)
_DATES = (dt.datetime(2026, 12, 31, 23, 59, 58, tzinfo=dt.UTC), dt.date(2026, 12, 31))
_FORMATTED = parse("${value?string(pattern)}")
_SET = parse("<#setting number_format=pattern>${value}")


@lru_cache(maxsize=1024)
def formatted(kind: Type, pattern: str) -> frozenset[str]:
    """Return the special characters in what `?string(pattern)` prints of such a value."""
    values = _NUMBERS if kind in NUMBERS else _DATES if kind in ("date", "datetime") else (*_NUMBERS, *_DATES)
    return NONE.union(*(_special(value, pattern) for value in values))


@lru_cache(maxsize=64)
def set_format(pattern: str) -> frozenset[str]:
    """Return the special characters in numbers after `<#setting number_format=pattern>`."""
    found = NONE
    for value in _NUMBERS:
        try:
            found |= SPECIAL.intersection(render(_SET, {"value": value, "pattern": pattern}))
        except TemplateError:
            continue
    return found


def _special(value: object, pattern: str) -> frozenset[str]:
    try:
        return SPECIAL.intersection(render(_FORMATTED, {"value": value, "pattern": pattern}))
    except TemplateError:  # a pattern of the other kind
        return NONE
