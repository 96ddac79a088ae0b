"""?string, in all its forms."""

from __future__ import annotations

from typing import Any

from expensify.freemarker.builtin.registry import NodeCompiler, check_count, shaped
from expensify.freemarker.decimal_format import decimal_format
from expensify.freemarker.errors import RenderError
from expensify.freemarker.operators import absent
from expensify.freemarker.runtime import Environment, Evaluator, Frame
from expensify.freemarker.setting_changes import NUMBER_FORMATS
from expensify.freemarker.tree import BuiltIn
from expensify.freemarker.values import Matches, boolean_of, is_moment, is_number, kind_of


@shaped("string")
def _string(compiler: NodeCompiler, node: BuiltIn) -> Evaluator:
    check_count(node, 0, 2)
    target, span = compiler.compile(node.target), node.name_span
    arguments = [compiler.needed(argument) for argument in node.arguments or ()]

    def show(frame: Frame) -> str:
        value = target(frame)
        if value is None:
            raise absent(node.target)
        try:
            if type(value) is str and not arguments:
                return value
            if isinstance(value, (bool, Matches)):
                return _chosen(frame, boolean_of(value) is True, arguments)
            if not arguments:
                return frame.env.text(value)
            if len(arguments) == 1:
                return _formatted(frame.env, value, frame.env.text(arguments[0](frame)))
            raise RenderError(f'?string("…", "…") is for booleans; this is {kind_of(value)}')
        except RenderError as error:
            error.place(span)
            raise

    return show


def _chosen(frame: Frame, value: bool, arguments: list[Evaluator]) -> str:
    """Both words are made text, as FreeMarker does it, before one is chosen."""
    if not arguments:
        words = frame.env.boolean_words or ("true", "false")
        return words[0] if value else words[1]
    if len(arguments) != 2:
        raise RenderError('a boolean needs two words: ?string("yes", "no")')
    yes, no = frame.env.text(arguments[0](frame)), frame.env.text(arguments[1](frame))
    return yes if value else no


def _formatted(env: Environment, value: Any, form: str) -> str:
    if is_number(value):
        return decimal_format(NUMBER_FORMATS.get(form, form))(value)
    if is_moment(value):
        return env.dates.formatted(value, form)
    raise RenderError(f"a format is for numbers and dates; this is {kind_of(value)}")
