"""The table of an update's rows: a page of it at a time, with what was found on each cell, and what people typed."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from django.http import QueryDict

from accounts.numbers import whole_number
from exports.employee_updates.feed.cells import FeedRow
from exports.employee_updates.feed.fields import FIELDS, EmployeeField
from exports.employee_updates.feed.findings import RowFinding
from exports.employee_updates.stored import Analysis

PAGE_SIZE = 50
NEW_ROWS = 3
FIRST_ROWS = 5
SHOWN_ABOUT_ALL = 100
ALL, ERRORS, WARNINGS = "all", "errors", "warnings"
_SEVERITY = {ERRORS: "error", WARNINGS: "warning"}
_CELL = re.compile(r"(cell|new)-([0-9]{1,9})-([a-z0-9_]+)")
_REMOVE = re.compile(r"remove-([0-9]{1,9})")
_LINE_BREAKS = re.compile(r"[\r\n]")

# Where a cell's input offers what can be chosen: the id of its list.
OFFERED = {"policy": "offer-policies", "role": "offer-roles"}


class Cell(NamedTuple):
    field: EmployeeField
    name: str
    value: str
    findings: Sequence[RowFinding]
    offer: str

    @property
    def is_wrong(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)


class GridRow(NamedTuple):
    """A row on the page; `number` is 0 for one that is still to be added."""

    number: int
    label: str
    cells: Sequence[Cell]
    findings: Sequence[RowFinding]
    is_removed: bool = False


class Typed(NamedTuple):
    """What came from the page: cells by row and field, new rows, and rows to take out."""

    cells: Mapping[int, Mapping[str, str]]
    added: Mapping[int, Mapping[str, str]]
    removed: Sequence[int]

    def changed(self, rows: Sequence[FeedRow]) -> dict[int, dict[str, str]]:
        """The cells that differ from what stands in the rows, which a browser shows without line breaks."""
        found: dict[int, dict[str, str]] = {}
        for row in rows:
            for name, text in self.cells.get(row.number, {}).items():
                if text != _LINE_BREAKS.sub("", row.cells.get(name, "")) and row.number not in self.removed:
                    found.setdefault(row.number, {})[name] = text
        return found

    @property
    def new_rows(self) -> list[Mapping[str, str]]:
        return [cells for _, cells in sorted(self.added.items()) if any(cells.values())]


def typed(sent: QueryDict) -> Typed:
    cells: dict[int, dict[str, str]] = defaultdict(dict)
    added: dict[int, dict[str, str]] = defaultdict(dict)
    removed = []
    for key, text in sent.items():
        if (cell := _CELL.fullmatch(key)) and cell[3] in FIELDS:
            (cells if cell[1] == "cell" else added)[int(cell[2])][cell[3]] = str(text).strip()
        elif row := _REMOVE.fullmatch(key):
            removed.append(int(row[1]))
    return Typed(cells, added, removed)


@dataclass(frozen=True)
class Grid:
    """The rows that a query asks for: `?show=errors&find=smith&page=2&column=role`."""

    analysis: Analysis
    query: QueryDict
    can_change: bool
    typed: Typed | None = None

    @property
    def show(self) -> str:
        asked = self.query.get("show", ALL)
        return asked if asked in _SEVERITY else ALL

    @property
    def find(self) -> str:
        return self.query.get("find", "").strip()[:100]

    @cached_property
    def fields(self) -> list[EmployeeField]:
        """The columns in use: required ones, those with a value or a finding, and those asked for."""
        asked = set(self.query.getlist("column"))
        used = self.analysis.fields_in_use
        return [field for name, field in FIELDS.items() if field.required or name in used or name in asked]

    @property
    def more_fields(self) -> list[EmployeeField]:
        shown = {field.name for field in self.fields}
        return [field for name, field in FIELDS.items() if name not in shown]

    @property
    def asked_columns(self) -> list[str]:
        return [name for name in dict.fromkeys(self.query.getlist("column")) if name in FIELDS]

    @cached_property
    def rows(self) -> list[FeedRow]:
        """All rows that pass the filter."""
        rows: Sequence[FeedRow] = self.analysis.checked.rows
        if severity := _SEVERITY.get(self.show):
            wanted = {
                finding.row for finding in self.analysis.checked.findings if finding.severity == severity
            }
            rows = [row for row in rows if row.number in wanted]
        if self.find:
            words = self.find.lower()
            rows = [row for row in rows if any(words in text.lower() for text in row.cells.values())]
        return list(rows)

    @property
    def pages(self) -> int:
        return max(1, -(-len(self.rows) // PAGE_SIZE))

    @property
    def page(self) -> int:
        return min(whole_number(self.query.get("page", ""), 6) or 1, self.pages)

    @property
    def first(self) -> int:
        return (self.page - 1) * PAGE_SIZE + 1

    @property
    def last(self) -> int:
        return min(self.page * PAGE_SIZE, len(self.rows))

    @cached_property
    def shown(self) -> list[FeedRow]:
        return self.rows[self.first - 1 : self.last]

    @property
    def lines(self) -> list[GridRow]:
        return [self._line(row) for row in self.shown]

    @property
    def new_lines(self) -> list[GridRow]:
        """Empty rows to write into, with what was typed into them if it could not be saved."""
        written = self.typed.added if self.typed else {}
        count = NEW_ROWS if self.analysis.checked.rows else FIRST_ROWS
        return [
            GridRow(
                0,
                f"new row {number}",
                [
                    Cell(
                        field,
                        f"new-{number}-{field.name}",
                        written.get(number, {}).get(field.name, ""),
                        (),
                        OFFERED.get(field.name, ""),
                    )
                    for field in self.fields
                ],
                (),
            )
            for number in range(1, max([count, *written]) + 1)
        ]

    @property
    def lacks_members(self) -> bool:
        """Whether something could be checked only if the members of a policy had been read."""
        known = self.analysis.known.members
        return self.can_change and any(
            person.policy and person.policy not in known for person in self.analysis.checked.people
        )

    @property
    def about_all(self) -> list[RowFinding]:
        """What was found of the feed as a whole, and of people who have no row."""
        return self.analysis.findings_of.get(None, [])[:SHOWN_ABOUT_ALL]

    @property
    def errors(self) -> int:
        return len(self.analysis.checked.errors)

    @property
    def warnings(self) -> int:
        return len(self.analysis.checked.warnings)

    @property
    def newer(self) -> str:
        return self.at(page=self.page - 1) if self.page > 1 else ""

    @property
    def older(self) -> str:
        return self.at(page=self.page + 1) if self.page < self.pages else ""

    @property
    def here(self) -> str:
        """The query of this very page, without what it does not understand."""
        return self.at(page=self.page)

    @property
    def all_shown(self) -> str:
        return self.at(show=ALL)

    @property
    def errors_shown(self) -> str:
        return self.at(show=ERRORS)

    @property
    def warnings_shown(self) -> str:
        return self.at(show=WARNINGS)

    def at(self, *, page: int = 1, show: str = "") -> str:
        other = QueryDict(mutable=True)
        if (show or self.show) != ALL:
            other["show"] = show or self.show
        if self.find:
            other["find"] = self.find
        if self.asked_columns:
            other.setlist("column", self.asked_columns)
        if page > 1:
            other["page"] = str(page)
        return f"?{other.urlencode()}"

    def _line(self, row: FeedRow) -> GridRow:
        of_row = self.analysis.findings_of.get(row.number, [])
        written = self.typed.cells.get(row.number, {}) if self.typed else {}
        cells = [
            Cell(
                field,
                f"cell-{row.number}-{field.name}",
                written.get(field.name, row.cells.get(field.name, "")),
                [finding for finding in of_row if finding.field == field.name],
                OFFERED.get(field.name, ""),
            )
            for field in self.fields
        ]
        about_row = [finding for finding in of_row if not finding.field]
        is_removed = self.typed is not None and row.number in self.typed.removed
        return GridRow(row.number, f"row {row.number}", cells, about_row, is_removed)
