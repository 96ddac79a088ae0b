"""View data of the column builder: a row for each chosen column, and the fields that can be added."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from expensify.freemarker.catalogue import CATALOGUE, Field
from exports.columns.choices import FORMATS, fields
from exports.columns.layout import Column, Layout

SOURCES = {"constant": "The same text in every row", "number": "The number of the row, from 1"}
# Answers to frequent questions to Expensify's help, by field.
HINTS = {
    "report.managerEmail": "While a report is processing, this is the person who has to approve it next.",
    "report.manager.fullName": "Empty while a report is processing: “Approver e-mail” is known then already.",
    "report.approved": "Empty until a report is approved.",
    "report.accountEmail": "For one person's expenses keep this column and filter the file by it.",
}
EXCEL = "Excel keeps 15 digits of a number, so long IDs come out alike. “Text for Excel” keeps them whole."


class Option(NamedTuple):
    value: str
    label: str


@dataclass(frozen=True)
class ColumnRow:
    """A chosen column with its number and its options."""

    number: int
    column: Column
    layout: Layout

    @property
    def name(self) -> str:
        return str(self.number)

    @property
    def title(self) -> str:
        field = self.column.field
        if self.column.source != "field":
            return SOURCES[self.column.source]
        return field.label if field else self.column.name

    @property
    def type(self) -> str:
        field = self.column.field
        return field.type if field else ""

    @property
    def formats(self) -> list[Option]:
        return [
            Option(value, f"{example} (in cents)" if value == "cents" else example or "As it comes")
            for value, example in FORMATS.get(self.type, {}).items()
        ]

    @property
    def has_words(self) -> bool:
        return self.type == "boolean"

    @property
    def may_be_excel_text(self) -> bool:
        return self.layout.kind == "csv" and self.column.source != "number" and self.type in ("", "text", "integer")

    @property
    def has_more(self) -> bool:
        """Whether a rarely used option is set; then the page shows these options."""
        return bool(self.column.fallback or self.column.excel_text)

    @property
    def hint(self) -> str:
        field = self.column.field
        if field is None:
            return ""
        if field.identifier and self.may_be_excel_text and not self.column.excel_text:
            return EXCEL
        return HINTS.get(field.name, "")

    @property
    def is_last(self) -> bool:
        return self.number == len(self.layout.columns)


def rows(layout: Layout) -> list[ColumnRow]:
    return [ColumnRow(number, column, layout) for number, column in enumerate(layout.columns, start=1)]


class FieldGroup(NamedTuple):
    name: str
    fields: list[Field]


def groups(rows: str, find: str = "") -> list[FieldGroup]:
    """Fields that fit such rows, by group; with `find` only those with all its words in name or meaning."""
    words = find.casefold().split()
    groups: dict[str, list[Field]] = {}
    for field in fields(rows):
        text = f"{field.label} {field.name} {field.meaning} {field.group}".casefold()
        if all(word in text for word in words):
            groups.setdefault(field.group, []).append(field)
    return [FieldGroup(name, members) for name, members in groups.items()]


def completions() -> list[dict[str, Any]]:
    """Completions for the template editor: name, label, meaning and type of each catalogue field."""
    return [
        {
            "label": field.name.replace("<Name>", "Name").replace("ntagX", "ntag1"),
            "detail": field.label,
            "info": field.meaning,
            "type": field.type,
        }
        for field in CATALOGUE
    ]
