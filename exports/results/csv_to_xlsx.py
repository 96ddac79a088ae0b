"""Convert a CSV to an Excel workbook without changing the meaning of any cell.

Identifiers stay text, with their zeros and all digits; amounts become numbers, days become dates; nothing becomes a
formula. Chosen columns define the types. In a file of a hand-written template, only ISO dates and columns named
amount, total and the like become more than text; and HTML escapes are decoded, as chosen columns have done already.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, count, islice
from pathlib import Path
from typing import IO, Any

from expensify.answers import without_escapes
from exports.columns.layout import Column, Layout
from exports.results import tables, xlsx

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Excel's limits for a sheet and a cell.
MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
LONGEST_CELL = 32_767
# Excel keeps 15 digits of a number; a longer one stays text.
MOST_DIGITS = 15
# How many rows determine the width of a column.
ROWS_FOR_WIDTH = 200
NARROWEST, WIDEST = 8, 60
# How many converted cells of a column are cached, and up to which length of text.
MOST_CACHED, LONGEST_CACHED = 5000, 100

AMOUNT_WORDS = {"amount", "total", "sum", "net", "gross", "tax", "vat", "price"}

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)([.,][0-9]+)?")
_MONEY = re.compile(r"-?(0|[1-9][0-9]{0,12})([.,][0-9]{2})?")
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
    records = tables.records_of(source, layout)
    headings = records.headings if records.heading else []
    readings = [_reading_of(column, layout) for column in layout.columns] if layout else []
    if not layout:
        readings = [_read_amount if _is_amount(heading) else _read_text_or_day for heading in headings]
    try:
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
    except csv.Error:
        raise CannotMake("The file is damaged: it cannot be read as a table.") from None


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


def _reading_of(column: Column, layout: Layout) -> Reading:
    field = column.field
    if column.source == "number":
        return lambda text: _read_number(text, "0")
    if column.excel_text:
        return lambda text: text.removeprefix("'")
    if field is not None and field.type in ("cents", "number", "integer") and not field.identifier:
        format = {"0.00": "#,##0.00", "0,00": "#,##0.00", "0": "#,##0"}.get(column.format, "0.##########")
        if field.type == "integer" or column.format == "cents":
            format = "0"
        return lambda text: _read_number(text, format, comma=column.format == "0,00")
    if field is not None and field.type in ("date", "datetime"):
        return _read_text_or_day
    return _unguarded if layout.guard else str


def _unguarded(text: str) -> str:
    """Without the apostrophe that guards texts like formulas in a CSV: in the workbook nothing is a formula."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def _read_number(text: str, format: str, *, comma: bool = False) -> Any:
    plain = text.removeprefix("'")
    plain = plain.replace(",", ".") if comma else plain
    if "," in plain or not _NUMBER.fullmatch(plain) or sum(map(str.isdigit, plain)) > MOST_DIGITS:
        return text
    return Decimal(plain), format


def _is_amount(heading: str) -> bool:
    return not AMOUNT_WORDS.isdisjoint(re.findall("[a-z]+", heading.casefold()))


def _read_amount(text: str) -> Any:
    match = _MONEY.fullmatch(text)
    if not match:
        return _read_text_or_day(text)
    return Decimal(text.replace(",", ".")), "#,##0.00" if match[2] else "0"


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
