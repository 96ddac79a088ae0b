"""The state of one rendering: variables, output, limits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from time import thread_time
from typing import Any

from expensify.freemarker.dates import DateFormats
from expensify.freemarker.decimal_format import DecimalFormat, decimal_format
from expensify.freemarker.errors import LimitExceeded, Missing, RenderError, UnformattedBoolean
from expensify.freemarker.settings import RenderLimits, RenderSettings
from expensify.freemarker.values import (
    EndlessRange,
    Lazy,
    Matches,
    NumberRange,
    is_moment,
    is_number,
    is_sequence,
    kind_of,
)

Evaluator = Callable[["Frame"], Any]
"""A compiled expression; it returns None for a missing value."""
Runner = Callable[["Frame"], None]
"""A compiled element or body; it writes to the environment."""

MAX_ITEMS = 5_000_000
"""Of any one list; a list that is only iterated, such as a range, may be longer."""

_CLOCK_EVERY = 500


@dataclass(slots=True, eq=False)
class Loop:
    """The state of a <#list>: its current item, and for maps the value of the key in `second`."""

    value: Any = None
    second: Any = None
    index: int = 0
    has_next: bool = False


class Frame:
    """Loop variables and locals; each macro call has a new frame."""

    __slots__ = ("body", "env", "local", "loops")

    def __init__(self, env: Environment, loops: int, local: dict[str, Any] | None, body: NestedBody | None) -> None:
        self.env = env
        self.loops: list[Any] = [None] * loops
        self.local = local
        self.body = body


@dataclass(slots=True, eq=False)
class NestedBody:
    """The body between `<@x>` and `</@x>`; <#nested> runs it in the caller's frame."""

    frame: Frame
    run: Runner
    slots: Sequence[int]


class Environment:
    """The state of one rendering."""

    __slots__ = (
        "_alarm", "_deadline", "_listed", "boolean_words", "data", "dates", "depth", "errors", "forgiven",
        "globals", "limits", "now", "number_format", "parts", "settings", "steps", "tolerate", "url_charset",
        "variables", "written",
    )  # fmt: skip

    def __init__(self, data: Mapping[str, object], limits: RenderLimits, settings: RenderSettings) -> None:
        self.data = data
        self.variables: dict[str, Any] = {}
        self.globals: dict[str, Any] = {}
        self.limits = limits
        self.settings = settings
        self.parts: list[str] = []
        self.steps = 0
        self.depth = 0
        self.errors: list[RenderError] = []
        self.number_format: DecimalFormat = decimal_format(settings.number_format)
        self.boolean_words: tuple[str, str] | None = ("true", "false") if settings.boolean == "words" else None
        self.now = settings.now or dt.datetime.now(dt.UTC)
        self.dates = DateFormats(settings.zone)
        self.forgiven: tuple[type[RenderError], ...] = ()
        if settings.missing == "empty":
            self.forgiven += (Missing,)
        if settings.boolean == "empty":
            self.forgiven += (UnformattedBoolean,)
        self.url_charset = "UTF-8"
        self.tolerate = settings.tolerate
        self.written = 0
        self._deadline = thread_time() + limits.seconds
        self._alarm = min(_CLOCK_EVERY, limits.steps)
        self._listed: dict[int, tuple[Any, list[Any]]] = {}

    # ---- limits

    def charge(self, steps: int) -> None:
        """Count steps; LimitExceeded when there are too many."""
        self.steps += steps
        if self.steps > self._alarm:
            self.check()

    def check(self) -> None:
        """Check all limits, time included."""
        if self.steps > self.limits.steps:
            raise LimitExceeded(f"the template did more than {self.limits.steps} steps")
        if self.written > self.limits.output_chars:
            raise LimitExceeded(f"the template printed more than {self.limits.output_chars} characters")
        if thread_time() > self._deadline:
            raise LimitExceeded(f"the template ran for more than {self.limits.seconds:g} seconds")
        self._alarm = min(self.steps + _CLOCK_EVERY, self.limits.steps)

    def seconds_left(self) -> float:
        """The processor time that this rendering may still take; never negative."""
        return max(0.0, self._deadline - thread_time())

    def allow(self, characters: int) -> None:
        """Check the length of a text before it is created."""
        if characters > self.limits.output_chars:
            raise LimitExceeded(f"a text here would have more than {self.limits.output_chars} characters")
        if characters > 256:
            self.charge(characters >> 4)

    def allow_items(self, count: int) -> None:
        """Check the length of a list before it is created."""
        if count > MAX_ITEMS:
            raise LimitExceeded(f"a list here would have more than {MAX_ITEMS} items")
        self.charge((count >> 3) + 1)

    def enter(self) -> None:
        """Count a nested macro or function call; the caller decreases `depth` at its end."""
        self.depth += 1
        if self.depth > self.limits.depth:
            raise LimitExceeded(f"macros and functions call each other more than {self.limits.depth} deep")

    # ---- output

    def write(self, text: str) -> None:
        """Print; `check` enforces the limit later."""
        self.written += len(text)
        self.parts.append(text)

    def capture(self, run: Runner, frame: Frame) -> str:
        """Run a body and return its output as a string."""
        outside, self.parts = self.parts, []
        try:
            run(frame)
            self.check()
            return "".join(self.parts)
        finally:
            self.parts = outside

    # ---- values

    def text(self, value: Any) -> str:
        """Return a value as it prints: a string, number, date, or boolean if the settings allow it."""
        kind = type(value)
        if kind is int or kind is Decimal:
            return self.number_format(value)
        if isinstance(value, str):
            return str(value)
        if isinstance(value, bool):
            if self.boolean_words is not None:
                return self.boolean_words[0] if value else self.boolean_words[1]
            raise UnformattedBoolean('a boolean does not print by itself; write it like b?string("yes", "no")')
        if is_number(value):
            return self.number_format(value)
        if is_moment(value):
            return self.dates.text(value)
        if value is None:
            raise Missing("this value is missing")
        raise RenderError(f"this is {kind_of(value)}, which does not print by itself")

    def listed(self, value: Any, what: str = "a list") -> Sequence[Any]:
        """Return the value as a list of known length. An iterator is read once and cached."""
        if isinstance(value, (list, tuple, NumberRange, Matches)):
            return value
        if isinstance(value, EndlessRange):
            raise RenderError("this range has no end")
        if isinstance(value, str) or not is_sequence(value):
            if isinstance(value, str) and not value and type(value) is not str:
                return ()
            raise RenderError(f"expected {what}, but this is {kind_of(value)}")
        entry = self._listed.get(id(value))
        if entry is None:
            # The entry keeps the value alive, so that no other object can get its id.
            entry = self._listed[id(value)] = (value, list(self.counted(value)))
        return entry[1]

    def iterated(self, value: Any) -> Iterable[Any]:
        """Return the value for a single iteration; it may be endless or lazy."""
        return value if isinstance(value, (EndlessRange, Lazy)) else self.listed(value)

    def counted(self, items: Iterable[Any]) -> Iterator[Any]:
        """Yield the items and charge a step for each; LimitExceeded when there are endlessly many."""
        for item in items:
            self.charge(1)
            yield item

    def lookup(self, name: str) -> Any:
        """Return a variable of the template, else a global, else a value of the data."""
        value = self.variables.get(name)
        if value is None:
            value = self.globals.get(name)
            if value is None:
                value = self.data.get(name)
        return value
