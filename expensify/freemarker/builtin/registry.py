"""Where the built-ins are registered, and how the ordinary ones run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from expensify.freemarker.errors import RenderError, TemplateError
from expensify.freemarker.operators import absent
from expensify.freemarker.runtime import Evaluator, Frame
from expensify.freemarker.scope import Scope
from expensify.freemarker.tree import BuiltIn, Expression, Lambda

Function = Callable[..., Any]
"""function(env, value, *arguments): None of them is ever None."""


class NodeCompiler(Protocol):
    """The part of the expression compiler that built-ins use."""

    @property
    def scope(self) -> Scope: ...
    def compile(self, node: Expression) -> Evaluator: ...
    def needed(self, node: Expression) -> Evaluator: ...
    def condition(self, node: Expression) -> Callable[[Frame], bool]: ...
    def iterable(self, node: Expression) -> Evaluator: ...
    def forgiving(self, node: Expression) -> Evaluator: ...


@dataclass(frozen=True)
class Plain:
    """A built-in that is a function of its value and `least` to `most` arguments."""

    function: Function
    least: int
    most: int


PLAIN: dict[str, Plain] = {}
SHAPED: dict[str, Callable[[NodeCompiler, BuiltIn], Evaluator]] = {}
"""Built-ins that look at the tree: they take lambdas, forgive missing values or choose what to evaluate."""
KEYED = {"string", "date", "time", "datetime"}
"""Built-ins whose argument may be written like a field: `?string.iso`, also `?string["iso"]`."""
STREAMING = {"first", "join", "seq_contains"}
"""Built-ins that walk through their list once and need not have all of it."""
ACCEPT_MISSING = {"seq_contains", "seq_index_of", "seq_last_index_of"}
"""Built-ins whose argument may be missing: it is in no list."""
UNSUPPORTED = {
    "new": "it makes Java objects",
    "eval": "it runs text as a template",
    "interpret": "it runs text as a template",
    "api": "it reaches into Java objects",
    "has_api": "it reaches into Java objects",
    "with_args": "write the arguments out",
    "with_args_last": "write the arguments out",
    "esc": "the preview does not escape by itself",
    "no_esc": "the preview does not escape by itself",
    "markup_string": "the preview does not escape by itself",
    **dict.fromkeys(("truncate_m", "truncate_c_m", "truncate_w_m"), "the preview does not know it"),
    "absolute_template_name": "templates stand alone",
    "namespace": "templates stand alone",
    **dict.fromkeys(
        ("node_name", "node_type", "node_namespace", "parent", "root", "children", "ancestors"), "it walks XML"
    ),
    **dict.fromkeys(("next_sibling", "previous_sibling"), "it walks XML"),
}


def plain(name: str, least: int = 0, most: int | None = None) -> Callable[[Function], Function]:
    """Register a function as ?name; it takes `least` to `most` arguments (as many as `least` by itself)."""

    def register(function: Function) -> Function:
        PLAIN[name] = Plain(function, least, least if most is None else most)
        return function

    return register


def plain_table(functions: Mapping[str, Function], least: int = 0, most: int | None = None) -> None:
    """Register functions that take the same number of arguments, by their names."""
    for name, function in functions.items():
        plain(name, least, most)(function)


def shaped(name: str) -> Callable[[Function], Function]:
    """Register a function(compiler, node) that makes the closure of ?name."""

    def register(function: Function) -> Function:
        SHAPED[name] = function
        return function

    return register


def run_plain(compiler: NodeCompiler, node: BuiltIn, plain: Plain) -> Evaluator:
    """The closure of an ordinary built-in."""
    check_count(node, plain.least, plain.most)
    target = compiler.iterable(node.target) if node.name in STREAMING else compiler.compile(node.target)
    function, span = plain.function, node.name_span
    read = compiler.compile if node.name in ACCEPT_MISSING else compiler.needed
    arguments = [read(argument) for argument in node.arguments or ()]

    def run(frame: Frame) -> Any:
        env = frame.env
        value = target(frame)
        if value is None:
            raise absent(node.target)
        try:
            if arguments:
                result = function(env, value, *[argument(frame) for argument in arguments])
            else:
                result = function(env, value)
        except RenderError as error:
            error.place(span)
            raise
        if type(result) is str and len(result) > 256:
            env.allow(len(result))
        return result

    return run


def check_count(node: BuiltIn, least: int, most: int) -> None:
    """Refuse a built-in with the wrong number of arguments, while parsing."""
    arguments = node.arguments
    given = 0 if arguments is None else len(arguments)
    if arguments is None and least:
        raise TemplateError(f"?{node.name} needs {_count(least)} in parentheses", node.name_span)
    if arguments is not None and most == 0:
        raise TemplateError(f"?{node.name} takes no arguments", node.name_span)
    if not least <= given <= most:
        wanted = _count(least) if least == most else f"{least} to {most} arguments"
        raise TemplateError(f"?{node.name} takes {wanted}, not {given}", node.name_span)
    for argument in arguments or ():
        if isinstance(argument, Lambda) and node.name not in ("filter", "map", "take_while", "drop_while"):
            raise TemplateError(f"?{node.name} takes no lambda", argument.span)


def _count(number: int) -> str:
    return "1 argument" if number == 1 else f"{number} arguments"
