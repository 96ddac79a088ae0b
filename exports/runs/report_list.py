"""The reports of a run: listed by a small export, checked against the file, and marked last.

Pure functions. At Expensify marking is part of generating a file. To store the file before reports are marked, a run
generates three files: the list, the file of exactly the listed reports, and a small file of them that marks them.
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
from exports.runs.file_checks import NotTheFile

# A list has one line per report; this size would be half a million reports.
LIST_MAX_BYTES = 64 * 1024**2

# Formats that show cents unrounded, with their decimal marks.
_EXACT = {"0.00": ".", "0,00": ","}
_SHOWN = ["reportID", "reportName", "created", "submitted", "approved", "total", "currency"]


class CannotReadList(ValueError):
    """The list or the file cannot be used, and would come again like this; the text says so to people."""


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
        """The day that Expensify compares with a period: the later of creation and submission [M]."""
        days = [day for day in map(_parse_day, (self.created, self.submitted)) if day]
        return max(days, default=None)

    def is_late(self, before: date | None) -> bool:
        """Whether the report belongs to a period that ended before this day."""
        return before is not None and self.day is not None and self.day < before


@dataclass(frozen=True)
class ReportList:
    """The listed reports, and the sum of the column `control_column` over them, in cents, if there is one."""

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


def listing(job: ReportExport) -> ReportExport:
    """The job that generates the list: the same filters, and no actions."""
    return replace(job, file_extension="csv", file_basename="list_", full_page_receipts=False, on_finish=(), test=False)


def of_exactly(job: ReportExport, ids: Sequence[str], *, marking: bool) -> ReportExport:
    """The job that generates the file of these reports, whatever their label; it marks them only if `marking`."""
    return replace(
        _restrict(job, ids),
        on_finish=tuple(action for action in job.on_finish if marking or not isinstance(action, MarkAsExported)),
    )


def marking(job: ReportExport, ids: Sequence[str], label: str) -> ReportExport:
    """The small job that marks these reports; its file is not needed."""
    return replace(
        _restrict(job, ids),
        file_extension="csv",
        file_basename="mark_",
        full_page_receipts=False,
        on_finish=(MarkAsExported(label),),
    )


def _restrict(job: ReportExport, ids: Sequence[str]) -> ReportExport:
    return replace(
        job,
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
    """The template of the list: a heading, a line for each report, and a last line with the number of reports.

    So an empty list is a file too, and a truncated one is noticed. With the layout of the file's columns it also sums
    the column that `control_column` finds, with the same formula as the file.
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
    """Read the list that `listing_template` wrote.

    Raises NotTheFile when it is incomplete or something else, and CannotReadList when it cannot be asked for.
    """
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error:
        rows = []
    if not rows or rows[0][:-1] != _SHOWN or rows[-1][0] != "end" or len(rows[-1]) != 3:
        raise NotTheFile("The list of reports that came back is not whole.")
    reports = tuple(map(_read_row, rows[1:-1]))
    if rows[-1][1] != str(len(reports)) or len({report.id for report in reports}) != len(reports):
        raise NotTheFile("The list of reports that came back has not as many reports as it says.")
    if problems := ReportExport(report_ids=tuple(report.id for report in reports) or ("R000",)).problems(date.min):
        raise CannotReadList(f"The list of reports that came back cannot be used. {problems[0].sentence}")
    return ReportList(reports, rows[-1][2])


def _read_row(row: list[str]) -> ListedReport:
    if len(row) != len(_SHOWN) + 1 or not row[-1].isdecimal():
        raise NotTheFile("The list of reports that came back has a line that makes no sense.")
    id, name, created, submitted, approved, total, currency, expenses = row
    created, submitted, approved = (day[:10] if _parse_day(day) else "" for day in (created, submitted, approved))
    return ListedReport(id, name, created, submitted, approved, total, currency, int(expenses))


def _parse_day(text: str) -> date | None:
    """The day of a date that a template wrote; the day comes first [C]."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


# ------------------------------------------------------------ the file against the list


@dataclass(frozen=True)
class Check:
    """The file compared with the list; None and "" where the columns do not allow it."""

    rows: int | None = None
    rows_expected: int | None = None
    column: str = ""
    total: str = ""
    total_expected: str = ""

    @property
    def sentence(self) -> str:
        """What matches the list; empty where nothing could be compared."""
        if self.rows is None:
            return ""
        total = f", and “{self.column}” adds up to {self.total}" if self.column else ""
        return f"The file has the {self.rows} rows that the listed reports make{total}, as in the list."

    @property
    def problem(self) -> str:
        """Why the file does not match the listed reports; empty when it matches."""
        if self.rows != self.rows_expected:
            return f"The file has {self.rows} rows, but the listed reports have {self.rows_expected}."
        if self.total != self.total_expected:
            return f"In the file “{self.column}” adds up to {self.total}, but to {self.total_expected} in the list."
        return ""


def control_column(layout: Layout | None) -> Column | None:
    """The first column of amounts that can be summed both in the file and in the list."""
    if layout is None or layout.rows == "totals":
        return None
    for column in layout.columns:
        field = column.field
        if field is None or field.type != "cents" or column.format not in {*_EXACT, "cents"}:
            continue
        if (field.level == layout.rows or (layout.rows == "report" and field.name == "group.sum")) and not _amount(
            column.fallback, column
        ):
            return column
    return None


def check_file(selection: ReportList, layout: Layout | None, path: Path) -> Check:
    """Count the rows of a file that chosen columns wrote, and sum its control column.

    A file of a hand-written template allows neither. Raises NotTheFile when the file does not fit the layout.
    """
    if layout is None or layout.rows == "totals" or not path.name.endswith(f".{EXTENSIONS[layout.kind]}"):
        return Check()
    expected = (
        len(selection.reports) if layout.rows == "report" else sum(report.expenses for report in selection.reports)
    )
    column = control_column(layout)
    try:
        count, total = _count_and_sum(layout, path, column)
    except ValueError:
        raise NotTheFile("The file that came back does not have the columns of this export.") from None
    control = Decimal(selection.control)
    # The file rounds fractions of a cent, each by itself, so the sums may differ.
    if column is None or control != int(control):
        return Check(count, expected)
    return Check(count, expected, column.heading, f"{total / 100:,.2f}", f"{control / 100:,.2f}")


def _count_and_sum(layout: Layout, path: Path, column: Column | None) -> tuple[int, Decimal]:
    """The number of rows, and the sum of a column in cents. Raises ValueError for a file of other columns."""
    index = layout.columns.index(column) if column else 0
    count, total = 0, Decimal(0)
    for row in tables.rows_by(layout, path):
        count += 1
        if column:
            if len(row) != len(layout.columns):
                raise ValueError(f"row {count} has other columns")
            total += _amount(row[index], column)
    return count, total


def _amount(cell: str, column: Column) -> Decimal:
    """A cell of the column in cents; 0 if it holds no amount."""
    try:
        number = Decimal(cell.strip().removeprefix("'").replace(_EXACT.get(column.format, "."), "."))
    except InvalidOperation:
        return Decimal(0)
    return number if column.format == "cents" else number * 100
