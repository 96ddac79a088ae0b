"""?filter, ?map, ?take_while and ?drop_while. Where their list is walked through at once, they never build it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import dropwhile, takewhile
from typing import Any

from expensify.freemarker.builtin.registry import SHAPED, NodeCompiler, check_count
from expensify.freemarker.errors import RenderError, TemplateError
from expensify.freemarker.routines import invoke
from expensify.freemarker.runtime import Evaluator, Frame
from expensify.freemarker.tree import BuiltIn, Expression, Lambda
from expensify.freemarker.values import Lazy, kind_of

Applied = Callable[[Frame, Any], Any]
Walk = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]

_WALKS: dict[str, Walk] = {
    "filter": lambda test, items: (item for item in items if test(item)),
    "map": lambda change, items: (change(item) for item in items),
    "take_while": takewhile,
    "drop_while": dropwhile,
}


def walk(compiler: NodeCompiler, node: BuiltIn) -> Evaluator:
    """A closure that gives the result as a Lazy list."""
    check_count(node, 1, 1)
    assert node.arguments is not None
    source = compiler.iterable(node.target)
    applied = _applied(compiler, node, node.arguments[0])
    walked, name, place = _WALKS[node.name], node.name, node.arguments[0].span

    def start(frame: Frame) -> Lazy:
        def tested(item: Any) -> Any:
            result = applied(frame, item)
            if name != "map" and result is not True and result is not False:
                raise RenderError(f"?{name} needs a boolean from its function, but got {kind_of(result)}", place)
            return result

        items = frame.env.iterated(source(frame))
        return Lazy(walked(tested, frame.env.counted(items)))

    return start


def _applied(compiler: NodeCompiler, node: BuiltIn, function: Expression) -> Applied:
    """The lambda, or the function by its name, as something to call for each item."""
    if not isinstance(function, Lambda):
        routine = compiler.needed(function)
        return lambda frame, item: invoke(frame.env, routine(frame), [item], function.span)
    if len(function.parameters) != 1:
        raise TemplateError(f"?{node.name} needs a lambda with one parameter", function.span)
    slot = compiler.scope.bind_parameters(function.parameters)
    body = compiler.compile(function.body)
    compiler.scope.unbind(function.parameters)

    def apply(frame: Frame, item: Any) -> Any:
        # A lambda may run inside a call of itself, through a lazy list; the outer item comes back afterwards.
        before = frame.loops[slot]
        frame.loops[slot] = item
        try:
            return body(frame)
        finally:
            frame.loops[slot] = before

    return apply


def _listed(compiler: NodeCompiler, node: BuiltIn) -> Evaluator:
    """All of it as a list; from a range without an end, the limit on steps ends it."""
    start = walk(compiler, node)
    return lambda frame: list(start(frame))


for _name in _WALKS:
    SHAPED[_name] = _listed
