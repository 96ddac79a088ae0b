"""Where a loop is: x?index, x?has_next and their like, for loop variables only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from expensify.freemarker.builtin.registry import SHAPED, NodeCompiler, check_count, shaped
from expensify.freemarker.errors import RenderError, TemplateError
from expensify.freemarker.runtime import Evaluator, Frame, Loop
from expensify.freemarker.tree import BuiltIn, Name

_ANSWERS: dict[str, Callable[[Loop], Any]] = {
    "index": lambda loop: loop.index,
    "counter": lambda loop: loop.index + 1,
    "has_next": lambda loop: loop.has_next,
    "is_first": lambda loop: loop.index == 0,
    "is_last": lambda loop: not loop.has_next,
    "is_even_item": lambda loop: loop.index % 2 == 1,
    "is_odd_item": lambda loop: loop.index % 2 == 0,
    "item_parity": lambda loop: "even" if loop.index % 2 else "odd",
    "item_parity_cap": lambda loop: "Even" if loop.index % 2 else "Odd",
}


def _slot(compiler: NodeCompiler, node: BuiltIn) -> int:
    """The slot of the loop whose variable stands before the `?`."""
    if not isinstance(node.target, Name):
        raise TemplateError(f"?{node.name} needs the name of a loop variable before it", node.target.span)
    variable = compiler.scope.loop_of(node.target.name)
    if variable is None or variable.binding == "parameter":
        raise TemplateError(f"{node.target.name} is not the variable of a loop around this place", node.target.span)
    return variable.slot


def _register(name: str, answer: Callable[[Loop], Any]) -> None:
    def compile_it(compiler: NodeCompiler, node: BuiltIn) -> Evaluator:
        check_count(node, 0, 0)
        slot = _slot(compiler, node)
        return lambda frame: answer(frame.loops[slot])

    SHAPED[name] = compile_it


for _name, _answer in _ANSWERS.items():
    _register(_name, _answer)


@shaped("item_cycle")
def _item_cycle(compiler: NodeCompiler, node: BuiltIn) -> Evaluator:
    if not node.arguments:
        raise TemplateError("?item_cycle needs at least 1 argument", node.name_span)
    slot = _slot(compiler, node)
    choices = [compiler.compile(argument) for argument in node.arguments]

    def choose(frame: Frame) -> Any:
        value = choices[frame.loops[slot].index % len(choices)](frame)
        if value is None:
            raise RenderError("this item of ?item_cycle is missing", node.name_span)
        return value

    return choose
