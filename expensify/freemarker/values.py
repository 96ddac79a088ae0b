"""The values of templates, and their conversions.

Strings, numbers (int, Decimal, float), booleans, lists and maps are Python's own; None is a missing value.
Nothing here reads an attribute of a value from the data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any, Literal

from expensify.freemarker.errors import LimitExceeded, Missing, RenderError

MAX_DIGITS = 1000
"""Before the decimal point, and twice that after it. FreeMarker has no limit, but no sensible template needs more."""

_MAX_INT = 10**MAX_DIGITS

Number = int | Decimal | float


class Nothing(str):
    """The value of `x!` and `x?if_exists` for a missing x: an empty string, list and map at once."""

    __slots__ = ()


EMPTY = Nothing()
"""The value of `x!` for a missing x."""
NOTHING = Nothing()
"""The value of `x?if_exists` for a missing x; as a boolean it is false."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, a time of day or both, as an aware time; `kind` decides how it prints and compares."""

    at: dt.datetime
    kind: Literal["date", "time", "datetime"]


class NumberRange(Sequence[int]):
    """A range such as `1..9`. `adaptive` ranges (`..*`) shrink when they slice something shorter."""

    __slots__ = ("adaptive", "inclusive", "numbers")

    def __init__(self, numbers: range, *, adaptive: bool = False, inclusive: bool = False) -> None:
        self.numbers = numbers
        self.adaptive = adaptive
        self.inclusive = inclusive

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: Any) -> Any:
        return self.numbers[index]

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)


@dataclass(slots=True, eq=False)
class EndlessRange:
    """`1..` without an end."""

    start: int

    def __iter__(self) -> Iterator[int]:
        return count(self.start)


@dataclass(slots=True, eq=False)
class Lazy:
    """A list that is generated during its single iteration."""

    items: Iterator[Any]

    def __iter__(self) -> Iterator[Any]:
        return self.items


class MatchedText(str):
    """One match of ?matches: its text, and its groups, beginning with the whole match."""

    groups: tuple[str, ...]

    def __new__(cls, text: str, groups: tuple[str, ...]) -> MatchedText:
        match = super().__new__(cls, text)
        match.groups = groups
        return match


class Matches(Sequence[MatchedText]):
    """The result of ?matches: a boolean (does the whole text match?) and the list of matches inside."""

    __slots__ = ("_find_all", "_matches", "whole")

    def __init__(self, whole: MatchedText | None, find_all: Callable[[], list[MatchedText]]) -> None:
        self.whole = whole
        self._find_all = find_all
        self._matches: list[MatchedText] | None = None

    def _items(self) -> list[MatchedText]:
        if self._matches is None:
            self._matches = self._find_all()
        return self._matches

    def __len__(self) -> int:
        return len(self._items())

    def __getitem__(self, index: Any) -> Any:
        return self._items()[index]


def is_number(value: object) -> bool:
    return isinstance(value, (int, Decimal, float)) and not isinstance(value, bool)


def boolean_of(value: object) -> bool | None:
    """Return the value as a boolean, or None when it is not one."""
    if isinstance(value, bool):
        return value
    if value is NOTHING:
        return False
    return value.whole is not None if isinstance(value, Matches) else None


def is_moment(value: object) -> bool:
    """Whether the value is a date, of the data or the template."""
    return isinstance(value, (Moment, dt.date, dt.time))


def is_map(value: object) -> bool:
    return isinstance(value, (Mapping, Nothing))


def is_sequence(value: object) -> bool:
    """Whether the value can be listed; strings and maps cannot."""
    if isinstance(value, (list, tuple, NumberRange, EndlessRange, Matches, Nothing)):
        return True
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, bytearray, Mapping))


def kind_of(value: object) -> str:
    """Describe the kind of a value, for messages."""
    if value is None:
        return "missing"
    if isinstance(value, Nothing):
        return "empty"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, bool):
        return "a boolean"
    if is_number(value):
        return "a number"
    if is_moment(value):
        return "a date"
    if isinstance(value, Mapping):
        return "a map"
    if is_sequence(value):
        return "a list"
    return "something that a template cannot use"


def number_of(value: object, what: str = "a number") -> int | Decimal:
    """Return the value as an exact number; a float becomes its shortest decimal form.

    Raises RenderError (Missing, LimitExceeded) when it is not a number, missing or too long.
    """
    if type(value) is int:
        if -_MAX_INT < value < _MAX_INT:
            return value
        raise LimitExceeded(f"this number has more than {MAX_DIGITS} digits")
    if isinstance(value, Decimal):
        return _check_decimal(value)
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise RenderError("this number is infinite or not a number")
        return Decimal(repr(float(value)))
    if isinstance(value, int) and not isinstance(value, bool):
        return number_of(int(value))
    if value is None:
        raise Missing(f"expected {what}, but this is missing")
    raise RenderError(f"expected {what}, but this is {kind_of(value)}")


def _check_decimal(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise RenderError("this number is infinite or not a number")
    if number.adjusted() > MAX_DIGITS or int(number.as_tuple().exponent) < -2 * MAX_DIGITS:
        raise LimitExceeded(f"this number has more than {MAX_DIGITS} digits")
    return number


def string_of(value: object) -> str:
    """Return the value if it is a string; RenderError otherwise."""
    if isinstance(value, str):
        return value
    raise RenderError(f"expected a string, but this is {kind_of(value)}")


def integer_of(value: object) -> int:
    """Truncate the value to a 32-bit integer, as Java's intValue does."""
    number = int(number_of(value, "a whole number"))
    return (number + 2**31) % 2**32 - 2**31
