"""Expressions as closures: what a template asks for, bound once, run many times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from expensify.freemarker import arithmetic, tree
from expensify.freemarker.builtin.compile import LAZY, compile_builtin
from expensify.freemarker.builtin.lambdas import walk
from expensify.freemarker.builtin.numbers import hash_format
from expensify.freemarker.builtin.registry import KEYED
from expensify.freemarker.errors import Missing, RenderError, TemplateError
from expensify.freemarker.indexing import field, item
from expensify.freemarker.operators import RELATIONS, absent, number_range, plus, truth, unaddable
from expensify.freemarker.routines import invoke
from expensify.freemarker.runtime import Evaluator, Frame
from expensify.freemarker.scope import Scope
from expensify.freemarker.special import special
from expensify.freemarker.values import EMPTY, EndlessRange, integer_of, number_of

_NEVER_MISSING = (
    tree.StringLiteral, tree.NumberLiteral, tree.BooleanLiteral, tree.Arithmetic, tree.Comparison, tree.Logic,
    tree.Not,
)  # fmt: skip


class ExpressionCompiler(tree.Visitor):
    """Turns expressions into closures; `scope` says which loop variables are around them."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def compile(self, node: tree.Expression) -> Evaluator:
        """A closure that gives the value, None when it is missing."""
        compiled: Evaluator = self.visit(node)
        return compiled

    def needed(self, node: tree.Expression) -> Evaluator:
        """A closure that gives the value and never None."""
        read = self.compile(node)
        if isinstance(node, _NEVER_MISSING):
            return read

        def need(frame: Frame) -> Any:
            value = read(frame)
            if value is None:
                raise absent(node)
            return value

        return need

    def condition(self, node: tree.Expression) -> Callable[[Frame], bool]:
        """A closure that gives a boolean."""
        while isinstance(node, tree.Parenthesis):
            node = node.inner
        read = self.compile(node)
        if isinstance(node, (tree.BooleanLiteral, tree.Comparison, tree.Logic, tree.Not, tree.Exists)) or is_test(node):
            return read

        def test(frame: Frame) -> bool:
            value = read(frame)
            if value is True or value is False:
                return value
            return truth(value, node)

        return test

    def iterable(self, node: tree.Expression) -> Evaluator:
        """A closure that gives something to walk through once, which may be endless or made on the way."""
        while isinstance(node, tree.Parenthesis):
            node = node.inner
        if isinstance(node, tree.BuiltIn) and node.name in LAZY:
            return walk(self, node)
        return self.needed(node)

    # ---- literals

    def visit_StringLiteral(self, node: tree.StringLiteral | tree.BooleanLiteral) -> Evaluator:
        value = node.value
        return lambda frame: value

    visit_BooleanLiteral = visit_StringLiteral

    def visit_NumberLiteral(self, node: tree.NumberLiteral) -> Evaluator:
        try:
            value = arithmetic.add(node.value, 0) if isinstance(node.value, int) else arithmetic.exact(str(node.value))
        except RenderError as error:
            raise TemplateError(error.message, node.span) from None
        return lambda frame: value

    def visit_InterpolatedString(self, node: tree.InterpolatedString) -> Evaluator:
        pieces = [self._piece(part) for part in node.parts]

        def join(frame: Frame) -> str:
            found, length = [], 0
            for piece in pieces:
                text = piece(frame)
                length += len(text)
                frame.env.allow(length)
                found.append(text)
            return "".join(found)

        return join

    def _piece(self, part: tree.Element) -> Callable[[Frame], str]:
        if isinstance(part, tree.Text):
            text = part.text
            return lambda frame: text
        return self.printed(part)

    def printed(self, node: Any) -> Callable[[Frame], str]:
        """What a `${…}` or `#{…}` prints."""
        read = self.needed(node.printed)
        if isinstance(node, tree.NumberInterpolation):
            form = hash_format(node.minimum, node.maximum)
            return lambda frame: form(frame.env, read(frame))

        def show(frame: Frame) -> str:
            value = read(frame)
            return value if type(value) is str else frame.env.text(value)

        return show

    def visit_ListLiteral(self, node: tree.ListLiteral) -> Evaluator:
        items = [self.needed(item) for item in node.items]

        def build(frame: Frame) -> list[Any]:
            frame.env.charge(len(items))
            return [item(frame) for item in items]

        return build

    def visit_HashLiteral(self, node: tree.HashLiteral) -> Evaluator:
        pairs = [(self.needed(key), self.needed(value), key.span) for key, value in node.pairs]

        def build(frame: Frame) -> dict[str, Any]:
            frame.env.charge(len(pairs))
            return {frame.env.text(key(frame)): value(frame) for key, value, _ in pairs}

        return build

    # ---- names

    def visit_Name(self, node: tree.Name) -> Evaluator:
        return self.scope.reader(node.name)

    def visit_SpecialName(self, node: tree.SpecialName) -> Evaluator:
        return special(node)

    def visit_Dot(self, node: tree.Dot) -> Evaluator:
        if isinstance(node.target, tree.BuiltIn) and node.target.arguments is None and node.target.name in KEYED:
            key = tree.StringLiteral(node.span, node.name)
            return self.visit_BuiltIn(
                tree.BuiltIn(node.span, node.target.target, node.target.name, (key,), node.target.name_span)
            )
        target, name = self.compile(node.target), node.name

        def read(frame: Frame) -> Any:
            holder = target(frame)
            if type(holder) is dict:
                return holder.get(name)
            if holder is None:
                raise absent(node.target)
            return field(holder, name, node.target.span)

        return read

    def visit_Index(self, node: tree.Index) -> Evaluator:
        target, key = self.needed(node.target), self.needed(node.key)
        left = node.target
        if not (isinstance(left, tree.BuiltIn) and left.arguments is None and left.name in KEYED):
            return lambda frame: item(frame.env, target(frame), key(frame), node.span)
        formatted = self.visit_BuiltIn(tree.BuiltIn(node.span, left.target, left.name, (node.key,), left.name_span))

        def choose(frame: Frame) -> Any:
            """`n?string["0.00"]` is a format, but `s?string[0]` a character."""
            chosen = key(frame)
            if isinstance(chosen, str):
                return formatted(frame)
            return item(frame.env, target(frame), chosen, node.span)

        return choose

    def visit_Call(self, node: tree.Call) -> Evaluator:
        target = self.needed(node.target)
        arguments = [self.compile(argument) for argument in node.arguments]

        def call(frame: Frame) -> Any:
            routine = target(frame)
            return invoke(frame.env, routine, [argument(frame) for argument in arguments], node.span)

        return call

    def visit_BuiltIn(self, node: tree.BuiltIn) -> Evaluator:
        return compile_builtin(self, node)

    # ---- what may be missing

    def forgiving(self, node: tree.Expression) -> Evaluator:
        """The value for `!`, `??` and their like: inside parentheses any step may be missing."""
        read = self.compile(node)
        if not isinstance(node, tree.Parenthesis):
            return read

        def forgive(frame: Frame) -> Any:
            try:
                return read(frame)
            except Missing:
                return None

        return forgive

    def visit_Default(self, node: tree.Default) -> Evaluator:
        target = self.forgiving(node.target)
        fallback = self.compile(node.fallback) if node.fallback is not None else lambda frame: EMPTY

        def choose(frame: Frame) -> Any:
            value = target(frame)
            return fallback(frame) if value is None else value

        return choose

    def visit_Exists(self, node: tree.Exists) -> Evaluator:
        target = self.forgiving(node.target)
        return lambda frame: target(frame) is not None

    def visit_Parenthesis(self, node: tree.Parenthesis) -> Evaluator:
        return self.compile(node.inner)

    # ---- operators

    def visit_Not(self, node: tree.Not) -> Evaluator:
        test = self.condition(node.operand)
        return lambda frame: not test(frame)

    def visit_Logic(self, node: tree.Logic) -> Evaluator:
        tests = [self.condition(operand) for operand in node.operands]
        if node.operator == "&&":
            return lambda frame: all(test(frame) for test in tests)
        return lambda frame: any(test(frame) for test in tests)

    def visit_Sign(self, node: tree.Sign) -> Evaluator:
        operand, span = self.needed(node.operand), node.operand.span

        def change(frame: Frame) -> Any:
            number = _placed(number_of, operand(frame), span)
            return arithmetic.subtract(0, number) if node.negative else number

        return change

    def visit_Comparison(self, node: tree.Comparison) -> Evaluator:
        left, right, operator = self.compile(node.left), self.compile(node.right), node.operator
        decide = RELATIONS[operator]

        def relate(frame: Frame) -> bool:
            # FreeMarker evaluates both sides before it looks at either.
            first, second = left(frame), right(frame)
            if first is None or second is None:
                raise absent(node.left if first is None else node.right)
            try:
                return decide(frame.env, first, second)
            except RenderError as error:
                error.place(node.span)
                raise

        return relate

    def visit_Arithmetic(self, node: tree.Arithmetic) -> Evaluator:
        first = self.compile(node.operands[0])
        rest = [
            (operator, arithmetic.OPERATIONS[operator], self.compile(operand), operand)
            for operator, operand in zip(node.operators, node.operands[1:], strict=True)
        ]

        def reckon(frame: Frame) -> Any:
            value = first(frame)
            at: tree.Expression = node.operands[0]
            for operator, operation, operand, part in rest:
                try:
                    if operator == "+":
                        other = operand(frame)
                        if value is None or other is None:
                            raise unaddable(frame.env, value, at, part)
                        value = plus(frame.env, value, other)
                    else:
                        number = number_of(value)
                        value = operation(number, number_of(operand(frame)))
                except RenderError as error:
                    error.place(part.span)
                    raise
                at = part
            return value

        return reckon

    def visit_Range(self, node: tree.Range) -> Evaluator:
        start = self.needed(node.start)
        end = self.needed(node.end) if node.end is not None else None
        kind = node.kind

        def build(frame: Frame) -> Any:
            first = _placed(integer_of, start(frame), node.span)
            if end is None:
                return EndlessRange(first)
            last = _placed(integer_of, end(frame), node.span)
            return number_range(first, last, kind)

        return build

    def visit_Lambda(self, node: tree.Lambda) -> Evaluator:
        raise TemplateError("a lambda can only be an argument of ?filter, ?map, ?take_while or ?drop_while", node.span)


def is_test(node: tree.Expression) -> bool:
    """Whether the node is ?has_content, the commonest of conditions."""
    return isinstance(node, tree.BuiltIn) and node.name == "has_content"


def _placed(convert: Callable[[Any], Any], value: Any, span: Any) -> Any:
    try:
        return convert(value)
    except RenderError as error:
        error.place(span)
        raise
