"""Report where the template would stop, with what helps there."""

from __future__ import annotations

import re

from expensify.freemarker import tree
from expensify.freemarker.catalogue import CATALOGUE
from expensify.freemarker.lint.findings import Findings, Fix
from expensify.freemarker.lint.trials import Stop, stops

_COMPARES = re.compile(r"<#(?:else)?if\s[^<>]*?(\s*>=?)[^<>\n]*>")
_PRINTS = re.compile(r"\$\{\s*([\w.]+)\s*\}")


def add_stops(findings: Findings, nodes: list[tree.Node], used: set[str]) -> None:
    """Run the template over generated data, and add a finding for each place where it stops."""
    for stop in stops(findings.text, used):
        start = findings.source.offset(stop.error.line, stop.error.column)
        if stop.shape == "empty" and findings.has("receipt-untested", stop.error.line):
            continue
        span = _smallest(nodes, start) or findings.span(start, start + 1)
        when = f" when {stop.field} is {stop.shape}" if stop.field else ""
        advice, fix = _advice(findings, stop, start)
        findings.add("stops", span, f"The template stops here{when}: {stop.error.message}.{advice}", fix)


def _smallest(nodes: list[tree.Node], start: int) -> tree.Span | None:
    """Return the span of the smallest node that begins there."""
    spans = [node.span for node in nodes if node.span.start == start and node.span.end > start]
    return min(spans, key=lambda span: span.end) if spans else None


def _advice(findings: Findings, stop: Stop, start: int) -> tuple[str, Fix | None]:
    message, text = stop.error.message, findings.text
    line_start = text.rfind("<#", 0, start + 2)
    compared = _COMPARES.match(text, line_start) if line_start >= 0 else None
    if message.startswith("expected a boolean") and compared and compared.start() <= start < compared.end():
        sign = compared[1].strip()
        word = "gte" if sign == ">=" else "gt"
        advice = f" A {sign[0]} ends the tag: write {word} for {sign}."
        return advice, Fix(f"Write {word}", compared.start(1), compared.end(1), f" {word}")
    printed = _PRINTS.match(text, max(text.rfind("${", 0, start + 2), 0))
    if "does not print by itself" in message and printed and printed.start() <= start <= printed.end():
        return _print_advice(printed, "list" in message)
    if stop.shape == "empty":
        return " Ask ?has_content first.", None
    if "division by zero" in message:
        return " Ask first whether it is 0.", None
    return "", None


def _print_advice(printed: re.Match[str], is_list: bool) -> tuple[str, Fix | None]:
    written = printed[1]
    name = written.rpartition(".")[2]
    field = next((field for field in CATALOGUE if field.name.endswith(f".{name}") and field.items), None)
    if not is_list:
        return " Print one of its members.", None
    if field is None or field.items not in ("approver", "action"):
        return ' Print its items with ?join(", "), or with <#list …>.', None
    member = "email" if field.items == "approver" else "action"
    joined = f'${{{written}?map({field.items} -> {field.items}.{member}!"")?join(", ")}}'
    return f" Print a member of each: {joined}.", Fix("Print a member of each", *printed.span(), joined)
