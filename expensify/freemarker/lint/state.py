"""The state of the walk at one position of a template: variables, tests, and output so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from expensify.freemarker.lint.values import Value, either

SAME_CURRENCY = "the expense is in the currency of its report"


@dataclass
class State:
    """`loops` are the loop variables around the position, innermost last. `local` is None outside macros and functions.

    `certain` holds the paths of tested objects, and SAME_CURRENCY. `printed` is a snapshot of the `Output`. `over`
    means that nothing runs any more, for example after a <#return>.
    """

    printed: object
    variables: dict[str, Value] = field(default_factory=dict)
    local: dict[str, Value] | None = None
    loops: tuple[tuple[str, Value], ...] = ()
    certain: frozenset[str] = frozenset()
    over: bool = False

    def copy(self) -> State:
        local = None if self.local is None else dict(self.local)
        return State(self.printed, dict(self.variables), local, self.loops, self.certain, self.over)

    def value(self, name: str) -> Value | None:
        """Return the innermost variable of that name, or None."""
        for bound, value in reversed(self.loops):
            if bound == name:
                return value
        if self.local is not None and name in self.local:
            return self.local[name]
        return self.variables.get(name)

    def refine(self, name: str, value: Value) -> None:
        """Set the value of an existing variable in its own scope."""
        for at in range(len(self.loops) - 1, -1, -1):
            if self.loops[at][0] == name:
                self.loops = (*self.loops[:at], (name, value), *self.loops[at + 1 :])
                return
        if self.local is not None and name in self.local:
            self.local[name] = value
        elif name in self.variables:
            self.variables[name] = value

    @property
    def names(self) -> set[str]:
        """All names that are visible here."""
        return {name for name, _ in self.loops} | set(self.local or ()) | set(self.variables)


def merged(states: list[State], printed: object) -> State:
    """Merge the states of paths that meet; `printed` is the merged output."""
    alive = [state for state in states if not state.over]
    if not alive:
        over = states[0].copy()
        over.over = True
        return over
    first = alive[0]
    if len(alive) == 1:
        result = first.copy()
        result.printed = printed
        return result
    local = None if first.local is None else _merged([state.local or {} for state in alive])
    certain = first.certain.intersection(*(state.certain for state in alive[1:]))
    loops = tuple((name, either(state.loops[at][1] for state in alive)) for at, (name, _) in enumerate(first.loops))
    return State(printed, _merged([state.variables for state in alive]), local, loops, certain)


def _merged(scopes: list[dict[str, Value]]) -> dict[str, Value]:
    result = dict(scopes[0])
    for scope in scopes[1:]:
        for name, value in scope.items():
            other = result.get(name)
            result[name] = value if other is None or other is value else either((other, value))
    return result
