"""The shared state of lint's modules while they walk one template."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from expensify.freemarker.catalogue import Catalogue
from expensify.freemarker.lint.findings import Findings
from expensify.freemarker.lint.state import State
from expensify.freemarker.lint.values import Read, Value
from expensify.freemarker.tree import Expression, List, Macro, Span, Text

MOST_STEPS = 200_000
"""The maximum of elements and expressions visited in total: nested calls and loops multiply."""


class PrintPlace(NamedTuple):
    """The surroundings of output: whether it is inside a test of addHeader, and in how many loops."""

    in_heading: bool = False
    loops: int = 0


OUTSIDE = PrintPlace()


class Output:
    """Reads the output in order. Checks nothing: for functions, whose output is discarded, and for unknown layouts.

    `state` is a snapshot that may be restored.
    """

    state: object = None

    def text(self, text: str, node: Text | None, span: Span, place: PrintPlace) -> None:
        """Read literal text; `node` is its element, None when it comes from a literal in `${…}`."""

    def hole(self, value: Value, node: Expression, span: Span, place: PrintPlace) -> None:
        """Read a value; `span` is the whole `${…}`."""

    def meet(self, snapshots: list[object]) -> object:
        """Merge the snapshots of paths that meet."""
        return None

    def turned(self, loop: List, before: object) -> None:
        """End one iteration of a loop; `before` is the snapshot at its beginning."""

    def finish(self) -> None:
        """End the template."""


class Captured(Output):
    """Collects the pieces of a block assignment, from all paths."""

    def __init__(self) -> None:
        self.pieces: list[tuple[str, Value | None]] = []

    def text(self, text: str, node: Text | None, span: Span, place: PrintPlace) -> None:
        self.pieces.append((text, None))

    def hole(self, value: Value, node: Expression, span: Span, place: PrintPlace) -> None:
        self.pieces.append(("", value))


class Printed(NamedTuple):
    """A visited `${…}`, for checks at the end."""

    value: Value
    span: Span


@dataclass
class Context:
    """`assigned` has every name that is assigned anywhere, `used` every field that is read anywhere, `noted`
    the fields already reported as undocumented."""

    findings: Findings
    catalogue: Catalogue
    state: State
    output: Output
    macros: dict[str, Macro] = field(default_factory=dict)
    assigned: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    noted: set[str] = field(default_factory=set)
    printed: list[Printed] = field(default_factory=list)
    place: PrintPlace = OUTSIDE
    makes_json: bool = False
    formats_numbers: bool = False
    """Whether a <#setting number_format> came before."""
    number_signs: frozenset[str] = frozenset()
    """The special characters that its format prints in numbers."""
    missing: Literal["default", "test", ""] = ""
    """What a missing value comes to here: the default behind it, or a test that fails; else the tag prints nothing."""
    missing_allowed: bool = False
    """Whether a missing object in the expression does no harm: inside `(…)!` and similar."""

    steps: int = 0

    def step(self) -> bool:
        """Count one visit; False when MOST_STEPS is exceeded."""
        self.steps += 1
        return self.steps <= MOST_STEPS

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Restore the state at the end."""
        before = self.state
        self.state = before.copy()
        try:
            yield
        finally:
            self.state = before

    @contextmanager
    def allow_missing(self, missing_allowed: bool, missing: Literal["default", "test", ""] = "") -> Iterator[None]:
        """Set `missing_allowed` and `missing` inside the block."""
        before = self.missing_allowed, self.missing
        self.missing_allowed, self.missing = missing_allowed, missing
        try:
            yield
        finally:
            self.missing_allowed, self.missing = before


def printed_reads(context: Context) -> dict[str, Read]:
    """Return the printed fields, each with the first position that reads it."""
    reads: dict[str, Read] = {}
    for printed in context.printed:
        for read in printed.value.reads:
            if read.field not in reads or read.start < reads[read.field].start:
                reads[read.field] = read
    return reads
