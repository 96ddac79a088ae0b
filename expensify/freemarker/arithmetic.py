"""FreeMarker's arithmetic: exact decimals.

A division keeps the larger number of decimals of its operands, but at least 12, and rounds half up. A product
with more than 12 decimals is rounded to 12. `%` works on 64-bit integers and takes the sign of its left side.
"""

from __future__ import annotations

from decimal import ROUND_05UP, ROUND_HALF_UP, Context, Decimal, InvalidOperation

from expensify.freemarker.errors import LimitExceeded, RenderError
from expensify.freemarker.values import MAX_DIGITS

SCALE = 12

_SCALED = 10**SCALE
_MAX_INT = 10**MAX_DIGITS
_EXACT = Context(prec=4 * MAX_DIGITS, rounding=ROUND_HALF_UP, Emin=-999999, Emax=999999)
# Rounding a last digit 0 or 5 up prevents false ties, so that the second rounding is correct.
_QUOTIENT = Context(prec=60, rounding=ROUND_05UP, Emin=-999999, Emax=999999)
_LONG_QUOTIENT = Context(prec=4 * MAX_DIGITS, rounding=ROUND_05UP, Emin=-999999, Emax=999999)

Exact = int | Decimal


def add(left: Exact, right: Exact) -> Exact:
    """Return the exact sum; LimitExceeded when it has more than MAX_DIGITS digits."""
    if type(left) is int and type(right) is int:
        return _bounded(left + right)
    return _bounded(_EXACT.add(Decimal(left), Decimal(right)))


def subtract(left: Exact, right: Exact) -> Exact:
    """Return the exact difference; LimitExceeded when it has more than MAX_DIGITS digits."""
    if type(left) is int and type(right) is int:
        return _bounded(left - right)
    return _bounded(_EXACT.subtract(Decimal(left), Decimal(right)))


def multiply(left: Exact, right: Exact) -> Exact:
    """Return the product, with at most 12 decimals; LimitExceeded when it has more than MAX_DIGITS digits."""
    if type(left) is int and type(right) is int:
        return _bounded(left * right)
    product = _EXACT.multiply(Decimal(left), Decimal(right))
    return _bounded(_round(product, SCALE) if _scale(product) > SCALE else product)


def divide(left: Exact, right: Exact) -> Exact:
    """Return the quotient, rounded half up; RenderError for a division by zero."""
    if not right:
        raise RenderError("division by zero")
    if type(left) is int and type(right) is int:
        return _divide_integers(left, right)
    first, second = Decimal(left), Decimal(right)
    scale = max(_scale(first), _scale(second), SCALE)
    needed = first.adjusted() - second.adjusted() + scale + 3
    context = _QUOTIENT if needed < 60 else _LONG_QUOTIENT
    quotient = context.divide(first, second)
    return _bounded(_round(quotient, scale) if _scale(quotient) > scale else quotient)


def _divide_integers(left: int, right: int) -> Exact:
    whole, rest = divmod(left, right)
    if not rest:
        return whole
    quotient, rest = divmod(abs(left) * _SCALED, abs(right))
    if 2 * rest >= abs(right):
        quotient += 1
    return Decimal(quotient if (left < 0) == (right < 0) else -quotient).scaleb(-SCALE, _EXACT)


def modulo(left: Exact, right: Exact) -> int:
    """Return the remainder of 64-bit integers; RenderError for a division by zero."""
    dividend, divisor = _long(left), _long(right)
    if not divisor:
        raise RenderError("division by zero")
    rest = abs(dividend) % abs(divisor)
    return -rest if dividend < 0 else rest


OPERATIONS = {"+": add, "-": subtract, "*": multiply, "/": divide, "%": modulo}


def exact(digits: str) -> Decimal:
    """Parse a number; RenderError when it is none, LimitExceeded when it is too long."""
    try:
        number = Decimal(digits)
    except InvalidOperation:
        raise RenderError(f"{digits[:30]!r} is not a number") from None
    bounded = _bounded(number)
    assert isinstance(bounded, Decimal)
    return bounded


def _bounded(number: Exact) -> Exact:
    if isinstance(number, int):
        if -_MAX_INT < number < _MAX_INT:
            return number
    elif number.is_finite() and number.adjusted() < MAX_DIGITS and _scale(number) <= 2 * MAX_DIGITS:
        return number
    raise LimitExceeded(f"this number has more than {MAX_DIGITS} digits")


def _round(number: Decimal, scale: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _EXACT)


def _scale(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _long(number: Exact) -> int:
    """Truncate to a 64-bit integer, as Java's longValue does."""
    return (int(number) + 2**63) % 2**64 - 2**63
