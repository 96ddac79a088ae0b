"""Look up the fields of objects in the catalogue, and report unknown ones."""

from __future__ import annotations

import re
from functools import lru_cache

from expensify.freemarker.catalogue import Field
from expensify.freemarker.lint.context import Context
from expensify.freemarker.lint.findings import Fix
from expensify.freemarker.lint.state import SAME_CURRENCY
from expensify.freemarker.lint.values import NONE, SPECIAL, UNKNOWN, Read, Value
from expensify.freemarker.tree import Expression, Span

LEVELS = {
    "top": "the export",
    "report": "a report",
    "expense": "an expense",
    "approver": "an approver",
    "action": "an entry of the history",
    "card": "a card",
    "policy": "a workspace",
    "owner": "a card owner",
}
INSIDE = {
    "report": "<#list reports as report>",
    "expense": "<#list report.transactionList as expense>",
    "approver": "<#list report.approvers as approver>",
    "action": "<#list report.actionList as action>",
}
"""The loop in which fields of a level can be printed."""
# The content of these varies, so a name outside the catalogue may be right.
_OPEN = frozenset({"action.details", "expense.nameValuePairs", "owner.data", "categoryGLCodeMap", "reportFieldData"})
_MAY_BE_EMPTY = frozenset({"expense.receiptObject"})
# Values of a fixed format, by the end of their name, never need quotes. Other text is typed by people.
_CODED = re.compile(
    r"(email|currency|status|state|type|id|url|link|thumbnail|unit|hash|number|source|action|PAN)(\(\))?$", re.I
)
_SEVERAL_LINES = frozenset({"comment", "message", "details", "attendees"})
_FREE = SPECIAL - {"\n", "\r"}


def member(context: Context, target: Value, name: str, node: Expression, name_span: Span) -> Value:
    """Return the value of a field of an object, and report problems with it."""
    if target.type == "list" or (target.type != "object" and not target.path):
        return UNKNOWN
    if not target.path:
        return target.item or UNKNOWN
    full = f"{target.path}.{name}"
    field = context.catalogue.field(full)
    if target.path in _MAY_BE_EMPTY and not (target.tested or context.missing_allowed):
        _add_untested(context, node)
    if field is None or field.placeholder:
        if target.item is not None:
            return target.item
        if target.path not in _OPEN and not _is_prefix(context, full):
            _add_unknown(context, target, name, node, name_span)
        return UNKNOWN
    return found(context, field, node)


def method(context: Context, target: Value, name: str, node: Expression) -> Value:
    """Return the value of `report.getSubmitted()`, which only reconciliation reports have."""
    field = context.catalogue.field(f"{target.path}.{name}()") if target.path else None
    return UNKNOWN if field is None else found(context, field, node)


def found(context: Context, field: Field, node: Expression) -> Value:
    """Return the value of an existing field, and record the read."""
    context.used.add(field.name)
    if field.evidence == "seen" and field.is_value and field.name not in context.noted:
        _add_undocumented(context, field, node)
    if field.type == "list":
        return Value("list", item=Value("object", path=field.items))
    if field.type == "object":
        item = Value("object", path=field.items) if field.items else None
        return Value("object", path=field.name, item=item, tested=field.name in context.state.certain)
    alike = SAME_CURRENCY in context.state.certain
    return Value(
        field.type,
        reads=frozenset({Read(field.name, node.span.start, node.span.end)}),
        currencies=frozenset({field.currency}) if field.currency and not alike else NONE,
        may=_characters(field),
        identifier=field.identifier,
    )


@lru_cache(maxsize=1024)
def _characters(field: Field) -> frozenset[str]:
    if field.type != "text":
        return NONE
    if field.name.rpartition(".")[2] in _SEVERAL_LINES:
        return SPECIAL
    return NONE if is_coded(field) else _FREE


def is_coded(field: Field) -> bool:
    """Whether the values have a fixed format, unlike text that people type."""
    return _CODED.search(field.name.rpartition(".")[2]) is not None


def _is_prefix(context: Context, full: str) -> bool:
    return any(field.name.startswith(full + ".") for field in context.catalogue)


def _add_undocumented(context: Context, field: Field, node: Expression) -> None:
    context.noted.add(field.name)
    sentence = (
        f"{field.name} is in no description of Expensify's; it has only been seen in other people's templates."
        " Check in a real file that it holds what you expect."
    )
    context.findings.add("undocumented-field", node.span, sentence, severity="note")


def _add_untested(context: Context, node: Expression) -> None:
    text = context.findings.written(node.span)
    after = context.findings.text[node.span.end :]
    if re.match(r"\s*(!|\?\?|\?has_content|\?if_exists|\?exists|\?default)", after):
        replacement = f"({text})"
    elif after.startswith("}") and context.findings.text[: node.span.start].endswith("${"):
        replacement = f'({text})!""'
    else:
        replacement = f'(({text})!"")'
    context.findings.add(
        "receipt-untested",
        node.span,
        "An expense without a receipt has no receiptObject, and asking it for something fails. Test it with"
        " <#if expense.receiptObject?has_content>, or put the whole name in parentheses with a default behind them.",
        Fix("Print nothing without a receipt", node.span.start, node.span.end, replacement),
    )


def _add_unknown(context: Context, target: Value, name: str, node: Expression, name_span: Span) -> None:
    full = f"{target.path}.{name}"
    level = target.path.partition(".")[0]
    custom = context.catalogue.field(f"{target.path}.{re.sub(r'[^A-Za-z0-9]', '_', name)}")
    if custom is not None and not custom.placeholder:
        fix = _replacement_fix(context, custom.name, target, node)
        sentence = f"In the name of a report field, an underscore stands for every other sign: write {custom.name}."
        context.findings.add("unknown-field", name_span, sentence, fix)
        return
    near = [_fill_level(context, candidate) for candidate in _nearest(context, full, level)]
    subject = LEVELS[target.path].capitalize() if target.path in LEVELS else target.path
    sentence = f"{subject} has no field {name}."
    fix = None
    if near:
        sentence += f" {question(near)}"
        other = near[0].partition(".")[0]
        fix = _replacement_fix(context, near[0], target, node)
        if other != level and other in LEVELS:
            sentence += f" That is a field of {LEVELS[other]}"
            sentence += "." if fix or other not in INSIDE else f", known only inside {INSIDE[other]}."
    else:
        sentence += " Look it up in the list of fields, or take it out."
    context.findings.add("unknown-field", name_span, sentence, fix)


def _nearest(context: Context, full: str, level: str) -> list[str]:
    exact = context.catalogue.field(full)
    if exact is not None:
        # Copied from the manual, with its placeholder.
        return [full]
    # LEVELS has exactly the names of catalogue.Level.
    return context.catalogue.nearest(full, level if level in LEVELS else None)  # type: ignore[arg-type]


def _fill_level(context: Context, name: str) -> str:
    """Return a name with its tag level filled in: the first."""
    field = context.catalogue.field(name)
    return name.replace("X", "1") if field is not None and field.placeholder == "X" else name


def question(names: list[str]) -> str:
    """Return "Did you mean a, b or c?"."""
    alternatives = " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return f"Did you mean {alternatives}?"


def spelled(context: Context, name: str) -> str | None:
    """Return the expression for a field of the catalogue at this position, with the template's own variables; None if
    it is not available here."""
    path, _, last = name.rpartition(".")
    while path:
        for variable, value in [*reversed(context.state.loops), *context.state.variables.items()]:
            if value.type == "object" and value.path == path:
                return f"{variable}.{last}"
        path, _, more = path.rpartition(".")
        last = f"{more}.{last}"
    field = context.catalogue.field(name)
    return name if field is not None and field.level == "top" else None


def _replacement_fix(context: Context, name: str, target: Value, node: Expression) -> Fix | None:
    """Return the fix that replaces a node, which reads a field of `target`, by a field of the catalogue."""
    field = context.catalogue.field(name)
    if field is None or field.placeholder:
        return None
    written = spelled(context, name)
    dotted = getattr(node, "target", None)
    if name.startswith(target.path + ".") and dotted is not None:
        written = context.findings.written(dotted.span) + name[len(target.path) :]
    if written is None:
        return None
    return Fix(f"Write {written}", node.span.start, node.span.end, written)
