"""Check printed values: the format of each, and the columns as a whole."""

from __future__ import annotations

from expensify.freemarker.lint.context import Context, printed_reads
from expensify.freemarker.lint.findings import Fix
from expensify.freemarker.lint.fixing import divided, in_place_of, tight
from expensify.freemarker.lint.values import Value
from expensify.freemarker.tree import BuiltIn, Expression

_CENTS = "Amounts come in cents, so 12.34 would be printed as 1234. Divide by 100 and give it two decimals."


def check(context: Context, value: Value, node: Expression, *, has_format: bool = False) -> None:
    """Report a value that is printed without the format it needs."""
    if value.type == "boolean":
        _add_boolean(context, node)
    elif value.type == "cents":
        fix = in_place_of(node, "Print with two decimals", divided(node, context.findings))
        context.findings.add("cents", node.span, _CENTS, fix)
    elif value.type == "money" and not has_format and not context.formats_numbers:
        fix = in_place_of(node, "Print two decimals", f'{tight(node, context.findings, "0")}?string("0.00")')
        context.findings.add(
            "number-format",
            node.span,
            "Without a format the zeros at the end are missing: 12.50 is printed as 12.5. Print two decimals.",
            fix,
        )


def _add_boolean(context: Context, node: Expression) -> None:
    text = tight(node, context.findings, "false")
    if context.makes_json:
        fix = in_place_of(node, "Print true or false", f"{text}?c")
        sentence = "A yes-or-no value prints nothing by itself. Put ?c behind it for JSON's true and false."
    else:
        fix = in_place_of(node, "Print Yes or No", f'{text}?string("Yes", "No")')
        sentence = 'A yes-or-no value prints nothing by itself. Say what to print: ?string("Yes", "No").'
    context.findings.add("boolean-format", node.span, sentence, fix)


def check_pattern(context: Context, node: BuiltIn, value: Value, arguments: list[Value]) -> None:
    """Report `cents?string("0.00")`, whose decimals are always zero. A pattern without a point may be intended."""
    pattern = arguments[0].literal if arguments else None
    if value.type == "cents" and pattern and "." in pattern:
        target = f"({tight(node.target, context.findings, '0')} / 100)"
        fix = Fix("Divide by 100", node.target.span.start, node.target.span.end, target)
        context.findings.add("cents", node.span, _CENTS, fix)


def check_columns(context: Context) -> None:
    """Report mixed currencies and ignored edits, once everything has been printed."""
    labelled = any(
        {"expense.currency", "report.currency"} <= printed.value.fields and not printed.value.currencies
        for printed in context.printed
    )
    for printed in context.printed:
        if {"expense", "report"} <= printed.value.currencies and not labelled:
            context.findings.add(
                "mixed-currency",
                printed.span,
                "This column holds amounts in the report's currency in some rows and in the currency of the expense in"
                " others, and no column says which. Print them in two columns, or print the currency beside them.",
            )
    for name, read in printed_reads(context).items():
        field = context.catalogue.field(name)
        if field is not None and field.edited and field.edited not in context.used:
            _add_ignored_edit(context, read.start, read.end, name, field.edited)


def _add_ignored_edit(context: Context, start: int, end: int, name: str, edited: str) -> None:
    text = context.findings.text[start:end]
    last, other = name.rpartition(".")[2], edited.rpartition(".")[2]
    fix = None
    if text.endswith(f".{last}"):
        changed = text[: -len(last)] + other
        fix = Fix("Let the edited value go first", start, end, f"({changed}?has_content?then({changed}, {text}))")
    context.findings.add(
        "modified-ignored",
        context.findings.span(start, end),
        f"{name} is what was first entered. Where somebody corrected it, the right value is in {edited},"
        " which this template never looks at. Let that go first.",
        fix,
    )
