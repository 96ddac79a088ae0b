"""The rows of a layout's file, computed from the data without a template: what the written template has to print."""

import re
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from expensify.freemarker.catalogue import Field
from exports.columns.layout import Column, Layout

_EXACT = Context(prec=200, rounding=ROUND_HALF_EVEN)
_PLACES = {"0.00": Decimal("0.01"), "0,00": Decimal("0.01"), "0": Decimal(1)}
ESCAPES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


def values_of(layout: Layout, data: Mapping[str, Any]) -> list[list[str]]:
    """The rows of the layout's file for the template's data, without the heading."""
    return [
        [_value(column, layout, row, number) for column in layout.columns]
        for number, row in enumerate(_rows(layout, data), start=1)
    ]


_Row = dict[str, Any]
"""Data of a row: `report`, and `expense`, or the `expenses` of the report or of one `category` in it."""


def _rows(layout: Layout, data: Mapping[str, Any]) -> Iterator[_Row]:
    for report in data["reports"]:
        expenses = report.get("transactionList") or []
        if layout.rows == "expense":
            yield from ({"report": report, "expense": expense} for expense in expenses)
        elif layout.rows == "report":
            yield {"report": report, "expenses": expenses}
        else:
            groups: dict[str, list[Any]] = {}
            for expense in expenses:
                groups.setdefault(expense.get("category") or "", []).append(expense)
            for category, members in groups.items():
                yield {"report": report, "expenses": members, "category": category}


def _value(column: Column, layout: Layout, row: _Row, number: int) -> str:
    field = column.field
    if column.source == "number":
        return _fitted(str(number), column, layout)
    if column.source == "constant":
        return _text("'" + column.text if _ticked(column, layout) and column.text else column.text, column, layout)
    assert field is not None
    value = _content(_computed(field, row) if field.name.startswith(("final.", "group.")) else _member(field.name, row))
    if field.type == "cents":
        if not _is_number(value):
            return _text(column.fallback, column, layout)
        return _fitted(_plain(value) if column.format == "cents" else _units(value, column.format), column, layout)
    if field.type == "boolean":
        word = column.words[0 if value else 1] if isinstance(value, bool) else column.fallback
        return _text(word, column, layout)
    if value is None:
        return _text(column.fallback, column, layout)
    if field.type == "number" and column.format and _is_number(value):
        return _fitted(_rounded(Decimal(value), column.format), column, layout)
    if column.is_number and _is_number(value) and not _ticked(column, layout):
        return _fitted(_plain(value), column, layout)
    text = _plain(value)
    if field.type == "text":
        text = re.sub("&(lt|gt|amp|quot|apos);", lambda found: ESCAPES[found[1]], text)
    if field.type in ("date", "datetime") and column.format and (day := _DAY.match(text)):
        text = column.format.replace("yyyy", day[1]).replace("MM", day[2]).replace("dd", day[3])
    return _text("'" + text if _ticked(column, layout) else text, column, layout)


def _content(value: object) -> Any:
    """The value; None for empty text too."""
    return None if value in ("", None) else value


def _member(name: str, row: _Row) -> object:
    value: Any = row
    for part in name.split("."):
        value = _content(value.get(part)) if isinstance(value, Mapping) else None
    return value


def _first(row: _Row, *names: str) -> object:
    return next((value for name in names if (value := _member(f"expense.{name}", row)) is not None), None)


def _computed(field: Field, row: _Row) -> object:
    match field.name:
        case "final.merchant":
            return _first(row, "modifiedMerchant", "merchant")
        case "final.created":
            return _first(row, "modifiedCreated", "created")
        case "final.amount":
            return _first(row, "modifiedAmount", "amount")
        case "final.reportAmount":
            return _in_report_currency(row)
        case "final.taxAmount":
            return _first(row, "modifiedTaxAmount", "taxAmount")
        case "final.netAmount":
            amount: Any = _first(row, "modifiedAmount", "amount")
            tax: Any = _first(row, "modifiedTaxAmount", "taxAmount")
            return amount - tax if _is_number(amount) and _is_number(tax) else amount
        case "final.mcc":
            return _first(row, "modifiedMCC", "mcc")
        case "final.approvers":
            approvers = row["report"].get("approvers") or []
            return "; ".join(approver["email"] for approver in approvers if approver.get("email"))
        case "group.category":
            return row["category"]
        case "group.categoryGlCode":
            return next((code for e in row["expenses"] if (code := _content(e.get("categoryGlCode")))), None)
        case "group.count":
            return len(row["expenses"])
        case "group.sum":
            amounts = [_in_report_currency({"report": row["report"], "expense": e}) for e in row["expenses"]]
            return sum(amounts) if all(_is_number(amount) for amount in amounts) else None
        case _:
            level = int(field.name.removeprefix("final.tag"))
            parts = re.split(r"(?<!\\):", _plain(_member("expense.tag", row) or ""))
            part = parts[level - 1].replace("\\:", ":") if level <= len(parts) else None
            return _first(row, f"ntag{level}") or part


def _in_report_currency(row: _Row) -> Any:
    converted = _member("expense.convertedAmount", row)
    if converted is not None:
        return converted
    if _member("expense.currency", row) != _member("report.currency", row):
        return None
    return _first(row, "modifiedAmount", "amount")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _plain(value: object) -> str:
    if isinstance(value, float | Decimal):
        number = Decimal(str(value))
        return f"{_EXACT.quantize(number, Decimal('1E-16')).normalize(_EXACT):f}"
    return str(value)


def _units(cents: Any, format: str) -> str:
    text = _rounded(Decimal(cents) / 100, format)
    return "0" if text == "-0" else text


def _rounded(number: Decimal, format: str) -> str:
    text = str(_EXACT.quantize(number, _PLACES[format]))
    return text.replace(".", ",") if format == "0,00" else text


def _ticked(column: Column, layout: Layout) -> bool:
    return column.excel_text and layout.kind == "csv"


def _text(text: str, column: Column, layout: Layout) -> str:
    if layout.line_breaks == "space" or layout.kind == "fixed":
        text = re.sub("\r\n|\r|\n", " ", text)
    if layout.kind == "csv" and layout.guard and text.startswith(("=", "+", "-", "@", "\t", "\r")):
        text = "'" + text
    return _fitted(text, column, layout)


def _fitted(text: str, column: Column, layout: Layout) -> str:
    """The text truncated to the width of a fixed-width column, without padding."""
    if layout.kind != "fixed":
        return text
    text = re.sub("[^\u0000-\uffff]", "?", re.sub("\r\n|\r|\n", " ", text))
    if column.is_number:
        return "#" * column.width if len(text) > column.width else text.strip(" ")
    return text[: column.width].rstrip(" ")
