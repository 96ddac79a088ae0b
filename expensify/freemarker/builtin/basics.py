"""Existence, choice and types: ?has_content, ?then, ?is_string and their like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from expensify.freemarker.builtin.registry import NodeCompiler, check_count, plain, plain_table, shaped
from expensify.freemarker.comparing import equal
from expensify.freemarker.errors import RenderError, TemplateError
from expensify.freemarker.routines import Routine
from expensify.freemarker.runtime import Environment, Evaluator, Frame
from expensify.freemarker.tree import BuiltIn
from expensify.freemarker.values import (
    NOTHING,
    EndlessRange,
    boolean_of,
    is_map,
    is_moment,
    is_number,
    is_sequence,
    kind_of,
    number_of,
)


def has_content(env: Environment, value: Any) -> bool:
    """Present, and not an empty string, list or map. Numbers, booleans and dates always have content."""
    if value is None:
        return False
    if isinstance(value, (str, Mapping)):
        return len(value) > 0
    if isinstance(value, EndlessRange):
        return True
    if is_sequence(value):
        return len(env.listed(value)) > 0
    return True


@shaped("has_content")
def _has_content(compiler: NodeCompiler, node: BuiltIn) -> Evaluator:
    check_count(node, 0, 0)
    target = compiler.forgiving(node.target)

    def test(frame: Frame) -> bool:
        value = target(frame)
        if type(value) is str:
            return len(value) > 0
        return has_content(frame.env, value)

    return test


@shaped("exists")
def _exists(compiler: NodeCompiler, node: BuiltIn) -> Evaluator:
    check_count(node, 0, 0)
    target = compiler.forgiving(node.target)
    return lambda frame: target(frame) is not None


@shaped("if_exists")
def _if_exists(compiler: NodeCompiler, node: BuiltIn) -> Evaluator:
    check_count(node, 0, 0)
    target = compiler.forgiving(node.target)

    def choose(frame: Frame) -> Any:
        value = target(frame)
        return NOTHING if value is None else value

    return choose


@shaped("default")
def _default(compiler: NodeCompiler, node: BuiltIn) -> Evaluator:
    if not node.arguments:
        raise TemplateError("?default needs at least 1 argument", node.name_span)
    target = compiler.forgiving(node.target)
    others = [compiler.compile(argument) for argument in node.arguments]

    def choose(frame: Frame) -> Any:
        value = target(frame)
        if value is not None:
            return value
        for other in others:
            value = other(frame)
            if value is not None:
                return value
        return None

    return choose


@shaped("then")
def _then(compiler: NodeCompiler, node: BuiltIn) -> Evaluator:
    """Only the chosen side is evaluated; it must not be missing."""
    check_count(node, 2, 2)
    assert node.arguments is not None
    test = compiler.condition(node.target)
    yes, no = compiler.needed(node.arguments[0]), compiler.needed(node.arguments[1])
    return lambda frame: yes(frame) if test(frame) else no(frame)


@shaped("switch")
def _switch(compiler: NodeCompiler, node: BuiltIn) -> Evaluator:
    arguments = node.arguments or ()
    if len(arguments) < 2:
        raise TemplateError("?switch needs at least 2 arguments: a case and its result", node.name_span)
    subject = compiler.needed(node.target)
    count = len(arguments) // 2 * 2
    cases = [(compiler.needed(arguments[at]), compiler.needed(arguments[at + 1])) for at in range(0, count, 2)]
    default = compiler.needed(arguments[-1]) if len(arguments) % 2 else None

    def choose(frame: Frame) -> Any:
        value = subject(frame)
        try:
            for case, result in cases:
                if equal(frame.env, value, case(frame)):
                    return result(frame)
        except RenderError as error:
            error.place(node.name_span)
            raise
        if default is None:
            raise RenderError("no case of this ?switch matches, and it has no default", node.name_span)
        return default(frame)

    return choose


plain_table(
    {
        "is_string": lambda env, value: isinstance(value, str),
        "is_number": lambda env, value: is_number(value),
        "is_boolean": lambda env, value: boolean_of(value) is not None,
        **dict.fromkeys(("is_date", "is_date_like"), lambda env, value: is_moment(value)),
        **dict.fromkeys(("is_hash", "is_hash_ex"), lambda env, value: is_map(value)),
        **dict.fromkeys(("is_sequence", "is_indexable", "is_enumerable"), lambda env, value: is_sequence(value)),
        # Functions count as macros too.
        **dict.fromkeys(("is_macro", "is_directive"), lambda env, value: isinstance(value, Routine)),
        **dict.fromkeys(("is_collection", "is_method", "is_transform", "is_node"), lambda env, value: False),
        **dict.fromkeys(("is_collection_ex", "is_markup_output"), lambda env, value: False),
        # A number of the data or of a calculation is always finite.
        **dict.fromkeys(("is_nan", "is_infinite"), lambda env, value: number_of(value, "a number") is None),
    }
)


@plain("keys")
def _keys(env: Environment, value: Any) -> Any:
    if isinstance(value, Mapping):
        return [env.text(key) for key in env.counted(value)]
    return _empty(value)


@plain("values")
def _values(env: Environment, value: Any) -> Any:
    if isinstance(value, Mapping):
        return list(env.counted(value.values()))
    return _empty(value)


def _empty(value: Any) -> list[Any]:
    if is_map(value):
        return []
    raise RenderError(f"expected a map, but this is {kind_of(value)}")
