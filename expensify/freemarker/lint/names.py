"""Resolve variables, and report undefined ones."""

from __future__ import annotations

from difflib import get_close_matches

from expensify.freemarker.lint import fields
from expensify.freemarker.lint.context import Context
from expensify.freemarker.lint.findings import Fix
from expensify.freemarker.lint.state import SAME_CURRENCY
from expensify.freemarker.lint.values import BOOLEAN, INTEGER, NONE, UNKNOWN, Value
from expensify.freemarker.tree import Name

_EFFECTS = {"default": "its default is always taken", "test": "this test never finds it", "": "this prints nothing"}


def named(context: Context, node: Name) -> Value:
    """Return the value of a variable, or of a name that every template can use."""
    value = context.state.value(node.name)
    if value is not None:
        return _apply_tests(context, value)
    legacy = _read_legacy_name(context, node.name)
    if legacy is not None:
        return legacy
    if node.name in context.macros:
        return Value(routine=context.macros[node.name])
    field = context.catalogue.field(node.name)
    if field is not None and field.level == "top":
        return fields.found(context, field, node)
    if any(field.level == "top" and field.name.startswith(node.name + ".") for field in context.catalogue):
        return Value("object", path=node.name)
    if node.name not in context.assigned:
        _add_unassigned(context, node)
    return UNKNOWN


def _apply_tests(context: Context, value: Value) -> Value:
    """Add what surrounding tests have established."""
    if value.path in context.state.certain:
        return value._replace(tested=True)
    if value.currencies and SAME_CURRENCY in context.state.certain:
        return value._replace(currencies=NONE)
    return value


def _read_legacy_name(context: Context, name: str) -> Value | None:
    """`x_index` and `x_has_next`, which are older than `x?index`."""
    for bound, _ in context.state.loops:
        if name == f"{bound}_index":
            return INTEGER
        if name == f"{bound}_has_next":
            return BOOLEAN
    return None


def _add_unassigned(context: Context, node: Name) -> None:
    names = context.state.names | set(context.macros)
    tops = {field.name for field in context.catalogue.fields("top") if "." not in field.name}
    fix = None
    sentence = f"Nothing here is called {node.name}, so {_EFFECTS[context.missing]}."
    near = get_close_matches(node.name, sorted(names | tops), n=2, cutoff=0.7)
    if node.name in fields.INSIDE and not near:
        sentence += f" It is known only inside {fields.INSIDE[node.name]}."
    else:
        if not near:
            possible = [name for name in context.catalogue.nearest(node.name) if _member(name) == node.name.lower()]
            near = [written for name in possible if (written := fields.spelled(context, name))]
        if near:
            sentence += f" {fields.question(near)}"
            fix = Fix(f"Write {near[0]}", node.span.start, node.span.end, near[0])
        else:
            sentence += f" Give it a value before, with <#assign {node.name} = …>, or take it out."
    context.findings.add("unassigned", node.span, sentence, fix)


def _member(name: str) -> str:
    return name.rpartition(".")[2].lower()
