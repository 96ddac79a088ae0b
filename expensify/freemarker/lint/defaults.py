"""Find defaults that do not stand in for an empty value: ! and ?? ask only whether something is missing."""

from __future__ import annotations

import re

from expensify.freemarker import tree
from expensify.freemarker.catalogue import Catalogue, Field
from expensify.freemarker.lint import fields
from expensify.freemarker.lint.context import Context
from expensify.freemarker.lint.findings import Fix
from expensify.freemarker.lint.fixing import in_place_of, tight
from expensify.freemarker.lint.values import Value

_FILLED_LATER = frozenset({"expense.convertedAmount"})
_CONTENT_TEST = r"\)?\s*(\?(has_content|hasContent|length|trim)|(!=|==?)\s*[\"'])"


def check_default(
    context: Context, node: tree.Expression, target: tree.Expression, value: Value, *, fallback: tree.Expression | None
) -> None:
    """Report `field!fallback`, which prints nothing when the field is empty."""
    field = _field(context, value)
    if field is None or fallback is None or _is_blank(fallback):
        return
    is_known = is_often_empty(context.catalogue, field)
    if not is_known and (field.type not in ("text", "date", "datetime") or fields.is_coded(field)):
        return
    text, other = tight(target, context.findings), context.findings.written(fallback.span)
    fix = in_place_of(node, "Take the default for an empty value too", f"{text}?has_content?then({text}, {other})")
    context.findings.add(
        "empty-default",
        node.span,
        f"The default is taken only where {field.name} is missing. Where it is empty, it stays empty."
        " Ask ?has_content, which means both.",
        fix,
        "warning" if is_known else "note",
    )


def check_test(context: Context, node: tree.Expression, target: tree.Expression, value: Value) -> None:
    """Report `field??` for a field that is empty where it has no value."""
    field = _field(context, value)
    if field is None or not is_often_empty(context.catalogue, field):
        return
    written = context.findings.written(target.span).strip("()")
    if re.search(re.escape(written) + _CONTENT_TEST, context.findings.text):
        return
    text = tight(target, context.findings)
    context.findings.add(
        "empty-default",
        node.span,
        f"This asks only whether {field.name} is missing. Where it is empty, the test holds all the same."
        " Ask ?has_content, which means both.",
        Fix("Ask ?has_content", node.span.start, node.span.end, f"{text}?has_content"),
    )


def _field(context: Context, value: Value) -> Field | None:
    """The one field that the value comes from, unless a test has established that it has content."""
    if len(value.fields) != 1 or not value.fields.isdisjoint(context.state.certain):
        return None
    return context.catalogue.field(next(iter(value.fields)))


def is_often_empty(catalogue: Catalogue, field: Field) -> bool:
    """Whether the references say that the field is empty where it has no value."""
    return (
        "empty" in field.meaning
        or field.name in _FILLED_LATER
        or any(other.edited == field.name for other in catalogue)
    )


def _is_blank(fallback: tree.Expression) -> bool:
    while isinstance(fallback, tree.Parenthesis):
        fallback = fallback.inner
    if isinstance(fallback, tree.StringLiteral):
        return not fallback.value.strip()
    return isinstance(fallback, (tree.ListLiteral, tree.HashLiteral))
