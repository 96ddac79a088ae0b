"""Data for trial runs: one report with two expenses, in which every field of the catalogue has its example."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from expensify.freemarker.catalogue import CATALOGUE, Field, Level

ABSENT = object()
_LISTS: dict[Level, str] = {"approver": "report.approvers", "action": "report.actionList"}


def generate(changes: Mapping[str, object]) -> dict[str, object]:
    """Return the data; `changes` gives fields another value by their names, or ABSENT."""
    expenses = [_object("expense", changes) for _ in range(2)]
    report = _object("report", changes)
    report.setdefault("transactionList", expenses)
    for level, path in _LISTS.items():
        report.setdefault(path.partition(".")[2], [_object(level, changes) for _ in range(2)])
    for path in ("report.transactionList", *_LISTS.values()):
        if path in changes:
            name = path.partition(".")[2]
            if changes[path] is ABSENT:
                del report[name]
            else:
                report[name] = changes[path]
    return {"reports": [report], "addHeader": True, "request": {"requesterEmail": "admin@example.com"}}


def _object(level: Level, changes: Mapping[str, object]) -> dict[str, object]:
    result: dict[str, object] = {}
    for field in CATALOGUE.fields(level):
        if field.type != "list":
            _put(result, field.name.partition(".")[2].replace("X", "1") if field.placeholder else _member(field), field)
    for name, value in changes.items():
        if name.startswith(level + "."):
            _change(result, name.partition(".")[2].split("."), value)
    return result


def _member(field: Field) -> str:
    return field.name.partition(".")[2]


def _put(result: dict[str, object], path: str, field: Field) -> None:
    if "<" in path:
        return
    *outer, last = path.split(".")
    inner = _inner(result, outer)
    if field.type == "object":
        inner.setdefault(last, {})
    else:
        inner[last] = _value(field)


def _change(result: dict[str, object], path: list[str], value: object) -> None:
    inner = _inner(result, path[:-1])
    if value is ABSENT:
        inner.pop(path[-1], None)
    else:
        inner[path[-1]] = value


def _inner(result: dict[str, object], path: list[str]) -> dict[str, Any]:
    inner: dict[str, Any] = result
    for name in path:
        following = inner.setdefault(name, {})
        if not isinstance(following, dict):
            following = inner[name] = {}
        inner = following
    return inner


def _value(field: Field) -> object:
    if field.type in ("cents", "integer"):
        return int(field.example) if field.example.lstrip("-").isdigit() else 1250
    if field.type == "number":
        return Decimal(field.example) if field.example.replace(".", "", 1).isdigit() else Decimal("1.5")
    if field.type == "boolean":
        return True
    if field.type == "date":
        return field.example or "2026-01-04"
    if field.type == "datetime":
        return field.example or "2026-01-04 10:00:00"
    return field.example or "text"
