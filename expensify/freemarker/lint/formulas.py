"""Find formulas of Expensify's website: another language, which a template prints as it stands."""

from __future__ import annotations

import re

from expensify.freemarker.lint import fields
from expensify.freemarker.lint.context import Context
from expensify.freemarker.lint.findings import Fix
from expensify.freemarker.lint.places import offset_of
from expensify.freemarker.tree import Text

# Case and spaces make no difference: { Report : Title }.
_FORMULA = re.compile(r"\{\s*(report|expense|user|field|math)\s*:\s*([^{}\"\n]+)\}", re.I)
_FIELDS = {
    "report:title": "report.reportName",
    "report:id": "report.reportID",
    "report:status": "report.status",
    "report:total": "report.total",
    "report:currency": "report.currency",
    "report:policyname": "report.policyName",
    "report:workspacename": "report.policyName",
    "report:submit:date": "report.submitted",
    "report:approve:date": "report.approved",
    "report:created": "report.created",
    "report:submit:from": "report.accountEmail",
    "report:submit:from:email": "report.accountEmail",
    "user:email": "report.accountEmail",
    "expense:merchant": "expense.merchant",
    "expense:merchant:original": "expense.merchant",
    "expense:amount": "expense.amount",
    "expense:amount:original": "expense.amount",
    "expense:currency": "expense.currency",
    "expense:currency:original": "expense.currency",
    "expense:date": "expense.created",
    "expense:created:date": "expense.created",
    "expense:category": "expense.category",
    "expense:category:glcode": "expense.categoryGlCode",
    "expense:tag": "expense.tag",
    "expense:comment": "expense.comment",
    "expense:description": "expense.comment",
    "expense:mcc": "expense.mcc",
}


def check(context: Context, node: Text) -> None:
    """Report the formulas in a printed text."""
    for formula in _FORMULA.finditer(node.text):
        start = offset_of(context.findings, node, formula.start())
        end = offset_of(context.findings, node, formula.end() - 1) + 1
        written = context.findings.text[start:end]
        expression = _expression(context, formula)
        advice = f"Write {expression}." if expression else "Write a field of the export, like ${report.reportName}."
        context.findings.add(
            "website-formula",
            context.findings.span(start, end),
            f"{written} is a formula of Expensify's website. A template prints it as it stands. {advice}",
            Fix(f"Write {expression}", start, end, expression) if expression else None,
        )


def _expression(context: Context, formula: re.Match[str]) -> str:
    """The `${…}` that prints the same, or ""."""
    parts = [formula[1], *formula[2].split(":")]
    name = _FIELDS.get(":".join("".join(part.split()).lower() for part in parts), "")
    field = context.catalogue.field(name)
    written = fields.spelled(context, name) if field else None
    if field is None or written is None:
        return ""
    if field.type == "cents":
        return f'${{({written} / 100)?string("0.00")}}'
    return f'${{{written}!""}}'
