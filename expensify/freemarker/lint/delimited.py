"""Check delimited output: quoting, identifiers, headings and the number of columns."""

from __future__ import annotations

import re
from typing import NamedTuple

from expensify.freemarker.lint.context import Output, PrintPlace
from expensify.freemarker.lint.escapes import check_escapes
from expensify.freemarker.lint.findings import Findings, Fix
from expensify.freemarker.lint.fixing import in_place_of, tight
from expensify.freemarker.lint.places import offset_of, whole_lines
from expensify.freemarker.lint.values import Value, constant, keeps_number
from expensify.freemarker.tree import Expression, Span, Text

_DOUBLED = '?replace("\\"", "\\"\\"")'
_BREAK = re.compile(r"\r\n|\r|\n")
_TRIM = re.compile("<#(?:t|lt|rt|nt)>")
_END_OF_CELL = re.compile(r"\s*(?:$|[,;|<\n\r\t])")


class PrintedRow(NamedTuple):
    """The row being printed. `columns` counts the delimiters so far; it and `quoted` are None where paths disagree.

    `cell` is the beginning of the current cell, with a NUL for every value. `start` and `end` are the offsets of the
    row's output in the template, -1 while it is empty; `end` is exclusive.
    """

    columns: int | None = 0
    quoted: bool | None = False
    cell: str = ""
    start: int = -1
    end: int = -1
    has_values: bool = False
    letters: bool = False
    in_heading: bool = False
    in_loop: bool = False
    identifier: tuple[int, int] = (-1, -1)
    """The span of an identifier that is all of the current cell so far."""


NONE_FOUND = (-1, -1)
NEW_ROW = PrintedRow()


class Delimited(Output):
    """Checks rows with `delimiter` between the cells; with "", checks headings only."""

    def __init__(self, findings: Findings, delimiter: str) -> None:
        self._findings = findings
        self._delimiter = delimiter
        self._marks = re.compile(r'\r\n|[\r\n"' + re.escape(delimiter) + "]") if delimiter else _BREAK
        self._rows: dict[int, PrintedRow] = {}
        self.state: object = NEW_ROW

    @property
    def _row(self) -> PrintedRow:
        return self.state if isinstance(self.state, PrintedRow) else NEW_ROW

    # ---- reading the output

    def text(self, text: str, node: Text | None, span: Span, place: PrintPlace) -> None:
        at = 0
        for mark in self._marks.finditer(text):
            self._read_plain(text[at : mark.start()], at, node, span, place)
            self._read_mark(mark, node, span, place)
            at = mark.end()
        self._read_plain(text[at:], at, node, span, place)

    def _read_plain(self, text: str, at: int, node: Text | None, span: Span, place: PrintPlace) -> None:
        stripped = text.strip()
        if stripped:
            self._extend_row(at + text.index(stripped), len(stripped), node, span, place)
            letters = self._row.letters or any(character.isalpha() for character in stripped)
            self.state = self._row._replace(letters=letters)
        if text:
            identifier = self._row.identifier if keeps_number(constant(text)) else NONE_FOUND
            self.state = self._row._replace(cell=(self._row.cell + text)[:8], identifier=identifier)

    def _read_mark(self, mark: re.Match[str], node: Text | None, span: Span, place: PrintPlace) -> None:
        sign, row = mark.group(), self._row
        if sign[0] in "\r\n":
            if row.quoted is not True:
                self._end_row()
            return
        if sign == '"':
            self._extend_row(mark.start(), 1, node, span, place)
            quoted = None if row.quoted is None else not row.quoted
            self.state = self._row._replace(quoted=quoted, cell=(row.cell + '"')[:8])
        elif row.quoted is not True:
            if sign.isspace():
                self.state = row._replace(start=span.start if row.start < 0 else row.start)
            else:
                self._extend_row(mark.start(), 1, node, span, place)
            self._end_cell()
            columns = None if row.columns is None else row.columns + 1
            self.state = self._row._replace(columns=columns, cell="")

    def _extend_row(self, at: int, length: int, node: Text | None, span: Span, place: PrintPlace) -> None:
        """Add output to the row, with its position in the template."""
        row = self._row
        if node is None:
            start, end = span.start, span.end
        else:
            start = offset_of(self._findings, node, at) if row.start < 0 else row.start
            end = offset_of(self._findings, node, at + length - 1) + 1
        self.state = row._replace(
            start=start if row.start < 0 else row.start,
            end=end,
            in_heading=row.in_heading or place.in_heading,
            in_loop=row.in_loop or place.loops > 0,
        )

    def _end_row(self) -> None:
        self._end_cell()
        row = self._row
        if row.start >= 0:
            earlier = self._rows.get(row.start)
            if earlier is None:
                self._rows[row.start] = row
            elif row.columns not in (earlier.columns, None):
                self._rows[row.start] = row._replace(columns=None)
        self.state = NEW_ROW

    def hole(self, value: Value, node: Expression, span: Span, place: PrintPlace) -> None:
        row = self._row
        if self._delimiter and not check_escapes(self._findings, value.escapes, "table"):
            if row.quoted is True:
                self._check_quoted(value, node, span)
            elif row.quoted is False:
                self._check_unquoted(value, node, span)
        self._extend_row(0, 0, None, span, place)
        identifier = self._identifier(value, span) if self._delimiter else NONE_FOUND
        self.state = self._row._replace(has_values=True, cell=(row.cell + "\0")[:8], identifier=identifier)

    def meet(self, snapshots: list[object]) -> object:
        rows = [snapshot for snapshot in snapshots if isinstance(snapshot, PrintedRow)]
        if any(row.in_heading for row in rows):
            # Empty rows are the paths without the heading.
            rows = [row for row in rows if row != NEW_ROW]
        first = rows[0] if rows else NEW_ROW
        if all(row == first for row in rows):
            return first
        started = [row.start for row in rows if row.start >= 0]
        return PrintedRow(
            columns=first.columns if all(row.columns == first.columns for row in rows) else None,
            quoted=first.quoted if all(row.quoted == first.quoted for row in rows) else None,
            cell=first.cell if all(row.cell == first.cell for row in rows) else "\0",
            start=min(started, default=-1),
            end=max(row.end for row in rows),
            has_values=any(row.has_values for row in rows),
            letters=any(row.letters for row in rows),
            in_heading=any(row.in_heading for row in rows),
            in_loop=any(row.in_loop for row in rows),
            identifier=max(row.identifier for row in rows),
        )

    # ---- values in cells

    def _check_unquoted(self, value: Value, node: Expression, span: Span) -> None:
        if value.wrapped:
            return
        if "\n" in value.may:
            self._add_line_break(
                span,
                node,
                "A line break in this text starts a new row in the middle of the expense."
                " Put a space in its place, or put the text in quotes.",
            )
        if value.may & {self._delimiter, '"'}:
            fix = None
            alone = not self._row.cell.strip() and _END_OF_CELL.match(self._findings.text, span.end)
            if alone and self._findings.text.startswith("${", span.start):
                quoted = f'"${{{tight(node, self._findings)}{_DOUBLED}}}"'
                fix = Fix("Put it in quotes", span.start, span.end, quoted)
            sign = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[self._delimiter]
            self._findings.add(
                "unquoted-text",
                span,
                f"A {sign} in this text would begin a new column. Put it in quotes, and double the quotes in it.",
                fix,
            )

    def _check_quoted(self, value: Value, node: Expression, span: Span) -> None:
        if '"' in value.may and not value.doubled and not value.wrapped:
            self._findings.add(
                "undoubled-quotes",
                span,
                "A quote in this text would end the cell too early. Double the quotes in it.",
                in_place_of(node, "Double the quotes", tight(node, self._findings) + _DOUBLED),
            )
        if "\n" in value.may and not value.wrapped:
            self._add_line_break(
                span,
                node,
                "This text can run over several lines. Spreadsheets read that, being in quotes, but some accounting"
                " programs do not: put a space in the place of line breaks if yours is one of them.",
                note=True,
            )

    def _add_line_break(self, span: Span, node: Expression, sentence: str, *, note: bool = False) -> None:
        replacement = tight(node, self._findings) + '?replace("[\\\\r\\\\n]+", " ", "r")'
        fix = in_place_of(node, "Put a space in the place of line breaks", replacement)
        self._findings.add("line-break", span, sentence, fix, "note" if note else "warning")

    def _identifier(self, value: Value, span: Span) -> tuple[int, int]:
        """The identifier that is all of the cell when this value is printed too."""
        if self._row.cell.strip(' "'):
            return self._row.identifier if keeps_number(value) else NONE_FOUND
        is_number = value.identifier and value.type not in ("boolean", "list")
        return (span.start, span.end) if is_number else NONE_FOUND

    def _end_cell(self) -> None:
        """Report an identifier with nothing but digits beside it."""
        start, end = self._row.identifier
        if start < 0:
            return
        self._findings.add(
            "excel-identifier",
            self._findings.span(start, end),
            "A spreadsheet takes this identifier for a number and changes its last digits."
            " Put an apostrophe in front of it.",
            Fix("Put an apostrophe in front", start, start, "'"),
        )
        self.state = self._row._replace(identifier=NONE_FOUND)

    # ---- rows

    def finish(self) -> None:
        self._end_row()
        rows = [self._rows[start] for start in sorted(self._rows)]
        filled = [row for row in rows if row.in_loop and row.has_values and not row.in_heading]
        first = min((row.start for row in filled), default=-1)
        plain = [row for row in rows if self._is_bare_heading(row) and row.start < first]
        for row in plain:
            self._add_unguarded_heading(row)
        headings = [row for row in rows if row.in_heading and not row.in_loop] or plain
        if headings and self._delimiter:
            self._check_columns(headings[-1], filled)

    def _is_bare_heading(self, row: PrintedRow) -> bool:
        return row.letters and not (row.has_values or row.in_heading or row.in_loop)

    def _add_unguarded_heading(self, row: PrintedRow) -> None:
        text = self._findings.text
        start, end = whole_lines(text, row.start, row.end)
        lines = text[start:end] if text[start:end].endswith("\n") else text[start:end] + "\n"
        fix = Fix("Ask addHeader first", start, end, f"<#if addHeader>\n{lines}</#if>\n")
        printed = text[row.start : row.end]
        around = _TRIM.sub("", text[start : row.start] + text[row.end : end])
        stands_alone = not around.strip() and "<" not in _TRIM.sub("", printed)
        self._findings.add(
            "heading-unguarded",
            self._findings.span(row.start, row.end),
            "This heading is printed whether or not it is wanted: a file that is put together from several parts would"
            " have it several times. Print it only when addHeader says so.",
            fix if stands_alone else None,
        )

    def _check_columns(self, heading: PrintedRow, rows: list[PrintedRow]) -> None:
        titles = heading.columns
        line = self._findings.span(heading.start, heading.end).line
        for row in rows:
            if titles is not None and row.columns is not None and row.columns != titles:
                self._findings.add(
                    "heading-columns",
                    self._findings.span(row.start, row.end),
                    f"This row has {_columns(row.columns + 1)}, but the heading in line {line} has {titles + 1}."
                    " Add what is missing, or take out what is too much.",
                )


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"
