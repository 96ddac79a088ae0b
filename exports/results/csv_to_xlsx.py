"""Convert a CSV to an Excel workbook without changing the meaning of any cell.

Identifiers stay text, with their zeros and all digits; amounts become numbers, days become dates; nothing becomes a
formula. Chosen columns define the types. In a file of a hand-written template, only ISO dates and columns named
amount, total and the like become more than text, and HTML escapes are decoded, as chosen columns have done already.
A column becomes numbers as a whole or not at all, as `amounts` decides; a last sheet names the columns that were not
certain.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from itertools import chain, count, islice
from pathlib import Path
from typing import IO, Any

from expensify.answers import without_escapes
from exports.columns.layout import Column, Layout
from exports.results import tables, xlsx
from exports.results.amounts import COMMA, POINT, AmountColumn, amount_in, is_amount_heading

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Excel's limits for a sheet and a cell.
MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
LONGEST_CELL = 32_767
# How many rows determine the width of a column.
ROWS_FOR_WIDTH = 200
NARROWEST, WIDEST = 8, 60
# How many converted cells of a column are cached, and up to which length of text.
MOST_CACHED, LONGEST_CACHED = 5000, 100

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?")
# Excel's dates before this day are wrong by one.
_FIRST_DAY = date(1900, 3, 1)
# Characters that XML forbids, and texts that XLSX would read as an escaped character.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

# Converts a text to a cell: a text, or a value with its number format.
Reading = Callable[[str], Any]


class CannotMake(Exception):
    """The file cannot be converted; the text says why to people."""


def workbook(source: IO[bytes], target: Path, layout: Layout | None, *, most_rows: int = MOST_ROWS) -> None:
    """Convert a CSV to a workbook at `target`; rows beyond a sheet's limit go to the next sheet. Raises CannotMake."""
    try:
        columns = _amount_columns(source, layout)
        source.seek(0)
        records = tables.records_of(source, layout)
        headings = records.headings if records.heading else []
        readings = _readings(records.headings, layout, columns)
        rows: Iterator[list[str]] = (record.cells for record in records.rows)
        start = list(islice(rows, ROWS_FOR_WIDTH))
        widths = _widths([headings, *start])
        _refuse_if_wider(max(len(widths), len(headings)))
        rows = chain(start, rows)
        with xlsx.book(target) as book:
            cells = _Cells(book, readings, decode=layout is None)
            for sheet in count(1):
                body = islice(rows, most_rows - bool(headings))
                xml_rows = (xlsx.row(number, cells.of(row)) for number, row in enumerate(body, 1 + bool(headings)))
                book.sheet("Rows" if sheet == 1 else f"Rows {sheet}", widths, list(map(_plain, headings)), xml_rows)
                if (following := next(rows, None)) is None:
                    break
                rows = chain([following], rows)
            _write_notes(book, columns)
    except csv.Error:
        raise CannotMake("The file is damaged: it cannot be read as a table.") from None


def _write_notes(book: xlsx.Book, columns: dict[int, AmountColumn]) -> None:
    """A last sheet that says which columns stayed text, and why."""
    doubts = [
        (column.heading, f"The cells of this column are text, so that no amount is wrong: {column.doubt}.")
        for column in columns.values()
        if column.doubt
    ]
    if doubts:
        rows = (xlsx.row(number, [xlsx.text(_plain(text)) for text in doubt]) for number, doubt in enumerate(doubts, 2))
        book.sheet("Notes", [20, WIDEST], ["Column", "Note"], rows)


def _refuse_if_wider(columns: int) -> None:
    if columns > MOST_COLUMNS:
        raise CannotMake(f"The file has more than the {MOST_COLUMNS:,} columns that Excel takes.")


class _Cells:
    """Converts rows to cells. Values repeat within a column, so converted cells are cached."""

    def __init__(self, book: xlsx.Book, readings: Sequence[Reading], *, decode: bool) -> None:
        self._book, self._readings, self._decode = book, readings, decode
        self._caches: list[dict[str, str]] = []

    def of(self, row: Sequence[str]) -> Iterator[str]:
        _refuse_if_wider(len(row))
        while len(self._caches) < len(row):
            self._caches.append({})
        for column, (text, cache) in enumerate(zip(row, self._caches, strict=False)):
            cell = cache.get(text)
            if cell is None:
                cell = self._convert(column, text)
                if len(cache) == MOST_CACHED:
                    cache.clear()
                if len(text) < LONGEST_CACHED:
                    cache[text] = cell
            yield cell

    def _convert(self, column: int, text: str) -> str:
        text = without_escapes(text) if self._decode else text
        value = self._readings[column](_plain(text)) if column < len(self._readings) else _plain(text)
        return self._book.value(*value) if isinstance(value, tuple) else xlsx.text(value)


def _plain(text: str) -> str:
    """The text as XLSX can hold it: its line breaks, no characters that XML forbids, within a cell's limit."""
    if text.isalnum() and text.isascii() and len(text) <= LONGEST_CELL:
        return text
    # Bytes that are invalid in the file's encoding become replacement characters.
    text = _NO_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _ESCAPE.sub("_x005F_", text)
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"


def _widths(rows: list[list[str]]) -> list[int]:
    widths: list[int] = []
    for row in rows:
        widths += [NARROWEST] * (len(row) - len(widths))
        for column, cell in enumerate(row):
            widths[column] = max(widths[column], min(len(cell) + 2, WIDEST))
    return widths


# ------------------------------------------------------------ types of cells


def _amount_columns(source: IO[bytes], layout: Layout | None) -> dict[int, AmountColumn]:
    """The columns that may hold amounts, by their position, after a first pass over the file."""
    records = tables.records_of(source, layout)
    if layout is not None:
        columns = {
            position: AmountColumn(column.heading, [COMMA if column.format == "0,00" else POINT], [column.fallback])
            for position, column in enumerate(layout.columns)
            if _holds_numbers(column)
        }
    else:
        columns = {
            position: AmountColumn(heading)
            for position, heading in enumerate(records.headings)
            if is_amount_heading(heading)
        }
    if columns:
        for record in records.rows:
            for position, column in columns.items():
                if position < len(record.cells):
                    column.see(record.cells[position])
    return columns


def _holds_numbers(column: Column) -> bool:
    if column.source == "number":
        return True
    field = column.field
    is_number = field is not None and field.type in ("cents", "number", "integer") and not field.identifier
    return is_number and not column.excel_text


def _readings(headings: Sequence[str], layout: Layout | None, amounts: dict[int, AmountColumn]) -> list[Reading]:
    if layout is not None:
        return [
            _amount_reading(amounts[position], _format_of(column))
            if position in amounts
            else _reading_of(column, layout)
            for position, column in enumerate(layout.columns)
        ]
    return [
        _amount_reading(amounts[position], _format_by(amounts[position].decimals))
        if position in amounts
        else _read_text_or_day
        for position in range(len(headings))
    ]


def _amount_reading(column: AmountColumn, format: str) -> Reading:
    mark = column.mark
    if mark is None:
        return str if column.doubt else _read_text_or_day

    def read(text: str) -> Any:
        amount = None if column.is_blank(text) else amount_in(text, mark)
        return text if amount is None else (amount, format)

    return read


def _format_of(column: Column) -> str:
    if column.source == "number" or column.format == "cents" or (column.field and column.field.type == "integer"):
        return "0"
    return {"0.00": "#,##0.00", "0,00": "#,##0.00", "0": "#,##0"}.get(column.format, "0.##########")


def _format_by(decimals: int) -> str:
    return "#,##0." + "0" * max(decimals, 2) if decimals else "0"


def _reading_of(column: Column, layout: Layout) -> Reading:
    field = column.field
    if column.excel_text:
        return lambda text: text.removeprefix("'")
    if field is not None and field.type in ("date", "datetime"):
        return _read_text_or_day
    return _unguarded if layout.guard else str


def _unguarded(text: str) -> str:
    """Without the apostrophe that guards texts like formulas in a CSV: in the workbook nothing is a formula."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def _read_text_or_day(text: str) -> Any:
    if not text[:4].isdigit() or len(text) < 10:
        return text
    try:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            return (day, "yyyy-mm-dd") if day >= _FIRST_DAY else text
        if _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text)
            return (moment, "yyyy-mm-dd hh:mm:ss") if moment.date() >= _FIRST_DAY else text
    except ValueError:
        pass
    return text
