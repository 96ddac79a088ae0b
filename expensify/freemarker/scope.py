"""The loop variables visible at a position. FreeMarker scopes them lexically, so names are bound at compile time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from expensify.freemarker.runtime import Evaluator, Frame

Binding = Literal["loop", "second", "parameter"]


@dataclass(frozen=True)
class Variable:
    """A name bound to a slot of the frame. Parameters of lambdas and macro bodies have no ?index."""

    name: str
    slot: int
    binding: Binding


class Scope:
    """The scope of the template or of one macro; each has its own frame."""

    def __init__(self, *, local: bool = False) -> None:
        self.local = local
        self.slots = 0
        self._visible: list[Variable] = []
        self._lists: list[int] = []

    def bind_parameters(self, names: tuple[str, ...]) -> int:
        """Make names visible until `unbind`, each in a slot of its own; return the first slot."""
        first = self.slots
        self.slots += len(names)
        self._visible.extend(Variable(name, first + at, "parameter") for at, name in enumerate(names))
        return first

    def bind_loop(self, slot: int, names: tuple[str, ...]) -> None:
        """Make the one or two variables of a list visible until `unbind`; they share its slot."""
        kinds: tuple[Binding, ...] = ("loop", "second")
        self._visible.extend(Variable(n, slot, k) for n, k in zip(names, kinds, strict=False))

    def unbind(self, names: tuple[str, ...]) -> None:
        """Remove the names bound last."""
        if names:
            del self._visible[-len(names) :]

    def enter_list(self) -> int:
        """Return a slot for a <#list>; it is the current one until `leave_list`."""
        self._lists.append(self.slots)
        self.slots += 1
        return self._lists[-1]

    def leave_list(self) -> None:
        self._lists.pop()

    @property
    def current_list(self) -> int | None:
        """The slot of the innermost <#list>."""
        return self._lists[-1] if self._lists else None

    def loop_of(self, name: str) -> Variable | None:
        """Return the innermost loop variable or parameter of that name."""
        return next((v for v in reversed(self._visible) if v.name == name), None)

    def reader(self, name: str) -> Evaluator:
        """Return a closure that reads a variable: loops inside out, then locals, then the template's."""
        read = _read_outside_loops(name, self.local)
        for variable in self._visible:
            if variable.name == name:
                read = _read_bound(variable, read)
            elif variable.binding != "parameter" and name.startswith(variable.name):
                read = _read_legacy_name(variable, name, read)
        return read


def _read_outside_loops(name: str, local: bool) -> Evaluator:
    if not local:

        def read(frame: Frame) -> Any:
            env = frame.env
            value = env.variables.get(name)
            return env.lookup(name) if value is None else value

        return read

    def read_local(frame: Frame) -> Any:
        value = frame.local.get(name) if frame.local is not None else None
        return frame.env.lookup(name) if value is None else value

    return read_local


def _read_bound(variable: Variable, outer: Evaluator) -> Evaluator:
    """A null item does not hide the next outer variable of that name."""
    slot = variable.slot
    if variable.binding == "loop":

        def read(frame: Frame) -> Any:
            value = frame.loops[slot].value
            return outer(frame) if value is None else value

    elif variable.binding == "second":

        def read(frame: Frame) -> Any:
            value = frame.loops[slot].second
            return outer(frame) if value is None else value

    else:

        def read(frame: Frame) -> Any:
            value = frame.loops[slot]
            return outer(frame) if value is None else value

    return read


def _read_legacy_name(variable: Variable, name: str, outer: Evaluator) -> Evaluator:
    """`x_index` and `x_has_next`, which are older than `x?index`."""
    slot, ending = variable.slot, name[len(variable.name) :]
    if ending == "_index":
        return lambda frame: frame.loops[slot].index
    if ending == "_has_next":
        return lambda frame: frame.loops[slot].has_next
    return outer
