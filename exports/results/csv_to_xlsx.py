"""A CSV as an Excel workbook in which nothing has changed its meaning.

An identifier stays the text it is, with its zeros and all its digits; an amount is a number, a day is a date; nothing
is a formula. Where columns were chosen, they say which is which; in a file of somebody's own template only ISO dates
and the cells of columns that are called amount, total and the like are taken for more than text.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, BinaryIO

from exports.columns.layout import Column, Layout
from exports.results import tables, xlsx

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What a sheet and a cell of Excel take.
MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
LONGEST_CELL = 32_767
# Excel keeps so many digits of a number; what has more stays text.
MOST_DIGITS = 15
# So many rows tell how wide a column is to be.
ROWS_FOR_WIDTH = 200
NARROWEST, WIDEST = 8, 60
# So many different texts of a column are kept as the cells they became, unless they are long.
MOST_KNOWN, LONGEST_KNOWN = 5000, 100

AMOUNT_WORDS = {"amount", "total", "sum", "net", "gross", "tax", "vat", "price"}

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)([.,][0-9]+)?")
_MONEY = re.compile(r"-?(0|[1-9][0-9]{0,12})([.,][0-9]{2})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?")
# Before it, Excel and the calendar do not agree.
_FIRST_DAY = date(1900, 3, 1)
# What XML cannot hold, and what XLSX would take for such a character written out.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

# What a cell becomes: a text, or a value and the format it is shown in.
Reading = Callable[[str], Any]


class CannotMake(Exception):
    """There is no workbook of this file; the text says why to people."""


def workbook(source: BinaryIO, target: Path, layout: Layout | None, *, most_rows: int = MOST_ROWS) -> None:
    """Write the workbook of a CSV to `target`; what one sheet cannot hold goes on in the next. Raises CannotMake."""
    records = tables.records_of(source, layout)
    headings = records.headings if records.heading else []
    readings = [_of_column(column, layout) for column in layout.columns] if layout else []
    if not layout:
        readings = [_amount if _is_amount(heading) else _text_or_day for heading in headings]
    try:
        rows: Iterator[list[str]] = (record.cells for record in records.rows)
        start = list(islice(rows, ROWS_FOR_WIDTH))
        widths = _widths([headings, *start])
        _check(widths, headings)
        rows = chain(start, rows)
        with xlsx.book(target) as book:
            cells = _Cells(book, readings)
            for number in count(1):
                body = islice(rows, most_rows - bool(headings))
                made = (xlsx.row(place, cells.of(row)) for place, row in enumerate(body, 1 + bool(headings)))
                book.sheet(
                    "Rows" if number == 1 else f"Rows {number}", widths, list(map(_plain, headings)), made
                )
                if (following := next(rows, None)) is None:
                    break
                rows = chain([following], rows)
    except csv.Error:
        raise CannotMake("The file is damaged: it cannot be read as a table.") from None


def _check(widths: Sequence[int], headings: Sequence[str]) -> None:
    if max(len(widths), len(headings)) > MOST_COLUMNS:
        raise CannotMake(f"The file has more than the {MOST_COLUMNS:,} columns that Excel takes.")


class _Cells:
    """Rows as cells. Columns repeat themselves, so what a text became is kept for as long as that is little."""

    def __init__(self, book: xlsx.Book, readings: Sequence[Reading]) -> None:
        self._book, self._readings = book, readings
        self._known: list[dict[str, str]] = []

    def of(self, row: Sequence[str]) -> Iterator[str]:
        if len(row) > MOST_COLUMNS:
            raise CannotMake(f"The file has more than the {MOST_COLUMNS:,} columns that Excel takes.")
        while len(self._known) < len(row):
            self._known.append({})
        for place, (text, known) in enumerate(zip(row, self._known, strict=False)):
            made = known.get(text)
            if made is None:
                made = self._made(place, text)
                if len(known) == MOST_KNOWN:
                    known.clear()
                if len(text) < LONGEST_KNOWN:
                    known[text] = made
            yield made

    def _made(self, place: int, text: str) -> str:
        read = self._readings[place](_plain(text)) if place < len(self._readings) else _plain(text)
        return self._book.value(*read) if isinstance(read, tuple) else xlsx.text(read)


def _plain(text: str) -> str:
    """What XLSX can hold of it: its own line breaks, no character that is none in XML, no more than a cell takes."""
    if text.isalnum() and text.isascii() and len(text) <= LONGEST_CELL:
        return text
    # A byte that is no text in the file's encoding is none here either.
    text = _NO_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _ESCAPE.sub("_x005F_", text)
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"


def _widths(rows: list[list[str]]) -> list[int]:
    widths: list[int] = []
    for row in rows:
        widths += [NARROWEST] * (len(row) - len(widths))
        for place, cell in enumerate(row):
            widths[place] = max(widths[place], min(len(cell) + 2, WIDEST))
    return widths


# ------------------------------------------------------------ what a cell is


def _of_column(column: Column, layout: Layout) -> Reading:
    field = column.field
    if column.source == "number":
        return lambda text: _number(text, "0")
    if column.excel_text:
        return lambda text: text.removeprefix("'")
    if field is not None and field.type in ("cents", "number", "integer") and not field.identifier:
        shown = {"0.00": "#,##0.00", "0,00": "#,##0.00", "0": "#,##0"}.get(column.format, "0.##########")
        if field.type == "integer" or column.format == "cents":
            shown = "0"
        return lambda text: _number(text, shown, comma=column.format == "0,00")
    if field is not None and field.type in ("date", "datetime"):
        return _text_or_day
    return _unguarded if layout.guard else str


def _unguarded(text: str) -> str:
    """Without the apostrophe that a CSV needs before what looks like a formula: here nothing is one."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def _number(text: str, format: str, *, comma: bool = False) -> Any:
    plain = text.removeprefix("'")
    plain = plain.replace(",", ".") if comma else plain
    if "," in plain or not _NUMBER.fullmatch(plain) or sum(map(str.isdigit, plain)) > MOST_DIGITS:
        return text
    return Decimal(plain), format


def _is_amount(heading: str) -> bool:
    return not AMOUNT_WORDS.isdisjoint(re.findall("[a-z]+", heading.casefold()))


def _amount(text: str) -> Any:
    found = _MONEY.fullmatch(text)
    if not found:
        return _text_or_day(text)
    return Decimal(text.replace(",", ".")), "#,##0.00" if found[2] else "0"


def _text_or_day(text: str) -> Any:
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
