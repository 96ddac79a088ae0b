"""The table of an update's rows: one page at a time, with the findings on each cell and unsaved input."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from django.http import QueryDict

from accounts.paging import ListPart, part_of
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

# The ids of the lists that offer values for a cell.
DATALISTS = {"policy": "offer-policies", "role": "offer-roles"}


class Cell(NamedTuple):
    field: EmployeeField
    name: str
    value: str
    findings: Sequence[RowFinding]

    @property
    def offer(self) -> str:
        return DATALISTS.get(self.field.name, "")

    @property
    def is_wrong(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)


class GridRow(NamedTuple):
    """A row on the page; `number` is 0 for a new row."""

    number: int
    label: str
    cells: Sequence[Cell]
    findings: Sequence[RowFinding]
    is_removed: bool = False


class SubmittedRows(NamedTuple):
    """Input from the page: cells by row and field, new rows, and rows to remove."""

    cells: Mapping[int, Mapping[str, str]]
    added: Mapping[int, Mapping[str, str]]
    removed: Sequence[int]

    def changed(self, rows: Sequence[FeedRow]) -> dict[int, dict[str, str]]:
        """The cells that differ from the rows. A browser drops line breaks, so the comparison ignores them."""
        changes: dict[int, dict[str, str]] = {}
        for row in rows:
            for name, text in self.cells.get(row.number, {}).items():
                if text != _LINE_BREAKS.sub("", row.cells.get(name, "")) and row.number not in self.removed:
                    changes.setdefault(row.number, {})[name] = text
        return changes

    @property
    def new_rows(self) -> list[Mapping[str, str]]:
        return [cells for _, cells in sorted(self.added.items()) if any(cells.values())]


def read_submitted(data: QueryDict) -> SubmittedRows:
    cells: dict[int, dict[str, str]] = defaultdict(dict)
    added: dict[int, dict[str, str]] = defaultdict(dict)
    removed = []
    for key, text in data.items():
        if (cell := _CELL.fullmatch(key)) and cell[3] in FIELDS:
            (cells if cell[1] == "cell" else added)[int(cell[2])][cell[3]] = str(text).strip()
        elif row := _REMOVE.fullmatch(key):
            removed.append(int(row[1]))
    return SubmittedRows(cells, added, removed)


@dataclass(frozen=True)
class Grid:
    """The rows that a query selects: `?show=errors&find=smith&page=2&column=role`."""

    analysis: Analysis
    query: QueryDict
    can_change: bool
    submitted: SubmittedRows | None = None

    @property
    def show(self) -> str:
        show = self.query.get("show", ALL)
        return show if show in _SEVERITY else ALL

    @property
    def find(self) -> str:
        return self.query.get("find", "").strip()[:100]

    @cached_property
    def fields(self) -> list[EmployeeField]:
        """The columns on the page: required ones, those with a value or a finding, and those in the query."""
        names = self.analysis.fields_in_use | set(self.query.getlist("column"))
        return [field for name, field in FIELDS.items() if field.required or name in names]

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
            numbers = {finding.row for finding in self.analysis.checked.findings if finding.severity == severity}
            rows = [row for row in rows if row.number in numbers]
        if self.find:
            text_to_find = self.find.lower()
            rows = [row for row in rows if any(text_to_find in text.lower() for text in row.cells.values())]
        return list(rows)

    @cached_property
    def part(self) -> ListPart:
        """The rows on the page."""
        return part_of(self.rows, self.query, size=PAGE_SIZE)

    @property
    def page(self) -> int:
        return self.part.first // PAGE_SIZE + 1

    @property
    def lines(self) -> list[GridRow]:
        return [self._grid_row(row) for row in self.part.rows]

    @property
    def new_lines(self) -> list[GridRow]:
        """Empty rows for new people, with their input when it was not saved."""
        added = self.submitted.added if self.submitted else {}
        count = NEW_ROWS if self.analysis.checked.rows else FIRST_ROWS
        return [
            GridRow(
                0,
                f"new row {number}",
                [
                    Cell(field, f"new-{number}-{field.name}", added.get(number, {}).get(field.name, ""), ())
                    for field in self.fields
                ],
                (),
            )
            for number in range(1, max([count, *added]) + 1)
        ]

    @property
    def lacks_members(self) -> bool:
        """Whether some checks need members of a policy that were not read."""
        known = self.analysis.known.members
        return self.can_change and any(
            person.policy and person.policy not in known for person in self.analysis.checked.people
        )

    @property
    def about_all(self) -> list[RowFinding]:
        """Findings about the whole feed and about people without a row."""
        return self.analysis.findings_of.get(None, [])[:SHOWN_ABOUT_ALL]

    @property
    def errors(self) -> int:
        return len(self.analysis.checked.errors)

    @property
    def warnings(self) -> int:
        return len(self.analysis.checked.warnings)

    @property
    def newer(self) -> str:
        return self.at(page=self.page - 1) if self.part.before else ""

    @property
    def older(self) -> str:
        return self.at(page=self.page + 1) if self.part.after else ""

    @property
    def here(self) -> str:
        """The query of this page, without unknown parameters."""
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
        """The query of another page or filter."""
        query = QueryDict(mutable=True)
        if (show or self.show) != ALL:
            query["show"] = show or self.show
        if self.find:
            query["find"] = self.find
        if self.asked_columns:
            query.setlist("column", self.asked_columns)
        if page > 1:
            query["page"] = str(page)
        return f"?{query.urlencode()}"

    def _grid_row(self, row: FeedRow) -> GridRow:
        findings = self.analysis.findings_of.get(row.number, [])
        submitted = self.submitted.cells.get(row.number, {}) if self.submitted else {}
        cells = [
            Cell(
                field,
                f"cell-{row.number}-{field.name}",
                submitted.get(field.name, row.cells.get(field.name, "")),
                [finding for finding in findings if finding.field == field.name],
            )
            for field in self.fields
        ]
        row_findings = [finding for finding in findings if not finding.field]
        is_removed = self.submitted is not None and row.number in self.submitted.removed
        return GridRow(row.number, f"row {row.number}", cells, row_findings, is_removed)
