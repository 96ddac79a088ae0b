"""The reports that a run is about: listed by a small export of their own, checked against the file, marked last.

Pure functions. At Expensify marking is part of generating a file; whoever wants the file safe first asks three times:
for the list, for the file of exactly the listed reports, and for a small file of them with the label.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Self

from expensify.jobs.export import MarkAsExported, ReportExport
from exports.columns.blocks import Sources
from exports.columns.layout import EXTENSIONS, Column, Layout
from exports.results import tables

# A list is a line for each report; of this size it would be half a million of them.
LIST_MAX_BYTES = 64 * 1024**2

# The formats in which a column's cents stand without being rounded.
_EXACT = {"0.00": ".", "0,00": ","}
_SHOWN = ["reportID", "reportName", "created", "submitted", "approved", "total", "currency"]


class CannotReadList(ValueError):
    """The list, or the file made after it, is not what was asked for; the text says so to people."""


@dataclass(frozen=True)
class ListedReport:
    """One listed report. Dates are `yyyy-mm-dd` or empty; `total` is in cents, as Expensify wrote it."""

    id: str
    name: str
    created: str
    submitted: str
    approved: str
    total: str
    currency: str
    expenses: int

    @property
    def day(self) -> date | None:
        """The day that a period is held against: the later of creation and submission [M]."""
        days = [day for day in map(_day, (self.created, self.submitted)) if day]
        return max(days, default=None)

    def is_late(self, before: date | None) -> bool:
        """Whether it would have belonged to a period that ended before this day."""
        return before is not None and self.day is not None and self.day < before


@dataclass(frozen=True)
class ReportList:
    """The listed reports, and the sum of the column `control_column` over them in cents, where one can be held."""

    reports: tuple[ListedReport, ...]
    control: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(report.id for report in self.reports)

    def as_json(self) -> dict[str, Any]:
        return {"reports": [asdict(report) for report in self.reports], "control": self.control}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        return cls(tuple(ListedReport(**report) for report in stored["reports"]), stored["control"])


# ------------------------------------------------------------ the three jobs


def listing(asked: ReportExport) -> ReportExport:
    """The job that makes the list: the filters of what was asked for, and nothing done afterwards."""
    return replace(
        asked, file_extension="csv", file_basename="list_", full_page_receipts=False, on_finish=(), test=False
    )


def of_exactly(asked: ReportExport, ids: Sequence[str], *, marking: bool) -> ReportExport:
    """The job that makes the file of these reports, whatever label they carry; without `marking` it puts none on."""
    return replace(
        _these(asked, ids),
        on_finish=tuple(
            action for action in asked.on_finish if marking or not isinstance(action, MarkAsExported)
        ),
    )


def marking(asked: ReportExport, ids: Sequence[str], label: str) -> ReportExport:
    """The small job that marks these reports; its file is of no use."""
    return replace(
        _these(asked, ids),
        file_extension="csv",
        file_basename="mark_",
        full_page_receipts=False,
        on_finish=(MarkAsExported(label),),
    )


def _these(asked: ReportExport, ids: Sequence[str]) -> ReportExport:
    return replace(
        asked,
        report_ids=tuple(ids),
        start_on=None,
        end_on=None,
        approved_after=None,
        policy_ids=(),
        not_marked_as="",
        states=(),
        limit=None,
    )


# ------------------------------------------------------------ the list


MARKING_TEMPLATE = "<#list reports as report>${report.reportID}\n</#list>"

_QUOTED = """\
<#function quoted given>
  <#local value = given?is_number?then(given?c, given)>
  <#return "\\"" + value?replace("\\"", "\\"\\"")?replace("\\r", " ")?replace("\\n", " ") + "\\"">
</#function>"""


def listing_template(layout: Layout | None) -> str:
    """The template of the list: a heading, a line for each report, and a last line that says how many.

    An empty list is a file all the same, and one that broke off is seen. With the layout of the file's columns it adds
    up the column that `control_column` finds, worked out as the file works it out.
    """
    sources, column = Sources(layout) if layout else None, control_column(layout)
    add, per_report, per_expense = "", [], []
    if layout and sources and column and column.field:
        add = f"""\
<#assign cell = {sources.of(column.field)}>
<#if cell?is_number>
  <#assign control = control + cell>
</#if>"""
        per_report = sources.per_report + (sources.per_group if layout.rows == "report" else [])
        per_expense = sources.per_expense
    once = layout is not None and layout.rows == "report"
    cells = [
        "quoted(report.reportID)",
        'quoted(report.reportName!"")',
        *(f'quoted(report.{name}!"")' for name in ("created", "submitted", "approved")),
        '(report.total!"")?has_content?then(number(report.total), "")',
        'quoted(report.currency!"")',
        "expenses?c",
    ]
    lines = [
        _QUOTED,
        "<#function number value><#return value?is_number?then(value?c, value)></#function>",
        "<#assign control = 0>",
        ",".join([*_SHOWN, "expenses"]),
        "<#list reports as report>",
        "<#assign expenses = 0>",
        *per_report,
        add if once else "",
        "<#list report.transactionList![] as expense>",
        "<#assign expenses = expenses + 1>",
        *per_expense,
        "" if once else add,
        "</#list>",
        ",".join(f"${{{cell}}}" for cell in cells),
        "</#list>",
        "end,${reports?size?c},${control?c}",
    ]
    return "".join(f"{line}\n" for line in lines if line)


def read_list(text: str) -> ReportList:
    """The list that `listing_template` made. Raises CannotRead when it is not whole, or is something else."""
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error:
        rows = []
    if not rows or rows[0][:-1] != _SHOWN or rows[-1][0] != "end" or len(rows[-1]) != 3:
        raise CannotReadList("The list of reports that came back is not whole.")
    reports = tuple(map(_report, rows[1:-1]))
    if rows[-1][1] != str(len(reports)) or len({report.id for report in reports}) != len(reports):
        raise CannotReadList("The list of reports that came back has not as many reports as it says.")
    if problems := ReportExport(report_ids=tuple(report.id for report in reports) or ("R000",)).problems(
        date.min
    ):
        raise CannotReadList(f"The list of reports that came back cannot be used. {problems[0].sentence}")
    return ReportList(reports, rows[-1][2])


def _report(row: list[str]) -> ListedReport:
    if len(row) != len(_SHOWN) + 1 or not row[-1].isdecimal():
        raise CannotReadList("The list of reports that came back has a line that makes no sense.")
    id, name, created, submitted, approved, total, currency, expenses = row
    days = (day[:10] if _day(day) else "" for day in (created, submitted, approved))
    return ListedReport(id, name, *days, total, currency, int(expenses))


def _day(text: str) -> date | None:
    """The day that a date of a template begins with [C]."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


# ------------------------------------------------------------ the file against the list


@dataclass(frozen=True)
class Check:
    """What the file holds against what the list says; None and "" where the columns do not tell."""

    rows: int | None = None
    rows_expected: int | None = None
    column: str = ""
    total: str = ""
    total_expected: str = ""

    @property
    def sentence(self) -> str:
        """What was found to be as listed; empty where nothing could be held against the list."""
        if self.rows is None:
            return ""
        total = f", and “{self.column}” adds up to {self.total}" if self.column else ""
        return f"The file has the {self.rows} rows that the listed reports make{total}, as in the list."

    @property
    def problem(self) -> str:
        """Why the file is not that of the listed reports; empty when nothing speaks against it."""
        if self.rows != self.rows_expected:
            return f"The file has {self.rows} rows, but the listed reports have {self.rows_expected}."
        if self.total != self.total_expected:
            return f"In the file “{self.column}” adds up to {self.total}, but to {self.total_expected} in the list."
        return ""


def control_column(layout: Layout | None) -> Column | None:
    """The first column of amounts that can be added up in the file and in the list alike."""
    if layout is None or layout.rows == "totals":
        return None
    for column in layout.columns:
        field = column.field
        if field is None or field.type != "cents" or column.format not in {*_EXACT, "cents"}:
            continue
        if (
            field.level == layout.rows or (layout.rows == "report" and field.name == "group.sum")
        ) and not _amount(column.fallback, column):
            return column
    return None


def check_file(selection: ReportList, layout: Layout | None, path: Path) -> Check:
    """Count the rows of a file that was made from the columns, and add up its control column.

    A file of somebody's own template tells neither. Raises CannotRead when the file is not the layout's.
    """
    if layout is None or layout.rows == "totals" or not path.name.endswith(f".{EXTENSIONS[layout.kind]}"):
        return Check()
    expected = (
        len(selection.reports)
        if layout.rows == "report"
        else sum(report.expenses for report in selection.reports)
    )
    column = control_column(layout)
    place = layout.columns.index(column) if column else 0
    count, total = 0, Decimal(0)
    for row in tables.rows_by(layout, path):
        count += 1
        if column:
            if len(row) != len(layout.columns):
                raise CannotReadList(f"Row {count} of the file has not as many columns as the export.")
            total += _amount(row[place], column)
    control = Decimal(selection.control)
    # Fractions of a cent are rounded in the file, each by itself.
    if column is None or control != int(control):
        return Check(count, expected)
    return Check(count, expected, column.heading, f"{total / 100:,.2f}", f"{control / 100:,.2f}")


def _amount(cell: str, column: Column) -> Decimal:
    """A cell of the column in cents; none where the cell holds no amount."""
    try:
        number = Decimal(cell.strip().removeprefix("'").replace(_EXACT.get(column.format, "."), "."))
    except InvalidOperation:
        return Decimal(0)
    return number if column.format == "cents" else number * 100
