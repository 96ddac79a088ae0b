"""Fields for columns: those of the catalogue, and values computed from several of them."""

import json
from pathlib import Path

from expensify.freemarker.catalogue import CATALOGUE, Catalogue, Field

_DAYS = {
    "yyyy-MM-dd": "2026-01-31",
    "dd.MM.yyyy": "31.01.2026",
    "MM/dd/yyyy": "01/31/2026",
    "dd/MM/yyyy": "31/01/2026",
    "yyyyMMdd": "20260131",
}
FORMATS: dict[str, dict[str, str]] = {
    "cents": {"0.00": "1234.50", "0,00": "1234,50", "0": "1235", "cents": "123450"},
    "number": {"": "1.0846", "0.00": "1.08", "0,00": "1,08", "0": "1"},
    "date": _DAYS,
    "datetime": {"": "2026-01-31 09:30:00"} | _DAYS,
}
"""Formats by type of field, each with an example, the default first. Other types have none."""

COMPUTED = Catalogue(
    Field(**row) for row in json.loads(Path(__file__).with_name("computed_fields.json").read_text("utf-8"))
)

_OF_A_CATEGORY = ("group.category", "group.categoryGlCode")


def field(name: str) -> Field | None:
    """A catalogue or computed field, with its placeholder filled in; None if a column cannot show it."""
    field = COMPUTED.field(name) or CATALOGUE.field(name)
    if field and field.is_value and not field.placeholder and field.level in ("report", "expense"):
        return field
    return None


def fields(rows: str) -> list[Field]:
    """Fields to offer for such rows, computed ones first: most people want those. Some names have placeholders."""
    return [field for field in [*COMPUTED, *CATALOGUE] if field.is_value and fits(field, rows)]


def fits(field: Field, rows: str) -> bool:
    """Whether such a row has exactly one value for the field."""
    if field.name in _OF_A_CATEGORY:
        return rows == "totals"
    if field.name.startswith("group."):
        return rows != "expense"
    return field.level == "report" or (field.level == "expense" and rows == "expense")


def usual_format(field: Field) -> str:
    return next(iter(FORMATS.get(field.type, {"": ""})))


def nearest(name: str) -> list[str]:
    """Names that somebody may have meant by `name`: those of the same object first, then by similarity."""
    near = [*CATALOGUE.nearest(name), *COMPUTED.nearest(name)]
    return sorted(filter(field, near), key=lambda candidate: candidate.partition(".")[0] != name.partition(".")[0])
