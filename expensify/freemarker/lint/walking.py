"""Walk a template in print order, along all paths at once."""

from __future__ import annotations

from expensify.freemarker import tree
from expensify.freemarker.lint import formulas, printing
from expensify.freemarker.lint.conditions import assume
from expensify.freemarker.lint.context import Captured, Context, Output, Printed
from expensify.freemarker.lint.expressions import Expressions
from expensify.freemarker.lint.formatting import set_format
from expensify.freemarker.lint.state import State, merged
from expensify.freemarker.lint.values import (
    EMPTY,
    NUMBERS,
    PENDING,
    TEXT,
    UNKNOWN,
    Read,
    Value,
    constant,
    either,
    joined,
)

_DEEPEST = 12
"""The depth to which nested calls are followed."""


class Walk(tree.Visitor):
    """One walk through a template; it calls the output's checks in print order."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.expressions = Expressions(context, self._function)
        self._depth = 0
        self._returns: list[list[Value]] = []
        self._results: dict[tuple[str, tuple[Value, ...], frozenset[str]], Value] = {}
        self._called: set[str] = set()
        self._bodies: list[tuple[tree.MacroCall, State]] = []
        self._sources: list[tuple[tree.List, Value]] = []

    def template(self, body: tree.Body) -> None:
        """Walk the whole template, then the macros and functions that nothing calls."""
        self.body(body)
        if not self.context.state.over:
            self.context.output.finish()
        for name, macro in self.context.macros.items():
            if name not in self._called:
                self.context.output = Output()
                self._call(macro, [UNKNOWN] * len(macro.parameters), {})

    def body(self, body: tree.Body) -> None:
        for element in body:
            if self.context.state.over or not self.context.step():
                return
            self.visit(element)

    # ---- output

    def visit_Text(self, node: tree.Text) -> None:
        formulas.check(self.context, node)
        self.context.output.text(node.text, None if node.raw else node, node.span, self.context.place)

    def visit_Interpolation(self, node: tree.Interpolation | tree.NumberInterpolation) -> None:
        value = self.expressions.value(node.printed)
        if isinstance(node, tree.NumberInterpolation):
            printing.check(self.context, value, node.expression, has_format=node.maximum is not None)
            value = value.text()
        elif value.literal is not None:
            self.context.output.text(value.literal, None, node.span, self.context.place)
            return
        else:
            printing.check(self.context, value, node.expression)
            if value.type in NUMBERS:
                value = value._replace(may=value.may | self.context.number_signs)
        self.context.printed.append(Printed(value, node.span))
        self.context.output.hole(value, node.expression, node.span, self.context.place)

    visit_NumberInterpolation = visit_Interpolation

    # ---- branches

    def _walk_paths(self, paths: list[tuple[State, tree.Body]]) -> None:
        """Walk each path from its start state, and continue from the merged state."""
        ends: list[State] = []
        for state, body in paths:
            self._restore_state(state)
            self.body(body)
            ends.append(self._save_state())
        alive = [state.printed for state in ends if not state.over]
        printed = self.context.output.meet(alive) if alive else ends[0].printed
        self._restore_state(merged(ends, printed))

    def _restore_state(self, state: State) -> None:
        self.context.state = state
        self.context.output.state = state.printed

    def _save_state(self) -> State:
        self.context.state.printed = self.context.output.state
        return self.context.state

    def visit_If(self, node: tree.If) -> None:
        outside = self.context.place
        paths: list[tuple[State, tree.Body]] = []
        for branch in node.branches:
            beginning = self._save_state().copy()
            if branch.condition is not None:
                condition = self.expressions.value(branch.condition)
                if "addHeader" in condition.fields or _asks_for_heading(self, branch.condition):
                    self.context.place = outside._replace(in_heading=True)
                assume(self.expressions, branch.condition, False)
                rest, self.context.state = self.context.state, beginning
                assume(self.expressions, branch.condition, True)
                self.context.state = rest
            paths.append((beginning, branch.body))
        if node.branches[-1].condition is not None:
            paths.append((self._save_state(), ()))
        self._walk_paths(paths)
        self.context.place = outside

    def visit_Switch(self, node: tree.Switch) -> None:
        self.expressions.value(node.subject)
        before = self._save_state()
        paths: list[tuple[State, tree.Body]] = []
        for case in node.cases:
            if case.condition is not None:
                self.expressions.value(case.condition)
            paths.append((before.copy(), case.body))
        if all(case.condition is not None for case in node.cases):
            paths.append((before, ()))
        self._walk_paths(paths)

    def visit_Attempt(self, node: tree.Attempt) -> None:
        before = self._save_state()
        self._walk_paths([(before.copy(), node.body), (before, node.recover.body)])

    def visit_Sep(self, node: tree.Sep) -> None:
        before = self._save_state()
        self._walk_paths([(before.copy(), node.body), (before, ())])

    # ---- loops

    def visit_List(self, node: tree.List) -> None:
        source = self.expressions.value(node.source)
        self._sources.append((node, source))
        before = self._save_state().copy()
        if node.names:
            self._walk_turns(node, node.names, node.body, source)
        else:
            self.body(node.body)
        self._sources.pop()
        paths: list[tuple[State, tree.Body]] = [(self._save_state(), ())]
        paths.append((before, node.otherwise.body if node.otherwise else ()))
        self._walk_paths(paths)

    def visit_Items(self, node: tree.Items) -> None:
        if self._sources:
            loop, source = self._sources[-1]
            self._walk_turns(loop, node.names, node.body, source)

    def _walk_turns(self, loop: tree.List, names: tuple[str, ...], body: tree.Body, source: Value) -> None:
        """Walk one iteration, and another when the first changed the state of the output."""
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

    def visit_Assign(self, node: tree.Assign) -> None:
        for assignment in node.assignments:
            self._set(node.scope, assignment.name, self._assigned_value(assignment))

    def _assigned_value(self, assignment: tree.Assignment) -> Value:
        if assignment.value is None:
            return (self.context.state.value(assignment.name) or UNKNOWN)._replace(literal=None)
        if assignment.operator == "=":
            return self.expressions.value(assignment.value)
        # `x += y` is `x = x + y`.
        name = tree.Name(assignment.span, assignment.name)
        sum_ = tree.Arithmetic(assignment.span, (name, assignment.value), (assignment.operator[0],))
        return self.expressions.value(sum_)

    def _set(self, scope: str, name: str, value: Value) -> None:
        state = self.context.state
        if scope == "local" and state.local is not None:
            state.local[name] = value
        else:
            state.variables[name] = value

    def visit_AssignBlock(self, node: tree.AssignBlock) -> None:
        outside, self.context.output = self.context.output, Captured()
        printed = self.context.state.printed
        self.body(node.body)
        pieces = self.context.output.pieces if isinstance(self.context.output, Captured) else []
        self.context.output = outside
        self.context.state.printed = printed
        parts = [constant(text) if value is None else value for text, value in pieces]
        self._set(node.scope, node.name, joined(parts) if parts else EMPTY)

    def visit_Setting(self, node: tree.Setting) -> None:
        value = self.expressions.value(node.value)
        if node.name == "number_format":
            self.context.formats_numbers = True
            if value.literal is not None:
                self.context.number_signs = set_format(value.literal)

    # ---- macros and functions

    def _function(self, macro: tree.Macro, arguments: list[Value]) -> Value:
        """Return the value of a call. The same call is followed once; a recursive call is PENDING."""
        # The source field of an argument makes no difference inside, so reads are replaced by the position.
        anonymous = [
            value._replace(reads=frozenset({Read("", at, at)})) if value.reads else value
            for at, value in enumerate(arguments)
        ]
        key = (macro.name, tuple(anonymous), self.context.state.certain)
        if key not in self._results:
            if self._depth >= _DEEPEST:
                return UNKNOWN
            self._results[key] = PENDING
            outside, self.context.output = self.context.output, Output()
            self._results[key] = self._call(macro, anonymous, {})
            self.context.output = outside
        return _restore_reads(self._results[key], arguments)

    def _call(self, macro: tree.Macro, arguments: list[Value], named: dict[str, Value]) -> Value:
        self._called.add(macro.name)
        if self._depth >= _DEEPEST:
            return UNKNOWN
        outside = self._save_state()
        local = self._parameters(macro, arguments, named)
        self.context.state = State(outside.printed, dict(outside.variables), local, (), outside.certain)
        self._returns.append([])
        self._depth += 1
        self.body(macro.body)
        self._depth -= 1
        end = self._save_state()
        self.context.state = outside
        outside.variables = end.variables
        returned = self._returns.pop()
        self.context.output.state = outside.printed if end.over else end.printed
        return either(returned) if returned else UNKNOWN

    def _parameters(self, macro: tree.Macro, arguments: list[Value], named: dict[str, Value]) -> dict[str, Value]:
        local: dict[str, Value] = {}
        for at, parameter in enumerate(macro.parameters):
            if parameter.name in named:
                local[parameter.name] = named[parameter.name]
            elif at < len(arguments):
                local[parameter.name] = arguments[at]
            else:
                local[parameter.name] = self.expressions.value(parameter.default) if parameter.default else UNKNOWN
        if macro.catch_all is not None:
            local[macro.catch_all] = UNKNOWN
        return local

    def visit_MacroCall(self, node: tree.MacroCall) -> None:
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

    def visit_Nested(self, node: tree.Nested) -> None:
        values = self.expressions.values(node.arguments)
        if not self._bodies:
            return
        call, caller = self._bodies.pop()
        inside = self._save_state()
        parameters = zip(call.body_parameters, [*values, *[UNKNOWN] * len(call.body_parameters)], strict=False)
        loops = (*caller.loops, *parameters)
        self.context.state = State(inside.printed, inside.variables, caller.local, loops, caller.certain)
        self.body(call.body or ())
        inside.printed = self.context.output.state
        inside.variables = self.context.state.variables
        self.context.state = inside
        self._bodies.append((call, caller))

    def visit_Foreign(self, node: tree.Foreign) -> None:
        self.expressions.values(node.expressions)
        self.body(node.body or ())

    def visit_Return(self, node: tree.Return) -> None:
        if node.value is not None and self._returns:
            self._returns[-1].append(self.expressions.value(node.value))
        self.context.state.over = True

    def visit_Stop(self, node: tree.Stop) -> None:
        if node.message is not None:
            self.expressions.value(node.message)
        self.context.state.over = True

    def visit_Compress(self, node: tree.Compress | tree.NoEscape | tree.Escape) -> None:
        self.body(node.body)

    visit_NoEscape = visit_Escape = visit_Compress

    def visit_Macro(self, node: tree.Macro) -> None:
        """Nothing: macros are walked where they are called, and these tags print nothing."""

    visit_Comment = visit_Trim = visit_Break = visit_Continue = visit_Flush = visit_Macro


def _restore_reads(value: Value, arguments: list[Value]) -> Value:
    """Replace the positions of arguments in a function's result by the fields that the arguments come from."""
    reads = frozenset[Read]().union(
        *(frozenset({read}) if read.field else arguments[read.start].reads for read in value.reads)
    )
    item = _restore_reads(value.item, arguments) if value.item else None
    return value._replace(reads=reads, item=item)


def _bound(names: tuple[str, ...], source: Value) -> tuple[tuple[str, Value], ...]:
    """Return the loop variables with their values; a loop over a map has keys and values."""
    item = source.item or UNKNOWN
    if len(names) == 1:
        return ((names[0], item),)
    if item.path == "card":
        # In reconciliation data the cards are the keys of a map; the values are the reports with their lines.
        return (names[0], item), (names[1], Value("list", item=Value("object", path="report")))
    return (names[0], TEXT), (names[1], item)


def _asks_for_heading(walk: Walk, condition: tree.Expression) -> bool:
    """Whether addHeader occurs anywhere in a condition, such as `addHeader == true && …`."""
    return "addHeader" in walk.context.findings.written(condition.span)
