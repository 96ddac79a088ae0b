"""Macros and functions as values, and their calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from expensify.freemarker.errors import Missing, RenderError
from expensify.freemarker.runtime import Environment, Evaluator, Frame, NestedBody, Runner
from expensify.freemarker.tree import Span
from expensify.freemarker.values import kind_of


class Returned(Exception):
    """Control flow of <#return>: leaves the routine with a value."""

    def __init__(self, value: Any) -> None:
        self.value = value


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Routine:
    """A macro or function. `loops` is the number of loop slots of its frame."""

    name: str
    is_function: bool
    parameters: Sequence[str]
    defaults: Mapping[str, Evaluator]
    catch_all: str | None
    run: Runner
    loops: int

    @property
    def kind(self) -> str:
        return "function" if self.is_function else "macro"


def invoke(env: Environment, routine: Any, arguments: Sequence[Any], span: Span) -> Any:
    """Call a function from an expression; None when it returns nothing."""
    if not isinstance(routine, Routine):
        raise RenderError(f"only functions can be called; this is {kind_of(routine)}", span)
    if not routine.is_function:
        raise RenderError(f"{routine.name} is a macro; call it like <@{routine.name} …/>", span)
    local = _positional(routine, arguments, span)
    # FreeMarker discards the output of a function too.
    outside, env.parts = env.parts, []
    try:
        return perform(env, routine, local, None, span)
    finally:
        env.parts = outside


def call_macro(
    env: Environment,
    routine: Any,
    positional: Sequence[Any],
    named: Sequence[tuple[str, Any]],
    body: NestedBody | None,
    span: Span,
) -> None:
    """Run a macro and write its output."""
    if not isinstance(routine, Routine):
        raise RenderError(f"only macros can be called like this; this is {kind_of(routine)}", span)
    if routine.is_function:
        raise RenderError(f"{routine.name} is a function; call it like ${{{routine.name}(…)}}", span)
    local = _named(routine, named, span) if named else _positional(routine, positional, span)
    perform(env, routine, local, body, span)


def perform(env: Environment, routine: Routine, local: dict[str, Any], body: NestedBody | None, span: Span) -> Any:
    """Run a routine in a frame of its own."""
    env.charge(1)
    env.enter()
    frame = Frame(env, routine.loops, local, body)
    try:
        _fill_defaults(routine, frame, span)
        routine.run(frame)
    except Returned as returned:
        return returned.value
    finally:
        env.depth -= 1
    return None


def _positional(routine: Routine, arguments: Sequence[Any], span: Span) -> dict[str, Any]:
    local: dict[str, Any] = dict(zip(routine.parameters, arguments, strict=False))
    rest = arguments[len(routine.parameters) :]
    if routine.catch_all is not None:
        local[routine.catch_all] = list(rest)
    elif rest:
        raise RenderError(
            f"the {routine.kind} {routine.name} takes {len(routine.parameters)} arguments, not {len(arguments)}", span
        )
    return local


def _named(routine: Routine, arguments: Sequence[tuple[str, Any]], span: Span) -> dict[str, Any]:
    local: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for name, value in arguments:
        if name in routine.parameters:
            local[name] = value
        elif routine.catch_all is not None:
            rest[name] = value
        else:
            raise RenderError(f"the {routine.kind} {routine.name} has no parameter {name}", span)
    if routine.catch_all is not None:
        local[routine.catch_all] = rest if arguments else []
    return local


def _fill_defaults(routine: Routine, frame: Frame, span: Span) -> None:
    """Set missing parameters to their defaults, which may use each other in any order."""
    local = frame.local
    assert local is not None
    pending = [name for name in routine.parameters if local.get(name) is None]
    while pending:
        left = []
        problem: Missing | None = None
        for name in pending:
            if name not in routine.defaults:
                reason = "is missing" if name in local else "was not given"
                error = Missing if name in local else RenderError
                raise error(f"the parameter {name} of the {routine.kind} {routine.name} {reason}", span)
            try:
                value = routine.defaults[name](frame)
            except Missing as missing:
                value, problem = None, missing
            if value is None:
                left.append(name)
            else:
                local[name] = value
        if len(left) == len(pending):
            raise problem or Missing(f"the default of the parameter {left[0]} is missing", span)
        pending = left
