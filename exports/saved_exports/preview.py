"""Render a template over sample data, with lint findings. Nothing is sent.

`LIMITS` stop a runaway template within a few seconds.
"""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from expensify.foreign_text import read_json, writable
from expensify.freemarker.errors import TemplateError, Unsupported
from expensify.freemarker.lint.check_template import lint
from expensify.freemarker.lint.findings import Finding
from expensify.freemarker.settings import RenderLimits
from expensify.freemarker.template import parse, render
from exports.columns.layout import Layout
from exports.columns.parsing import table_of
from exports.columns.writing import headings_of
from exports.results import tables

# The largest sample through the widest preset takes about 200,000 steps.
LIMITS = RenderLimits(steps=2_000_000, output_chars=2_000_000, seconds=2.0)
ROWS = 60
COLUMNS = 60
CELL = 200
TEXT = 20_000


@dataclass(frozen=True)
class Tryout:
    """`text` is the beginning of the file; `headings` and `rows` are its table, if it is one.

    `problem` says why there is no text or no table.
    """

    text: str = ""
    headings: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    more_text: bool = False
    more_rows: bool = False
    problem: str = ""
    findings: list[Finding] = field(default_factory=list)
    is_made: bool = False
    is_unreadable: bool = False

    @property
    def news(self) -> str:
        """Summary of the preview, for screen readers."""
        if not self.is_made:
            return "No preview."
        remarks = f", {len(self.findings)} remarks" if self.findings else ""
        return f"Preview with {'more than ' if self.more_rows else ''}{len(self.rows)} rows{remarks}."


def try_out(template: str, *, data: Mapping[str, Any], extension: str, layout: Layout | None = None) -> Tryout:
    """Render the template over data as in `exports.samples`.

    With the `layout` that wrote the template, the table follows the layout, and lint does not run.
    """
    findings = lint(template, file_extension=extension) if layout is None else []
    try:
        parsed = parse(template)
    except Unsupported as error:
        return Tryout(problem=_no_preview(error), findings=findings)
    except TemplateError as error:
        return Tryout(problem=_sentence(error), findings=findings, is_unreadable=True)
    try:
        text = writable(render(parsed, data, limits=LIMITS))
    except Unsupported as error:
        return Tryout(problem=_no_preview(error), findings=findings)
    except TemplateError as error:
        return Tryout(problem=f"With these data the template stops. {_sentence(error)}", findings=findings)
    try:
        rows = table_of(layout, text) if layout else _rows(text, extension)
        problem = ""
    except ValueError as error:
        rows, problem = [], str(error)
    headings = _headings(layout) if layout else (rows[:1] or [[]])[0]
    rows = rows[1:] if headings and (layout is None or layout.kind != "json") else rows
    return Tryout(
        text=text[:TEXT],
        more_text=len(text) > TEXT,
        headings=[cell[:CELL] for cell in headings[:COLUMNS]],
        rows=[[cell[:CELL] for cell in row[:COLUMNS]] for row in rows[:ROWS]],
        more_rows=len(rows) > ROWS,
        problem=problem,
        findings=findings,
        is_made=True,
    )


def _headings(layout: Layout) -> list[str]:
    """Headings of the table: the file's own, or JSON's keys."""
    return headings_of(layout) if layout.heading or layout.kind == "json" else []


def _sentence(error: TemplateError) -> str:
    return f"Line {error.line}, column {error.column}: {error.message}."


def _no_preview(error: Unsupported) -> str:
    return (
        f"The preview cannot show this template. {_sentence(error)} "
        "Expensify may run it all the same: it can be saved and run."
    )


def _rows(text: str, extension: str) -> list[list[str]]:
    """The file as a table, empty if it has none. Raises ValueError with a sentence for a malformed file."""
    if extension == "json":
        return _records(text)
    if extension == "xml":
        return []
    try:
        return list(islice(tables.rows_of(io.StringIO(text, newline="")), ROWS + 1))
    except csv.Error:
        raise ValueError("The file cannot be read as a table.") from None


def _records(text: str) -> list[list[str]]:
    try:
        records: Any = read_json(text)
    except ValueError as error:
        place = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise ValueError(f"What comes out is not JSON{place}.") from None
    except RecursionError:
        raise ValueError("What comes out is nested too deeply for a table.") from None
    if not (isinstance(records, list) and all(isinstance(record, dict) for record in records)):
        return []
    names = list(dict.fromkeys(name for record in records for name in record))[:COLUMNS]
    return [names, *([_cell(record.get(name)) for name in names] for record in records[: ROWS + 1])] if names else []


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
