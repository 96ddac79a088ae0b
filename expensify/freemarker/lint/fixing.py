"""Rewrite expressions for a fix, as text."""

from __future__ import annotations

from expensify.freemarker import tree
from expensify.freemarker.lint.findings import Findings, Fix

_TIGHT = (
    tree.Name, tree.SpecialName, tree.Dot, tree.Index, tree.Call, tree.BuiltIn, tree.Parenthesis,
    tree.StringLiteral, tree.InterpolatedString, tree.Exists,
)  # fmt: skip


def tight(node: tree.Expression, findings: Findings, fallback: str = "") -> str:
    """Return the expression, in parentheses where a `?` after it would apply only to its last part.

    `fallback` replaces a textual default, which does not suit the fix: `x!""` with 0 becomes `(x!0)`.
    """
    if isinstance(node, tree.Default) and fallback and isinstance(node.fallback, (tree.StringLiteral, type(None))):
        return f"({findings.written(node.target.span)}!{fallback})"
    text = findings.written(node.span)
    return text if isinstance(node, _TIGHT) else f"({text})"


def divided(node: tree.Expression, findings: Findings) -> str:
    """Return the expression in units with two decimals, for one in cents."""
    return f'({tight(node, findings, "0")} / 100)?string("0.00")'


def in_place_of(node: tree.Expression, label: str, replacement: str) -> Fix:
    """Return the fix that replaces an expression."""
    return Fix(label, node.span.start, node.span.end, replacement)
