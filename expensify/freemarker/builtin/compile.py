"""The built-ins: what may follow a `?`."""

from __future__ import annotations

import difflib
from typing import Never

# Importing these registers their built-ins.
from expensify.freemarker.builtin import basics as basics
from expensify.freemarker.builtin import dates as dates
from expensify.freemarker.builtin import escapes as escapes
from expensify.freemarker.builtin import formats as formats
from expensify.freemarker.builtin import json_values as json_values
from expensify.freemarker.builtin import loops as loops
from expensify.freemarker.builtin import searching as searching
from expensify.freemarker.builtin import sequences as sequences
from expensify.freemarker.builtin import strings as strings
from expensify.freemarker.builtin.registry import PLAIN, SHAPED, UNSUPPORTED, NodeCompiler, run_plain
from expensify.freemarker.errors import TemplateError, Unsupported
from expensify.freemarker.runtime import Evaluator, Frame
from expensify.freemarker.tree import BuiltIn

LAZY = frozenset({"filter", "map", "take_while", "drop_while"})
"""Built-ins whose result can be walked through without being built."""


def compile_builtin(compiler: NodeCompiler, node: BuiltIn) -> Evaluator:
    """A closure for the built-in, or a TemplateError that says what is wrong with its name or arguments."""
    name = node.name
    if name in SHAPED:
        return SHAPED[name](compiler, node)
    if name in PLAIN:
        return run_plain(compiler, node, PLAIN[name])
    if name in UNSUPPORTED:
        return _unsupported(compiler, node)
    near = difflib.get_close_matches(name, [*PLAIN, *SHAPED], n=1, cutoff=0.6)
    hint = f"; did you mean ?{near[0]}?" if near else ""
    raise TemplateError(f"there is no built-in ?{name}{hint}", node.name_span)


def _unsupported(compiler: NodeCompiler, node: BuiltIn) -> Evaluator:
    # What it stands on must be right too.
    for part in (node.target, *(node.arguments or ())):
        compiler.compile(part)

    def run(frame: Frame) -> Never:
        raise Unsupported(f"?{node.name} is not run here: {UNSUPPORTED[node.name]}", node.name_span)

    return run


def names() -> list[str]:
    """All built-ins that templates may use."""
    return sorted([*PLAIN, *SHAPED])
