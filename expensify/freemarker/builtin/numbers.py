"""Numbers: ?c, ?round and their like, and `#{…}`."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

from expensify.freemarker.arithmetic import subtract
from expensify.freemarker.builtin.registry import plain, plain_table
from expensify.freemarker.decimal_format import decimal_format
from expensify.freemarker.errors import RenderError
from expensify.freemarker.runtime import Environment
from expensify.freemarker.values import boolean_of, is_moment, is_number, kind_of, number_of

_WIDE = Context(prec=400)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_HALF = Decimal("0.5")
_COMPUTER = decimal_format("0.################")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def hash_format(minimum: int | None, maximum: int | None) -> Callable[[Environment, Any], str]:
    """How `#{n; m2M4}` prints: between `minimum` and `maximum` decimals, no grouping."""
    if minimum is None or maximum is None:
        return lambda env, value: env.number_format(number_of(value))
    form = decimal_format("0." + "0" * minimum + "#" * (maximum - minimum) if maximum else "0")
    return lambda env, value: form(_number(value))


@plain("c")
def _c(env: Environment, value: Any) -> str:
    """For computers: no grouping, up to 16 decimals, true and false."""
    if not is_number(value) and (found := boolean_of(value)) is not None:
        return "true" if found else "false"
    return _COMPUTER(_number(value))


@plain("abs")
def _abs(env: Environment, value: Any) -> Any:
    number = number_of(value)
    return subtract(0, number) if number < 0 else number


def _cut(bits: int) -> Callable[[Environment, Any], int]:
    """The integer part in that many bits; what does not fit wraps around, as in Java."""

    def cut(env: Environment, value: Any) -> int:
        half = 1 << (bits - 1)
        return (int(number_of(value)) + half) % (2 * half) - half

    return cut


@plain("long")
def _long(env: Environment, value: Any) -> int:
    """The integer part in 64 bits; of a date, the milliseconds since 1970."""
    if is_moment(value):
        return (env.dates.moment(value).at - _EPOCH) // dt.timedelta(milliseconds=1)
    return _cut(64)(env, value)


plain_table(
    {
        "int": _cut(32),
        "short": _cut(16),
        "byte": _cut(8),
        # To the nearest whole number, halves upwards; by way of a float, as FreeMarker does it.
        "round": lambda env, value: _whole(_double(value) + _HALF, ROUND_FLOOR),
        "floor": lambda env, value: _whole(_double(value), ROUND_FLOOR),
        "ceiling": lambda env, value: _whole(_double(value), ROUND_CEILING),
        "double": lambda env, value: float(_double(value)),
        "float": lambda env, value: float(_double(value)),
        "lower_abc": lambda env, value: _abc(value),
        "upper_abc": lambda env, value: _abc(value).upper(),
    }
)


def _whole(number: Decimal, rounding: str) -> int:
    return int(number.to_integral_value(rounding, _WIDE))


@plain("is_nan")
@plain("is_infinite")
def _is_unusual(env: Environment, value: Any) -> bool:
    number_of(value)
    return False


def _abc(value: Any) -> str:
    """1 is a, 26 is z, 27 is aa."""
    number = number_of(value)
    if number != int(number) or number < 1 or number >= 2**31:
        raise RenderError("letters count whole numbers from 1 on")
    rest, letters = int(number), ""
    while rest:
        rest, digit = divmod(rest - 1, 26)
        letters = _LETTERS[digit] + letters
    return letters


def _number(value: Any) -> int | Decimal | float:
    if is_number(value):
        return value  # type: ignore[no-any-return]  # is_number looked at its type
    raise RenderError(f"expected a number, but this is {kind_of(value)}")


def _double(value: Any) -> Decimal:
    """The number as the nearest float, exactly."""
    number = number_of(value)
    try:
        near = float(number)
    except OverflowError:
        near = math.inf
    if math.isinf(near):
        raise RenderError("this number is too large to round")
    return Decimal(near)
