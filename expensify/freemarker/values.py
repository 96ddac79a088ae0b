"""The values a template works with, and what each can be taken for.

Strings, numbers (int, Decimal, float), booleans, lists and maps are Python's own; None is a missing value.
Nothing here ever reads an attribute of a value that came with the data.
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
"""Before the decimal point, and twice that after it. FreeMarker has no limit; a template that needs more is astray."""

_MAX_INT = 10**MAX_DIGITS

Number = int | Decimal | float


class Nothing(str):
    """What `x!` and `x?if_exists` give for a missing value: an empty string, list and map at once."""

    __slots__ = ()


EMPTY = Nothing()
"""The value of `x!` for a missing x."""
NOTHING = Nothing()
"""The value of `x?if_exists` for a missing x; as a boolean it is false."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, a time of day or both, as an aware time; `kind` decides how it prints and what it compares to."""

    at: dt.datetime
    kind: Literal["date", "time", "datetime"]


class NumberRange(Sequence[int]):
    """`1..9` and its like. `adaptive` ranges (`..*`) shrink when they slice something shorter."""

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


class EndlessRange:
    """`1..` without an end."""

    __slots__ = ("start",)

    def __init__(self, start: int) -> None:
        self.start = start

    def __iter__(self) -> Iterator[int]:
        return count(self.start)


class Lazy:
    """A list that is made while it is walked through, once."""

    __slots__ = ("items",)

    def __init__(self, items: Iterator[Any]) -> None:
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return self.items


class MatchedText(str):
    """One match of ?matches: its text, and what its groups matched, the whole first."""

    groups: tuple[str, ...]

    def __new__(cls, text: str, groups: tuple[str, ...]) -> MatchedText:
        made = super().__new__(cls, text)
        made.groups = groups
        return made


class Matches(Sequence[MatchedText]):
    """The result of ?matches: a boolean (does all of it match?) and the list of matches inside."""

    __slots__ = ("_every", "_found", "whole")

    def __init__(self, whole: MatchedText | None, every: Callable[[], list[MatchedText]]) -> None:
        self.whole = whole
        self._every = every
        self._found: list[MatchedText] | None = None

    def _items(self) -> list[MatchedText]:
        if self._found is None:
            self._found = self._every()
        return self._found

    def __len__(self) -> int:
        return len(self._items())

    def __getitem__(self, index: Any) -> Any:
        return self._items()[index]


def is_number(value: object) -> bool:
    return isinstance(value, (int, Decimal, float)) and not isinstance(value, bool)


def boolean_of(value: object) -> bool | None:
    """The value as a boolean; None when it is none."""
    if isinstance(value, bool):
        return value
    if value is NOTHING:
        return False
    return value.whole is not None if isinstance(value, Matches) else None


def is_moment(value: object) -> bool:
    return isinstance(value, (Moment, dt.date, dt.time))


def is_map(value: object) -> bool:
    return isinstance(value, (Mapping, Nothing))


def is_sequence(value: object) -> bool:
    """Lists and what can be listed: not strings, not maps."""
    if isinstance(value, (list, tuple, NumberRange, EndlessRange, Matches, Nothing)):
        return True
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, bytearray, Mapping))


def kind_of(value: object) -> str:
    """What a value is, in words for people."""
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
    """The value as an exact number; a float counts as the shortest decimal that reads back as it."""
    if type(value) is int:
        if -_MAX_INT < value < _MAX_INT:
            return value
        raise LimitExceeded(f"this number has more than {MAX_DIGITS} digits")
    if isinstance(value, Decimal):
        return _reasonable(value)
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise RenderError("this number is infinite or not a number")
        return Decimal(repr(float(value)))
    if isinstance(value, int) and not isinstance(value, bool):
        return number_of(int(value))
    if value is None:
        raise Missing(f"expected {what}, but this is missing")
    raise RenderError(f"expected {what}, but this is {kind_of(value)}")


def _reasonable(number: Decimal) -> Decimal:
    """The number, if it is one that arithmetic and formats can take."""
    if not number.is_finite():
        raise RenderError("this number is infinite or not a number")
    if number.adjusted() > MAX_DIGITS or int(number.as_tuple().exponent) < -2 * MAX_DIGITS:
        raise LimitExceeded(f"this number has more than {MAX_DIGITS} digits")
    return number


def string_of(value: object, what: str = "a string") -> str:
    """The value, which must be a string already."""
    if isinstance(value, str):
        return value
    raise RenderError(f"expected {what}, but this is {kind_of(value)}")


def integer_of(value: object, what: str = "a whole number") -> int:
    """The value cut to a 32-bit integer, as Java's intValue does."""
    number = int(number_of(value, what))
    return (number + 2**31) % 2**32 - 2**31
