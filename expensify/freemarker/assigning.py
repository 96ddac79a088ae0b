"""Compile assignments to closures."""

from __future__ import annotations

from typing import Any

from expensify.freemarker import arithmetic
from expensify.freemarker.errors import Missing, RenderError
from expensify.freemarker.evaluate import ExpressionCompiler
from expensify.freemarker.operators import plus
from expensify.freemarker.runtime import Evaluator, Frame, Runner
from expensify.freemarker.tree import Assignment, Scope
from expensify.freemarker.values import number_of


def assignment_runner(expressions: ExpressionCompiler, scope: Scope, assignment: Assignment) -> Runner:
    """Return a closure for one `name = value` of an <#assign>, <#global> or <#local>."""
    name = assignment.name
    if assignment.operator == "=" and assignment.value is not None:
        value = expressions.needed(assignment.value)
        if scope == "assign":

            def assign(frame: Frame) -> None:
                frame.env.variables[name] = value(frame)

            return assign

        def put(frame: Frame) -> None:
            variables_of(frame, scope)[name] = value(frame)

        return put
    return _update_runner(expressions, scope, assignment)


def _update_runner(expressions: ExpressionCompiler, scope: Scope, assignment: Assignment) -> Runner:
    """`+=`, `++` and others: the variable must exist in that same scope."""
    name, operator = assignment.name, assignment.operator[0]
    value: Evaluator = expressions.needed(assignment.value) if assignment.value is not None else lambda frame: 1
    adds_anything = assignment.operator == "+="

    def change(frame: Frame) -> None:
        variables = variables_of(frame, scope)
        old = variables.get(name)
        if old is None:
            raise Missing(f"{name} is missing where {assignment.operator} would change it", assignment.span)
        new = value(frame)
        try:
            if adds_anything:
                variables[name] = plus(frame.env, old, new)
            else:
                variables[name] = arithmetic.OPERATIONS[operator](number_of(old), number_of(new))
        except RenderError as error:
            error.place(assignment.span)
            raise

    return change


def variables_of(frame: Frame, scope: str) -> dict[str, Any]:
    """Return the variables that a tag of that scope assigns."""
    if scope == "assign":
        return frame.env.variables
    if scope == "global":
        return frame.env.globals
    assert frame.local is not None
    return frame.local
