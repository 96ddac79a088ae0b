"""Compile elements to closures that write to the environment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import chain

from expensify.freemarker import tree
from expensify.freemarker.assigning import assignment_runner, variables_of
from expensify.freemarker.comparing import equal
from expensify.freemarker.compressing import compress
from expensify.freemarker.errors import LimitExceeded, RenderError, Stopped, Unsupported
from expensify.freemarker.evaluate import ExpressionCompiler
from expensify.freemarker.looping import BreakLoop, ContinueLoop, run_items, run_list
from expensify.freemarker.operators import absent
from expensify.freemarker.routines import Returned, Routine, call_macro
from expensify.freemarker.runtime import Frame, NestedBody, Runner
from expensify.freemarker.scope import Scope
from expensify.freemarker.setting_changes import change_setting

_SILENT = (tree.Comment, tree.Trim, tree.Flush)


class Compiler(tree.Visitor):
    """Compiles bodies to closures. `routines` are all macros of the template: they exist from its start."""

    def __init__(self) -> None:
        self.routines: list[Routine] = []
        self.scope = Scope()
        self.expressions = ExpressionCompiler(self.scope)

    def body(self, body: tree.Body) -> Runner:
        """Return a closure that runs the elements in order and skips those with errors that the settings forgive."""
        elements = _merge_texts(element for element in body if not isinstance(element, _SILENT))
        runners = [self.element(element) for element in elements]
        count = len(runners) + 1
        places = {id(runner): element.span for runner, element in zip(runners, elements, strict=True)}

        def run(frame: Frame) -> None:
            env = frame.env
            env.charge(count)
            for runner in runners:
                try:
                    runner(frame)
                except RenderError as error:
                    if env.tolerate is None and isinstance(error, env.forgiven):
                        continue
                    error.place(places[id(runner)])
                    if env.tolerate is not None and env.tolerate(error):
                        continue
                    raise

        return run

    def element(self, node: tree.Element) -> Runner:
        runner: Runner = self.visit(node)
        return runner

    # ---- printing

    def visit_Text(self, node: tree.Text) -> Runner:
        text, size = node.text, len(node.text)

        def run(frame: Frame) -> None:
            # Environment.write inlined: this is the most frequent operation.
            env = frame.env
            env.written += size
            env.parts.append(text)

        return run

    def visit_Interpolation(self, node: tree.Interpolation) -> Runner:
        read, printed = self.expressions.compile(node.printed), node.printed

        def run(frame: Frame) -> None:
            value = read(frame)
            env = frame.env
            if type(value) is not str:
                if value is None:
                    raise absent(printed)
                value = env.text(value)
            env.written += len(value)
            env.parts.append(value)

        return run

    def visit_NumberInterpolation(self, node: tree.NumberInterpolation) -> Runner:
        show = self.expressions.printed(node)
        return lambda frame: frame.env.write(show(frame))

    def visit_Compress(self, node: tree.Compress) -> Runner:
        run = self.body(node.body)
        return lambda frame: frame.env.write(compress(frame.env.capture(run, frame)))

    # ---- branching

    def visit_If(self, node: tree.If) -> Runner:
        branches = [
            (
                self.expressions.condition(branch.condition) if branch.condition is not None else None,
                self.body(branch.body),
            )
            for branch in node.branches
        ]

        def run(frame: Frame) -> None:
            for test, body in branches:
                if test is None or test(frame):
                    body(frame)
                    return

        return run

    def visit_Switch(self, node: tree.Switch) -> Runner:
        subject = self.expressions.needed(node.subject)
        cases = [
            (self.expressions.needed(case.condition) if case.condition is not None else None, self.body(case.body))
            for case in node.cases
        ]
        default = next((body for value, body in cases if value is None), None)

        def run(frame: Frame) -> None:
            value_of_subject = subject(frame)
            with suppress(BreakLoop):
                for at, (value, _) in enumerate(cases):
                    if value is not None and equal(frame.env, value_of_subject, value(frame)):
                        for _, body in cases[at:]:
                            body(frame)
                        return
                # Only a matching case falls through to the cases after it; the default does not.
                if default is not None:
                    default(frame)

        return run

    def visit_Attempt(self, node: tree.Attempt) -> Runner:
        tried, recover = self.body(node.body), self.body(node.recover.body)

        def run(frame: Frame) -> None:
            env = frame.env
            tolerate, env.tolerate = env.tolerate, None
            try:
                printed = env.capture(tried, frame)
            except (LimitExceeded, Unsupported):
                raise
            except RenderError as error:
                env.tolerate = tolerate
                env.errors.append(error)
                try:
                    recover(frame)
                finally:
                    env.errors.pop()
            else:
                env.parts.append(printed)
            finally:
                env.tolerate = tolerate

        return run

    def visit_Stop(self, node: tree.Stop) -> Runner:
        message = self.expressions.needed(node.message) if node.message is not None else None

        def run(frame: Frame) -> None:
            reason = f": {frame.env.text(message(frame))}" if message is not None else ""
            raise Stopped(f"the template stopped itself{reason}", node.span)

        return run

    # ---- loops

    def visit_List(self, node: tree.List) -> Runner:
        source = self.expressions.iterable(node.source)
        otherwise = self.body(node.otherwise.body) if node.otherwise is not None else None
        slot = self.scope.enter_list()
        self.scope.bind_loop(slot, node.names)
        body = self.body(node.body)
        self.scope.unbind(node.names)
        self.scope.leave_list()
        return run_list(node, source, slot, body, otherwise)

    def visit_Items(self, node: tree.Items) -> Runner:
        slot = self.scope.current_list
        assert slot is not None
        self.scope.bind_loop(slot, node.names)
        body = self.body(node.body)
        self.scope.unbind(node.names)
        return run_items(node, slot, body)

    def visit_Sep(self, node: tree.Sep) -> Runner:
        slot = self.scope.current_list
        assert slot is not None
        body = self.body(node.body)

        def run(frame: Frame) -> None:
            if frame.loops[slot].has_next:
                body(frame)

        return run

    def visit_Break(self, node: tree.Break) -> Runner:
        def run(frame: Frame) -> None:
            raise BreakLoop

        return run

    def visit_Continue(self, node: tree.Continue) -> Runner:
        def run(frame: Frame) -> None:
            raise ContinueLoop

        return run

    # ---- variables

    def visit_Assign(self, node: tree.Assign) -> Runner:
        steps = [assignment_runner(self.expressions, node.scope, assignment) for assignment in node.assignments]
        if len(steps) == 1:
            return steps[0]

        def run(frame: Frame) -> None:
            for step in steps:
                step(frame)

        return run

    def visit_AssignBlock(self, node: tree.AssignBlock) -> Runner:
        body, name, scope = self.body(node.body), node.name, node.scope

        def run(frame: Frame) -> None:
            variables_of(frame, scope)[name] = frame.env.capture(body, frame)

        return run

    def visit_Setting(self, node: tree.Setting) -> Runner:
        value, name, span = self.expressions.needed(node.value), node.name, node.span

        def run(frame: Frame) -> None:
            try:
                change_setting(frame.env, name, value(frame))
            except RenderError as error:
                error.place(span)
                raise

        return run

    # ---- macros

    def visit_Macro(self, node: tree.Macro) -> Runner:
        outside_scope, outside = self.scope, self.expressions
        self.scope = Scope(local=True)
        self.expressions = ExpressionCompiler(self.scope)
        defaults = {p.name: self.expressions.compile(p.default) for p in node.parameters if p.default is not None}
        parameters = tuple(p.name for p in node.parameters)
        body = self.body(node.body)
        routine = Routine(node.name, node.is_function, parameters, defaults, node.catch_all, body, self.scope.slots)
        self.scope, self.expressions = outside_scope, outside
        self.routines.append(routine)

        def run(frame: Frame) -> None:
            frame.env.variables[routine.name] = routine

        return run

    def visit_Return(self, node: tree.Return) -> Runner:
        value = self.expressions.compile(node.value) if node.value is not None else lambda frame: None

        def run(frame: Frame) -> None:
            raise Returned(value(frame))

        return run

    def visit_Nested(self, node: tree.Nested) -> Runner:
        arguments = [self.expressions.compile(argument) for argument in node.arguments]

        def run(frame: Frame) -> None:
            body = frame.body
            if body is None:
                return
            values = [argument(frame) for argument in arguments]
            for slot, value in zip(body.slots, chain(values, [None] * len(body.slots)), strict=False):
                body.frame.loops[slot] = value
            body.run(body.frame)

        return run

    def visit_MacroCall(self, node: tree.MacroCall) -> Runner:
        target = self.expressions.needed(node.target)
        positional = [self.expressions.compile(argument) for argument in node.positional]
        named = [(name, self.expressions.compile(argument)) for name, argument in node.named]
        body: Runner | None = None
        slots: Sequence[int] = ()
        if node.body is not None:
            first = self.scope.bind_parameters(node.body_parameters)
            slots = range(first, first + len(node.body_parameters))
            body = self.body(node.body)
            self.scope.unbind(node.body_parameters)

        def run(frame: Frame) -> None:
            routine = target(frame)
            values = [argument(frame) for argument in positional]
            pairs = [(name, argument(frame)) for name, argument in named]
            nested = NestedBody(frame, body, slots) if body is not None else None
            call_macro(frame.env, routine, values, pairs, nested, node.span)

        return run

    def visit_Foreign(self, node: tree.Foreign) -> Runner:
        # What is inside must be right too, although it never runs.
        for expression in node.expressions:
            self.expressions.compile(expression)
        self.body(node.body or ())

        def run(frame: Frame) -> None:
            raise Unsupported(f"<#{node.name}> is not run here: {node.reason}", node.span)

        return run

    def visit_Escape(self, node: tree.Escape | tree.NoEscape) -> Runner:
        return self.body(node.body)

    visit_NoEscape = visit_Escape


def _merge_texts(elements: Iterable[tree.Element]) -> list[tree.Element]:
    """Merge adjacent texts."""
    result: list[tree.Element] = []
    for element in elements:
        before = result[-1] if result else None
        if isinstance(element, tree.Text) and isinstance(before, tree.Text):
            result[-1] = tree.Text(before.span.to(element.span), before.text + element.text)
        else:
            result.append(element)
    return result
