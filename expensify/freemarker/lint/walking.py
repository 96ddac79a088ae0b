"""The walk through a template, in the order in which it prints, along all ways through it at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from expensify.freemarker.expression_tree import (
    Arithmetic,
    Expression,
    Interpolation,
    Name,
    NumberInterpolation,
    Text,
)
from expensify.freemarker.lint import printing
from expensify.freemarker.lint.assuming import assume
from expensify.freemarker.lint.context import Captured, Context, Nowhere, Printed
from expensify.freemarker.lint.expressions import Expressions
from expensify.freemarker.lint.state import State, merged
from expensify.freemarker.lint.values import (
    EMPTY,
    PENDING,
    TEXT,
    UNKNOWN,
    Read,
    Value,
    constant,
    either,
    joined,
)
from expensify.freemarker.tree import (
    Assign,
    AssignBlock,
    Assignment,
    Attempt,
    Body,
    Compress,
    Escape,
    If,
    Items,
    List,
    Macro,
    MacroCall,
    Nested,
    NoEscape,
    Return,
    Sep,
    Setting,
    Stop,
    Switch,
)

_DEEPEST = 12
"""Calls inside each other that are followed."""


class Walk:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.expressions = Expressions(context, self._function)
        self._depth = 0
        self._returns: list[list[Value]] = []
        self._known: dict[tuple[str, tuple[Value, ...], frozenset[str]], Value] = {}
        self._called: set[str] = set()
        self._bodies: list[tuple[MacroCall, State]] = []
        self._sources: list[tuple[List, Value]] = []

    def template(self, body: Body) -> None:
        """The whole template, then the macros and functions that nothing calls."""
        self.body(body)
        if not self.context.state.over:
            self.context.output.finish()
        for name, macro in self.context.macros.items():
            if name not in self._called:
                self.context.output = Nowhere()
                self._call(macro, [UNKNOWN] * len(macro.parameters), {})

    def body(self, body: Body) -> None:
        for element in body:
            if self.context.state.over or not self.context.step():
                return
            handle = _ELEMENTS.get(type(element))
            if handle is not None:
                handle(self, element)

    # ---- what is printed

    def _text(self, node: Text) -> None:
        self.context.output.text(node.text, None if node.raw else node, node.span, self.context.place)

    def _interpolation(self, node: Interpolation | NumberInterpolation) -> None:
        value = self.expressions.value(node.printed)
        if isinstance(node, NumberInterpolation):
            printing.check(self.context, value, node.expression, has_format=node.maximum is not None)
            value = value.text()
        elif value.literal is not None:
            self.context.output.text(value.literal, None, node.span, self.context.place)
            return
        else:
            printing.check(self.context, value, node.expression)
        self.context.printed.append(Printed(value, node.span))
        self.context.output.hole(value, node.expression, node.span, self.context.place)

    # ---- ways that part and meet

    def _ways(self, ways: list[tuple[State, Body]]) -> None:
        """Go each way from where it begins, and on from where they meet."""
        ends: list[State] = []
        for state, body in ways:
            self._stand(state)
            self.body(body)
            ends.append(self._standing())
        self._stand(self._met(ends))

    def _met(self, ends: list[State]) -> State:
        alive = [state.printed for state in ends if not state.over]
        return merged(ends, self.context.output.meet(alive) if alive else ends[0].printed)

    def _stand(self, state: State) -> None:
        self.context.state = state
        self.context.output.state = state.printed

    def _standing(self) -> State:
        self.context.state.printed = self.context.output.state
        return self.context.state

    def _if(self, node: If) -> None:
        outside = self.context.place
        ways: list[tuple[State, Body]] = []
        for branch in node.branches:
            beginning = self._standing().copy()
            if branch.condition is not None:
                condition = self.expressions.value(branch.condition)
                if "addHeader" in condition.fields or _asks_for_heading(self, branch.condition):
                    self.context.place = outside._replace(in_heading=True)
                assume(self.expressions, branch.condition, False)
                rest, self.context.state = self.context.state, beginning
                assume(self.expressions, branch.condition, True)
                self.context.state = rest
            ways.append((beginning, branch.body))
        if node.branches[-1].condition is not None:
            ways.append((self._standing(), ()))
        self._ways(ways)
        self.context.place = outside

    def _switch(self, node: Switch) -> None:
        self.expressions.value(node.subject)
        before = self._standing()
        ways: list[tuple[State, Body]] = []
        for case in node.cases:
            if case.condition is not None:
                self.expressions.value(case.condition)
            ways.append((before.copy(), case.body))
        if all(case.condition is not None for case in node.cases):
            ways.append((before, ()))
        self._ways(ways)

    def _attempt(self, node: Attempt) -> None:
        before = self._standing()
        self._ways([(before.copy(), node.body), (before, node.recover.body)])

    def _sep(self, node: Sep) -> None:
        before = self._standing()
        self._ways([(before.copy(), node.body), (before, ())])

    # ---- loops

    def _list(self, node: List) -> None:
        source = self.expressions.value(node.source)
        self._sources.append((node, source))
        before = self._standing().copy()
        if node.names:
            self._turns(node, node.names, node.body, source)
        else:
            self.body(node.body)
        self._sources.pop()
        ways: list[tuple[State, Body]] = [(self._standing(), ())]
        ways.append((before, node.otherwise.body if node.otherwise else ()))
        self._ways(ways)

    def _items(self, node: Items) -> None:
        if self._sources:
            loop, source = self._sources[-1]
            self._turns(loop, node.names, node.body, source)

    def _turns(self, loop: List, names: tuple[str, ...], body: Body, source: Value) -> None:
        """One turn, and another where the first ends elsewhere in the output than it began."""
        outside = self.context.place
        self.context.place = outside._replace(loops=outside.loops + 1)
        for _ in range(2):
            before = self.context.output.state
            outer = self.context.state.loops
            self.context.state.loops = (*outer, *_bound(names, source))
            self.body(body)
            self.context.state.loops = outer
            self.context.state.over = False
            self.context.output.turned(loop, before)
            if self.context.output.state == before:
                break
        self.context.place = outside

    # ---- variables

    def _assign(self, node: Assign) -> None:
        for assignment in node.assignments:
            value = self._assigned(assignment)
            self._set(node.scope, assignment.name, value)

    def _assigned(self, assignment: Assignment) -> Value:
        known = self.context.state.value(assignment.name) or UNKNOWN
        if assignment.value is None:
            return known._replace(literal=None)
        if assignment.operator == "=":
            return self.expressions.value(assignment.value)
        # `x += y` is `x = x + y`.
        name = Name(assignment.span, assignment.name)
        sum_ = Arithmetic(assignment.span, (name, assignment.value), (assignment.operator[0],))
        return self.expressions.value(sum_)

    def _set(self, scope: str, name: str, value: Value) -> None:
        state = self.context.state
        if scope == "local" and state.local is not None:
            state.local[name] = value
        else:
            state.variables[name] = value

    def _assign_block(self, node: AssignBlock) -> None:
        outside, self.context.output = self.context.output, Captured()
        printed = self.context.state.printed
        self.body(node.body)
        pieces = self.context.output.pieces if isinstance(self.context.output, Captured) else []
        self.context.output = outside
        self.context.state.printed = printed
        parts = [constant(text) if value is None else value for text, value in pieces]
        self._set(node.scope, node.name, joined(parts) if parts else EMPTY)

    def _setting(self, node: Setting) -> None:
        self.expressions.value(node.value)
        if node.name == "number_format":
            self.context.formats_numbers = True

    # ---- macros and functions

    def _function(self, macro: Macro, arguments: list[Value]) -> Value:
        """What a call returns. The same call is followed once; one inside itself has nothing to tell."""
        # Which field an argument comes from makes no difference inside, so it is told apart only by its position.
        given = [
            value._replace(reads=frozenset({Read("", at, at)})) if value.reads else value
            for at, value in enumerate(arguments)
        ]
        key = (macro.name, tuple(given), self.context.state.certain)
        if key not in self._known:
            if self._depth >= _DEEPEST:
                return UNKNOWN
            self._known[key] = PENDING
            outside, self.context.output = self.context.output, Nowhere()
            self._known[key] = self._call(macro, given, {})
            self.context.output = outside
        return _with_reads(self._known[key], arguments)

    def _call(self, macro: Macro, arguments: list[Value], named: dict[str, Value]) -> Value:
        self._called.add(macro.name)
        if self._depth >= _DEEPEST:
            return UNKNOWN
        outside = self._standing()
        local = self._parameters(macro, arguments, named)
        self.context.state = State(outside.printed, dict(outside.variables), local, (), outside.certain)
        self._returns.append([])
        self._depth += 1
        self.body(macro.body)
        self._depth -= 1
        end = self._standing()
        self.context.state = outside
        outside.variables = end.variables
        returned = self._returns.pop()
        self.context.output.state = outside.printed if end.over else end.printed
        return either(returned) if returned else UNKNOWN

    def _parameters(self, macro: Macro, arguments: list[Value], named: dict[str, Value]) -> dict[str, Value]:
        local: dict[str, Value] = {}
        for at, parameter in enumerate(macro.parameters):
            if parameter.name in named:
                local[parameter.name] = named[parameter.name]
            elif at < len(arguments):
                local[parameter.name] = arguments[at]
            else:
                local[parameter.name] = (
                    self.expressions.value(parameter.default) if parameter.default else UNKNOWN
                )
        if macro.catch_all is not None:
            local[macro.catch_all] = UNKNOWN
        return local

    def _macro_call(self, node: MacroCall) -> None:
        target = self.expressions.value(node.target)
        positional = self.expressions.values(node.positional)
        named = {name: self.expressions.value(value) for name, value in node.named}
        if target.routine is None:
            if node.body is not None:
                self.body(node.body)
            return
        self._bodies.append((node, self.context.state))
        self._call(target.routine, positional, named)
        self._bodies.pop()

    def _nested(self, node: Nested) -> None:
        values = self.expressions.values(node.arguments)
        if not self._bodies:
            return
        call, caller = self._bodies.pop()
        inside = self._standing()
        parameters = zip(
            call.body_parameters, [*values, *[UNKNOWN] * len(call.body_parameters)], strict=False
        )
        loops = (*caller.loops, *parameters)
        self.context.state = State(inside.printed, inside.variables, caller.local, loops, caller.certain)
        self.body(call.body or ())
        inside.printed = self.context.output.state
        inside.variables = self.context.state.variables
        self.context.state = inside
        self._bodies.append((call, caller))

    def _return(self, node: Return) -> None:
        if node.value is not None and self._returns:
            self._returns[-1].append(self.expressions.value(node.value))
        self.context.state.over = True

    def _stop(self, node: Stop) -> None:
        if node.message is not None:
            self.expressions.value(node.message)
        self.context.state.over = True

    def _inner(self, node: Compress | NoEscape | Escape) -> None:
        self.body(node.body)


def _with_reads(value: Value, arguments: list[Value]) -> Value:
    """What a function returned for arguments known by their position, with the fields that they come from."""
    reads = frozenset[Read]().union(
        *(frozenset({read}) if read.field else arguments[read.start].reads for read in value.reads)
    )
    item = _with_reads(value.item, arguments) if value.item else None
    return value._replace(reads=reads, item=item)


def _bound(names: tuple[str, ...], source: Value) -> tuple[tuple[str, Value], ...]:
    """Loop variables with what they stand for; a loop over a map has its keys and its values."""
    item = source.item or UNKNOWN
    if len(names) == 1:
        return ((names[0], item),)
    if item.path == "card":
        # The reconciliation's cards are the keys of a map, whose values are the reports with their lines.
        return (names[0], item), (names[1], Value("list", item=Value("object", path="report")))
    return (names[0], TEXT), (names[1], item)


def _asks_for_heading(walk: Walk, condition: Expression) -> bool:
    """Whether addHeader stands anywhere in a condition, `addHeader == true && …` included."""
    return "addHeader" in walk.context.findings.written(condition.span)


_ELEMENTS: dict[type, Callable[[Walk, Any], None]] = {
    Text: Walk._text,
    Interpolation: Walk._interpolation,
    NumberInterpolation: Walk._interpolation,
    If: Walk._if,
    Switch: Walk._switch,
    Attempt: Walk._attempt,
    List: Walk._list,
    Items: Walk._items,
    Sep: Walk._sep,
    Assign: Walk._assign,
    AssignBlock: Walk._assign_block,
    Setting: Walk._setting,
    MacroCall: Walk._macro_call,
    Nested: Walk._nested,
    Return: Walk._return,
    Stop: Walk._stop,
    Compress: Walk._inner,
    NoEscape: Walk._inner,
    Escape: Walk._inner,
}
