"""Parse expressions: tokens to trees, with FreeMarker's precedence.

From loosest to tightest: `||`, `&&`, `== !=`, `< <= > >=`, ranges, `+ -`, `* / %`, signs and `!`, postfixes.
Comparisons and ranges do not chain. Commas between arguments are optional, as in FreeMarker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from expensify.freemarker import tree
from expensify.freemarker.errors import TemplateError, Unsupported
from expensify.freemarker.lexer import Lexer, Token
from expensify.freemarker.literals import LiteralSource, unescape
from expensify.freemarker.naming import Naming
from expensify.freemarker.source import Source

MAX_NESTING = 60
MAX_POSTFIXES = 60

_OR, _AND, _EQUALITY, _RELATION, _RANGE, _SUM, _PRODUCT = range(1, 8)
_LEVELS = {
    "||": _OR, "&&": _AND, "=": _EQUALITY, "==": _EQUALITY, "!=": _EQUALITY,
    "<": _RELATION, "<=": _RELATION, ">": _RELATION, ">=": _RELATION,
    "..": _RANGE, "..<": _RANGE, "..*": _RANGE, "+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "%": _PRODUCT,
}  # fmt: skip
_OPENERS = frozenset({"(", "[", "{", "!", "+", "-", "."})

ParseText = Callable[[Source], tuple[tree.LiteralPart, ...]]


class ExpressionParser:
    """Parses from `lexer`; `parse_text` parses the inside of a literal that contains `${…}`."""

    def __init__(self, lexer: Lexer, naming: Naming, parse_text: ParseText) -> None:
        self.lexer = lexer
        self.naming = naming
        self._parse_text = parse_text
        self._depth = 0
        # In `<@name …>` the name ends at the first white space; `<@name -1>` is no subtraction.
        self.stop_at_space = False
        # In `<@x a=b! c=d>` a `!` before white space is a default without a right side.
        self.in_named_arguments = False

    def expression(self, minimum: int = _OR) -> tree.Expression:
        """Parse an expression whose operators bind at least as tightly as `minimum`."""
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise self._beyond("this expression is nested too deeply for the preview")
        try:
            left = self._unary()
            allowed = _PRODUCT
            while True:
                level = self._level(self.lexer.peek())
                if not minimum <= level <= allowed:
                    return left
                left = self._binary(left, level)
                # Comparisons and ranges do not chain: only looser operators may follow one.
                allowed = level - 1 if level in (_EQUALITY, _RELATION, _RANGE) else level
        finally:
            self._depth -= 1

    def arguments(self, closing: str) -> tuple[tree.Expression, ...]:
        """Read expressions up to and including `closing`."""
        expressions = self.positional()
        self.expect(closing)
        return expressions

    def positional(self, *, lambdas: bool = False) -> tuple[tree.Expression, ...]:
        """Read expressions with or without commas between them, as long as there are any."""
        expressions: list[tree.Expression] = []
        if self.starts_expression(self.lexer.peek()):
            expressions.append(self._argument(lambdas))
            while True:
                if self.lexer.peek().is_mark(","):
                    self.lexer.take()
                elif not self.starts_expression(self.lexer.peek()):
                    break
                expressions.append(self._argument(lambdas))
        return tuple(expressions)

    def expect(self, mark: str) -> Token:
        token = self.lexer.take()
        if not token.is_mark(mark):
            raise self._unexpected(token, f"expected {mark} instead of {_shown(token)}")
        return token

    def expect_name(self, what: str) -> Token:
        token = self.lexer.take()
        if token.kind != "name":
            raise self._unexpected(token, f"expected {what} instead of {_shown(token)}")
        return token

    def starts_expression(self, token: Token) -> bool:
        if token.kind == "keyword":
            return token.text in ("true", "false")
        if token.kind == "mark":
            return token.text in _OPENERS
        return token.kind != "end"

    def string_value(self, token: Token) -> str:
        """Return the value of a literal where `${…}` has no meaning, such as the name in `<#assign "x" = 1>`."""
        if token.kind == "raw":
            return token.text[2:-1]
        return unescape(self.lexer.source, token.start, token.end)[0]

    # ---- operators

    def _level(self, token: Token) -> int:
        if token.kind not in ("mark", "keyword") or (self.stop_at_space and token.spaced):
            return 0
        return _LEVELS.get(token.text, 0)

    def _binary(self, left: tree.Expression, level: int) -> tree.Expression:
        if level in (_SUM, _PRODUCT, _AND, _OR):
            return self._chain(left, level)
        operator = self.lexer.take()
        if level == _RANGE:
            return self._range(left, operator)
        right = self.expression(level + 1)
        name = "==" if operator.text == "=" else operator.text
        return tree.Comparison(left.span.to(right.span), left, name, right)

    def _chain(self, first: tree.Expression, level: int) -> tree.Expression:
        operands, operators = [first], []
        while self._level(self.lexer.peek()) == level:
            operators.append(self.lexer.take().text)
            operands.append(self.expression(level + 1))
        span = first.span.to(operands[-1].span)
        if level == _OR:
            return tree.Logic(span, "||", tuple(operands))
        if level == _AND:
            return tree.Logic(span, "&&", tuple(operands))
        return tree.Arithmetic(span, tuple(operands), tuple(operators))

    def _range(self, start: tree.Expression, operator: Token) -> tree.Range:
        if operator.text == "..":
            following = self.lexer.peek()
            if not self.starts_expression(following) or following.is_mark("!"):
                return tree.Range(start.span.to(self._span(operator)), start, None, "..")
        end = self.expression(_SUM)
        # _LEVELS has only the three range operators at this level.
        return tree.Range(start.span.to(end.span), start, end, operator.text)  # type: ignore[arg-type]

    def _unary(self) -> tree.Expression:
        token = self.lexer.peek()
        if token.is_mark("+", "-"):
            self.lexer.take()
            operand = self._primary()
            return tree.Sign(self._span(token).to(operand.span), operand, token.text == "-")
        if token.is_mark("!"):
            marks = []
            while self.lexer.peek().is_mark("!"):
                marks.append(self.lexer.take())
            result = self._primary()
            for mark in reversed(marks):
                result = tree.Not(self._span(mark).to(result.span), result)
            return result
        return self._primary()

    # ---- operands and postfixes

    def _primary(self) -> tree.Expression:
        left = self._operand()
        for _ in range(MAX_POSTFIXES):
            token = self.lexer.peek()
            if token.kind != "mark" or (self.stop_at_space and token.spaced):
                return left
            step = _POSTFIXES.get(token.text)
            if step is None:
                return left
            self.lexer.take()
            left = step(self, left, token)
        raise self._beyond("this expression has too many steps in a row for the preview")

    def _operand(self) -> tree.Expression:
        token = self.lexer.take()
        span = self._span(token)
        if token.kind == "number":
            number = Decimal(token.text) if "." in token.text else _integer(token.text)
            return tree.NumberLiteral(span, number)
        if token.kind in ("string", "raw"):
            return self._string(token)
        if token.kind == "name":
            return tree.Name(span, token.text)
        if token.kind == "keyword" and token.text in ("true", "false"):
            return tree.BooleanLiteral(span, token.text == "true")
        if token.is_mark("("):
            inner = self.expression()
            return tree.Parenthesis(span.to(self._span(self.expect(")"))), inner)
        if token.is_mark("["):
            items = self.arguments("]")
            return tree.ListLiteral(self._since(token), items)
        if token.is_mark("{"):
            return self._hash(token)
        if token.is_mark("."):
            name = self.expect_name("the name of a special variable")
            return tree.SpecialName(self._since(token), self.naming.plain(name.text, self._span(name)))
        raise self._unexpected(token, f"expected an expression instead of {_shown(token)}")

    def _string(self, token: Token) -> tree.Expression:
        span = self._span(token)
        if token.kind == "raw":
            return tree.StringLiteral(span, token.text[2:-1])
        value, offsets = unescape(self.lexer.source, token.start, token.end)
        # FreeMarker searches for ${ in the literal as written, but then parses the unescaped value.
        if len(value) > 3 and ("${" in token.text or "#{" in token.text):
            parts = self._parse_text(LiteralSource(self.lexer.source, value, offsets, token.end))
            return tree.InterpolatedString(span, parts)
        return tree.StringLiteral(span, value)

    def _hash(self, opening: Token) -> tree.HashLiteral:
        pairs: list[tuple[tree.Expression, tree.Expression]] = []
        if not self.lexer.peek().is_mark("}"):
            while True:
                key = self.expression()
                separator = self.lexer.take()
                if not separator.is_mark(":", ","):
                    raise self._unexpected(separator, f"expected : instead of {_shown(separator)}")
                pairs.append((key, self.expression()))
                if not self.lexer.peek().is_mark(","):
                    break
                self.lexer.take()
        self.expect("}")
        return tree.HashLiteral(self._since(opening), tuple(pairs))

    def _dot(self, target: tree.Expression, _mark: Token) -> tree.Expression:
        name = self.lexer.take()
        if name.kind not in ("name", "keyword"):
            raise self._unexpected(name, f"expected a field name after the dot instead of {_shown(name)}")
        image = self.lexer.source.text[name.start : name.end] if name.kind == "keyword" else name.text
        return tree.Dot(target.span.to(self._span(name)), target, image)

    def _index(self, target: tree.Expression, _mark: Token) -> tree.Expression:
        key = self.expression()
        closing = self.expect("]")
        return tree.Index(target.span.to(self._span(closing)), target, key)

    def _call(self, target: tree.Expression, _mark: Token) -> tree.Expression:
        arguments = self.arguments(")")
        return tree.Call(target.span.to(self._last()), target, arguments)

    def _builtin(self, target: tree.Expression, _mark: Token) -> tree.Expression:
        name = self.expect_name("the name of a built-in")
        name_span = self._span(name)
        plain = self.naming.plain(name.text, name_span)
        builtin = tree.BuiltIn(target.span.to(name_span), target, plain, None, name_span)
        if self.lexer.peek().is_mark("(") and not (self.stop_at_space and self.lexer.peek().spaced):
            self.lexer.take()
            arguments = self.positional(lambdas=True)
            self.expect(")")
            builtin = replace(builtin, arguments=arguments, span=target.span.to(self._last()))
        return builtin

    def _default(self, target: tree.Expression, mark: Token) -> tree.Expression:
        following = self.lexer.peek()
        bare = self.in_named_arguments and not self.lexer.parentheses and following.spaced
        if bare or (self.stop_at_space and following.spaced) or not self._starts_fallback(following):
            return tree.Default(target.span.to(self._span(mark)), target, None)
        fallback = self.expression()
        return tree.Default(target.span.to(fallback.span), target, fallback)

    def _starts_fallback(self, token: Token) -> bool:
        """`x!!y` falls back to `!y`; `x!!` is a default of a default."""
        if not token.is_mark("!"):
            return self.starts_expression(token)
        saved = self.lexer.save()
        for _ in range(MAX_NESTING):
            if not self.lexer.peek().is_mark("!"):
                break
            self.lexer.take()
        starts = self.starts_expression(self.lexer.peek())
        self.lexer.back(saved)
        return starts

    def _exists(self, target: tree.Expression, mark: Token) -> tree.Expression:
        return tree.Exists(target.span.to(self._span(mark)), target)

    def _argument(self, lambdas: bool) -> tree.Expression:
        return (self._lambda() if lambdas else None) or self.expression()

    def _lambda(self) -> tree.Expression | None:
        """Read `x -> …` or `(x, y) -> …`; None, without reading anything, when there is no lambda."""
        saved, start = self.lexer.save(), self.lexer.peek()
        names: list[str] = []
        if start.kind == "name":
            names.append(self.lexer.take().text)
        elif start.is_mark("("):
            self.lexer.take()
            while self.lexer.peek().kind == "name":
                names.append(self.lexer.take().text)
                if not self.lexer.peek().is_mark(","):
                    break
                self.lexer.take()
            if not self.lexer.peek().is_mark(")"):
                self.lexer.back(saved)
                return None
            self.lexer.take()
        if start.kind in ("name", "mark") and self.lexer.peek().is_mark("->"):
            self.lexer.take()
            body = self.expression()
            return tree.Lambda(self._span(start).to(body.span), tuple(names), body)
        self.lexer.back(saved)
        return None

    # ---- spans

    def _span(self, token: Token) -> tree.Span:
        return self.lexer.span(token.start, token.end)

    def _last(self) -> tree.Span:
        return self.lexer.span(self.lexer.last_end - 1, self.lexer.last_end)

    def _since(self, token: Token) -> tree.Span:
        return self.lexer.span(token.start, self.lexer.last_end)

    def _beyond(self, message: str) -> Unsupported:
        return Unsupported(message, self._span(self.lexer.peek()))

    def _unexpected(self, token: Token, message: str) -> TemplateError:
        return self.lexer.error(message, token.start, token.end)


_POSTFIXES: dict[str, Callable[[ExpressionParser, tree.Expression, Token], tree.Expression]] = {
    ".": ExpressionParser._dot,
    "[": ExpressionParser._index,
    "(": ExpressionParser._call,
    "?": ExpressionParser._builtin,
    "!": ExpressionParser._default,
    "??": ExpressionParser._exists,
}


def _integer(digits: str) -> int | Decimal:
    # int() rejects thousands of digits; such a number fails later as too large, with its position.
    return int(digits) if len(digits) < 4000 else Decimal(digits)


def _shown(token: Token) -> str:
    if token.kind == "end":
        return f"the end of the tag ({token.text})"
    return token.text if len(token.text) <= 30 else token.text[:27] + "..."
