"""The value of each expression as lint knows it, with findings on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from expensify.freemarker import tree
from expensify.freemarker.lint import builtins, defaults, fields, names, printing
from expensify.freemarker.lint.conditions import assume
from expensify.freemarker.lint.context import Context
from expensify.freemarker.lint.escapes import ESCAPES, Escape
from expensify.freemarker.lint.values import (
    BOOLEAN,
    EMPTY,
    NONE,
    NUMBERS,
    UNKNOWN,
    Type,
    Value,
    constant,
    either,
    joined,
    listed,
)

Invoke = Callable[[tree.Macro, list[Value]], Value]
_HUNDREDTH, _THOUSANDTH = Decimal("0.01"), Decimal("0.001")
_FOR_MISSING = frozenset({"has_content", "exists", "if_exists", "default"})


class Expressions(tree.Visitor):
    """Values of expressions in the state of `context`; `invoke` runs a function of the template."""

    def __init__(self, context: Context, invoke: Invoke) -> None:
        self.context = context
        self._invoke = invoke

    def value(self, node: tree.Expression) -> Value:
        value: Value = self.visit(node) if self.context.step() else UNKNOWN
        return value

    def values(self, nodes: tuple[tree.Expression, ...]) -> list[Value]:
        return [self.value(node) for node in nodes]

    def under(self, condition: tree.Expression, holds: bool, node: tree.Expression) -> Value:
        """The value of an expression where a condition is known to hold, or not to."""
        with self.context.aside():
            assume(self, condition, holds)
            return self.value(node)

    # ---- names and fields

    def visit_Name(self, node: tree.Name) -> Value:
        return names.named(self.context, node)

    def visit_SpecialName(self, node: tree.SpecialName) -> Value:
        return Value("datetime") if node.name == "now" else UNKNOWN

    def visit_Dot(self, node: tree.Dot) -> Value:
        if isinstance(node.target, tree.BuiltIn) and node.target.name == "string":
            return self.visit_BuiltIn(replace(node.target, arguments=(tree.StringLiteral(node.span, node.name),)))
        target = self.value(node.target)
        start = node.span.end - len(node.name)
        return fields.member(self.context, target, node.name, node, self.context.findings.span(start, node.span.end))

    def visit_Index(self, node: tree.Index) -> Value:
        if isinstance(node.target, tree.BuiltIn) and node.target.name == "string":
            return self.visit_BuiltIn(replace(node.target, arguments=(node.key,)))
        target, key = self.value(node.target), self.value(node.key)
        if target.type == "list":
            return target if isinstance(node.key, tree.Range) else target.item or UNKNOWN
        if target.type == "object" and key.literal is not None:
            return fields.member(self.context, target, key.literal, node, node.key.span)
        if target.type == "object":
            return target.item or UNKNOWN
        return target._replace(literal=None)

    def visit_Call(self, node: tree.Call) -> Value:
        arguments = self.values(node.arguments)
        if isinstance(node.target, tree.Dot):
            return fields.method(self.context, self.value(node.target.target), node.target.name, node)
        target = self.value(node.target)
        return self._invoke(target.routine, arguments) if target.routine else UNKNOWN

    # ---- built-ins, and defaults

    def visit_BuiltIn(self, node: tree.BuiltIn) -> Value:
        arguments = node.arguments or ()
        if node.name == "then" and len(arguments) == 2:
            self.value(node.target)
            return either(self.under(node.target, at == 0, argument) for at, argument in enumerate(arguments))
        if node.name == "default":
            target = self._value_or_missing(node.target, "default")
            defaults.check_default(self.context, node, node.target, target, fallback=(*arguments, None)[0])
            return either((target, *self.values(arguments)))
        if node.name in _FOR_MISSING:
            target = self._value_or_missing(node.target)
            if node.name == "exists":
                defaults.check_test(self.context, node, node.target, target)
            return either((target, EMPTY)) if node.name == "if_exists" else BOOLEAN
        target = self.value(node.target)
        if arguments and isinstance(arguments[0], tree.Lambda):
            turned = self._lambda(arguments[0], target)
            return listed(turned) if node.name == "map" else target
        values = self.values(arguments)
        if node.name == "string":
            printing.check_pattern(self.context, node, target, values)
        result = builtins.result(node.name, target, values)
        if node.name in ESCAPES and self.context.findings.fixable:
            escape = Escape(node.name, node.name_span.start, node.name_span.end)
            return result._replace(escapes=frozenset({escape}))
        return result

    def _lambda(self, node: tree.Lambda, target: Value) -> Value:
        with self.context.aside():
            bound = tuple((name, target.item or UNKNOWN) for name in node.parameters[:1])
            self.context.state.loops += bound
            return self.value(node.body)

    def visit_Lambda(self, node: tree.Lambda) -> Value:
        return UNKNOWN

    def visit_Default(self, node: tree.Default) -> Value:
        fallback = EMPTY if node.fallback is None else self.value(node.fallback)
        target = self._value_or_missing(node.target, "default")
        defaults.check_default(self.context, node, node.target, target, fallback=node.fallback)
        return either((target, fallback))

    def visit_Exists(self, node: tree.Exists) -> Value:
        defaults.check_test(self.context, node, node.target, self._value_or_missing(node.target))
        return BOOLEAN

    def _value_or_missing(self, node: tree.Expression, missing: Literal["default", "test"] = "test") -> Value:
        """FreeMarker forgives all that is missing inside parentheses, but only the last step without them."""
        inside = isinstance(node, tree.Parenthesis)
        with self.context.allow_missing(inside, missing if inside or isinstance(node, tree.Name) else ""):
            return self.value(node)

    def visit_Parenthesis(self, node: tree.Parenthesis) -> Value:
        return self.value(node.inner)

    # ---- literals

    def visit_StringLiteral(self, node: tree.StringLiteral) -> Value:
        return constant(node.value)

    def visit_InterpolatedString(self, node: tree.InterpolatedString) -> Value:
        parts: list[Value] = []
        outside = self.context.findings.fixable
        self.context.findings.fixable = False
        for part in node.parts:
            if isinstance(part, tree.Text):
                parts.append(constant(part.text))
            elif isinstance(part, (tree.Interpolation, tree.NumberInterpolation)):
                value = self.value(part.printed)
                printing.check(self.context, value, part.expression, has_format=_has_format(part))
                parts.append(value)
        self.context.findings.fixable = outside
        return joined(parts) if parts else EMPTY

    def visit_NumberLiteral(self, node: tree.NumberLiteral) -> Value:
        return Value("number", literal=None)

    def visit_BooleanLiteral(self, node: tree.BooleanLiteral) -> Value:
        return BOOLEAN

    def visit_ListLiteral(self, node: tree.ListLiteral) -> Value:
        return listed(either(self.values(node.items)) if node.items else UNKNOWN)

    def visit_HashLiteral(self, node: tree.HashLiteral) -> Value:
        for key, value in node.pairs:
            self.value(key)
            self.value(value)
        return Value("object")

    def visit_Range(self, node: tree.Range) -> Value:
        self.value(node.start)
        if node.end is not None:
            self.value(node.end)
        return listed(Value("integer"))

    # ---- operators

    def visit_Not(self, node: tree.Not) -> Value:
        self.value(node.operand)
        return BOOLEAN

    def visit_Sign(self, node: tree.Sign) -> Value:
        return self.value(node.operand)._replace(literal=None)

    def visit_Comparison(self, node: tree.Comparison) -> Value:
        self.value(node.left)
        self.value(node.right)
        return BOOLEAN

    def visit_Logic(self, node: tree.Logic) -> Value:
        """What stands behind `&&` is asked only where what stands before it holds."""
        with self.context.aside():
            for operand in node.operands:
                self.value(operand)
                assume(self, operand, node.operator == "&&")
        return BOOLEAN

    def visit_Arithmetic(self, node: tree.Arithmetic) -> Value:
        values = self.values(node.operands)
        result, parts = values[0], values[:1]
        for at, (operator, right) in enumerate(zip(node.operators, values[1:], strict=True), start=1):
            if operator == "+" and "text" in (result.type, right.type):
                # Nothing is added up here: both are printed, one behind the other.
                if at == 1:
                    self._printed(result, node.operands[0])
                self._printed(right, node.operands[at])
                parts.append(right)
                result = joined(parts)
            else:
                result = self._calculated(result, operator, right, node.operands[at])
                parts = [result]
        return result

    def _printed(self, value: Value, operand: tree.Expression) -> None:
        if value.type in ("cents", "money", "boolean"):
            printing.check(self.context, value, operand)

    def _calculated(self, left: Value, operator: str, right: Value, written: tree.Expression) -> Value:
        if operator == "+" and "list" in (left.type, right.type):
            return listed(either(value.item for value in (left, right) if value.item))
        kind = _number_type(left, operator, right, written)
        return Value(
            kind,
            reads=left.reads | right.reads,
            currencies=left.currencies | right.currencies,
            may=NONE if kind in NUMBERS else left.may | right.may,
        )


def _has_format(part: tree.Interpolation | tree.NumberInterpolation) -> bool:
    return isinstance(part, tree.NumberInterpolation) and part.maximum is not None


def _number_type(left: Value, operator: str, right: Value, written: tree.Expression) -> Type:
    """Cents divided by a hundred are money; what has cents on one side of + and - is cents."""
    types = {left.type, right.type}
    if "cents" in types:
        number = written.inner if isinstance(written, tree.Parenthesis) else written
        if operator == "/" and left.type == "cents":
            return "money" if isinstance(number, tree.NumberLiteral) and number.value in (100, 1000) else "number"
        if operator == "*" and isinstance(number, tree.NumberLiteral) and number.value in (_HUNDREDTH, _THOUSANDTH):
            return "money"
        if operator in "+-*%":
            return "unknown" if "money" in types else "cents"
    if "money" in types:
        return "money"
    if types <= NUMBERS:
        return "number"
    return "unknown"
