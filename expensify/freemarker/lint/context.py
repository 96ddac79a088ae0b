"""What the parts of lint share while they walk through one template."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from expensify.freemarker.catalogue import Catalogue
from expensify.freemarker.expression_tree import Expression, Span, Text
from expensify.freemarker.lint.findings import Findings
from expensify.freemarker.lint.state import State
from expensify.freemarker.lint.values import Read, Value
from expensify.freemarker.tree import List, Macro

MOST_STEPS = 200_000
"""Elements and expressions looked at in all: calls inside calls and loops inside loops multiply."""


class PrintPlace(NamedTuple):
    """Where output is printed: whether a test of addHeader is around it, and how many loops."""

    in_heading: bool = False
    loops: int = 0


OUTSIDE = PrintPlace()


class Output(Protocol):
    """Reads what is printed, in order, and complains. `state` is a snapshot that may be put back."""

    state: object

    def text(self, text: str, node: Text | None, span: Span, place: PrintPlace) -> None:
        """Text that the template prints as it is; `node` is where it stands, if it stands there as text."""

    def hole(self, value: Value, node: Expression, span: Span, place: PrintPlace) -> None:
        """A value; `span` is the whole `${…}`."""

    def meet(self, snapshots: list[object]) -> object:
        """The snapshot where several ways meet."""

    def turned(self, loop: List, before: object) -> None:
        """The body of a loop has come to its end once; `before` is the snapshot from before it."""

    def finish(self) -> None:
        """The template has come to its end."""


class Nowhere:
    """For functions, whose output goes nowhere, and for files whose layout lint knows nothing of."""

    state: object = None

    def text(self, text: str, node: Text | None, span: Span, place: PrintPlace) -> None:
        pass

    def hole(self, value: Value, node: Expression, span: Span, place: PrintPlace) -> None:
        pass

    def meet(self, snapshots: list[object]) -> object:
        return None

    def turned(self, loop: List, before: object) -> None:
        pass

    def finish(self) -> None:
        pass


class Captured(Nowhere):
    """What a block assignment collects: its pieces, without regard to the ways through it."""

    def __init__(self) -> None:
        self.pieces: list[tuple[str, Value | None]] = []

    def text(self, text: str, node: Text | None, span: Span, place: PrintPlace) -> None:
        self.pieces.append((text, None))

    def hole(self, value: Value, node: Expression, span: Span, place: PrintPlace) -> None:
        self.pieces.append(("", value))


class Printed(NamedTuple):
    """A `${…}` that was met, for what can only be said at the end."""

    value: Value
    span: Span


@dataclass
class Context:
    """`assigned` has every name that is assigned anywhere; `used` every field that is read anywhere, `noted`
    those which were called undocumented."""

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
    """Whether a <#setting number_format> has gone before."""
    forgiving: bool = False
    """Whether a missing object on the way to the value does no harm: inside `(…)!` and its like."""

    steps: int = 0

    def step(self) -> bool:
        """Count one thing more to look at; False when it has been enough."""
        self.steps += 1
        return self.steps <= MOST_STEPS

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is learnt inside is forgotten afterwards."""
        before = self.state
        self.state = before.copy()
        try:
            yield
        finally:
            self.state = before

    @contextmanager
    def forgiven(self, forgiving: bool) -> Iterator[None]:
        before = self.forgiving
        self.forgiving = forgiving
        try:
            yield
        finally:
            self.forgiving = before


def printed_reads(context: Context) -> dict[str, Read]:
    """The fields that are printed, each with the first place that reads it."""
    found: dict[str, Read] = {}
    for printed in context.printed:
        for read in printed.value.reads:
            if read.field not in found or read.start < found[read.field].start:
                found[read.field] = read
    return found
