"""Read an XLSX workbook as lines: values only; no formula is evaluated, no link followed.

Libraries lose what matters here: the stored digits of a number, the zeros that a number format puts in front, and
whether a value came from a formula. They also build a full table for a sheet whose only two cells are a million rows
apart.
"""

import re
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from posixpath import join
from typing import Any

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.cell import column_index_from_string
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from accounts.delimited import FIRST_LINES
from exports.employee_updates.feed import merged_cells
from exports.employee_updates.feed.findings import Severity, UnreadableFile, named, quoted
from exports.employee_updates.feed.sheet import (
    MOST_COLUMNS,
    MOST_ROWS,
    Note,
    Sheet,
    SheetRow,
    sheet_of,
    too_many,
    too_wide,
)
from exports.employee_updates.feed.workbook_parts import DAMAGED, Attributes, parse, parts_of, path_of

_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_ZEROS = re.compile("0{2,}")
# Excel keeps 15 digits of a number; a longer identifier has lost its last digits.
_DIGITS_KEPT = 15


def read_workbook(content: bytes) -> Sheet:
    """The first visible sheet with content; formulas are read as their saved values.

    Raises UnreadableFile for damage, zip bombs and files that are not XLSX.
    """
    parts = parts_of(content)
    book = _Book(parts)
    source, notes = "", []
    for number, (name, path) in enumerate(book.sheets):
        cells = _Cells(book)
        parse(parts[path], cells.start, cells.end, cells.text)
        if not cells.lines:
            continue
        others = [other for other, _ in book.sheets[number + 1 :]]
        if others or number:
            skipped = named([quoted(other) for other in [other for other, _ in book.sheets[:number]] + others])
            notes.append(
                Note(None, None, "notice", "one_sheet", f"Only the sheet {quoted(name)} was read, not {skipped}.")
            )
        source = f"XLSX, sheet {quoted(name)}"
        if cells.hidden:
            rows = "row is" if cells.hidden == 1 else "rows are"
            sentence = f"{cells.hidden:,} {rows} hidden in the spreadsheet, by a filter perhaps. All were read."
            notes.append(Note(None, None, "warning", "hidden_rows", sentence))
        lines, merged = merged_cells.spread(cells.lines, cells.merged)
        sheet = sheet_of(source, lines, [*notes, *cells.notes, *merged], is_sparse=True)
        # Titles and headings are merged for their looks.
        above = {note for note in merged if note.row is not None and note.row < sheet.lines[0].number}
        return replace(sheet, notes=tuple(note for note in sheet.notes if note not in above))
    raise UnreadableFile("This workbook has no cell with anything in it. Upload the one with the employees.")


class _Book:
    """The parts that cells refer to: sheets, shared texts, number formats."""

    def __init__(self, parts: dict[str, bytes]) -> None:
        self._parts = parts
        if "xl/workbook.xml" not in parts:
            raise UnreadableFile("This ZIP file is no workbook. Save the table as XLSX or CSV and upload that.")
        self._targets: dict[str, tuple[str, str]] = {}
        if "xl/_rels/workbook.xml.rels" in parts:
            parse(parts["xl/_rels/workbook.xml.rels"], self._relation)
        self.sheets: list[tuple[str, str]] = []
        self.epoch = CALENDAR_WINDOWS_1900
        parse(parts["xl/workbook.xml"], self._sheet)
        if not self.sheets:
            raise UnreadableFile(DAMAGED)
        self.texts: list[str] = []
        for kind, path in self._targets.values():
            if kind == "sharedstrings" and path in parts:
                texts = _Texts()
                parse(parts[path], texts.start, texts.end, texts.text)
                self.texts = texts.texts
        self._formats: dict[int, str] = {}
        self._styles: list[str] = []
        self._in_cell_styles = False
        for kind, path in self._targets.values():
            if kind == "styles" and path in parts:
                parse(parts[path], self._style, self._style_end)

    def format(self, style: str) -> str:
        """The number format of a cell's style, "General" when it has none."""
        number = int(style) if style.isdecimal() else 0
        return self._styles[number] if number < len(self._styles) else "General"

    def _relation(self, name: str, attributes: Attributes) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            path = target if target.startswith("/") else join("xl", target)
            kind = attributes.get("Type", "").rpartition("/")[2].lower()
            self._targets[attributes.get("Id", "")] = kind, path_of(path)

    def _sheet(self, name: str, attributes: Attributes) -> None:
        if name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            self.epoch = CALENDAR_MAC_1904
        if name == "sheet" and attributes.get("state", "visible") == "visible":
            relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            kind, path = self._targets.get(relation, ("", ""))
            if kind == "worksheet" and path in self._parts:
                self.sheets.append((attributes.get("name", ""), path))

    def _style(self, name: str, attributes: Attributes) -> None:
        if name == "numFmt":
            self._formats[_whole(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._in_cell_styles = True
        elif name == "xf" and self._in_cell_styles:
            number = _whole(attributes.get("numFmtId"))
            self._styles.append(self._formats.get(number) or BUILTIN_FORMATS.get(number) or "General")

    def _style_end(self, name: str) -> None:
        if name == "cellXfs":
            self._in_cell_styles = False


class _Texts:
    """The shared texts; runs of rich text are joined, phonetic readings of East Asian texts are skipped."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._pieces: list[str] | None = None
        self._in_text = self._in_reading = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "si":
            self._pieces = []
        elif name == "rPh":
            self._in_reading = True
        elif name == "t":
            self._in_text = True

    def end(self, name: str) -> None:
        if name == "si":
            self.texts.append("".join(self._pieces or []))
            self._pieces = None
        elif name == "rPh":
            self._in_reading = False
        elif name == "t":
            self._in_text = False

    def text(self, text: str) -> None:
        if self._in_text and not self._in_reading and self._pieces is not None:
            self._pieces.append(text)


class _Cells:
    """The non-empty cells of a sheet as lines, row by row."""

    def __init__(self, book: _Book) -> None:
        self.lines: list[SheetRow] = []
        self.notes: list[Note] = []
        self.merged: list[str] = []
        self.hidden = 0
        self._book = book
        self._is_hidden = False
        self._row = 0
        self._column = -1
        self._cells: dict[int, str] = {}
        self._attributes: Attributes = {}
        self._pieces: list[str] = []
        self._in_value = self._in_reading = self._is_formula = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "c":
            self._attributes = attributes
            place = _CELL.fullmatch(attributes.get("r", ""))
            self._column = column_index_from_string(place[1]) - 1 if place else self._column + 1
            self._pieces, self._is_formula = [], False
        elif name in ("v", "t"):
            self._in_value = True
        elif name == "f":
            self._is_formula = True
        elif name == "rPh":
            self._in_reading = True
        elif name == "mergeCell":
            self.merged.append(attributes.get("ref", ""))
        elif name == "row":
            self._row = _whole(attributes.get("r")) or self._row + 1
            self._is_hidden = attributes.get("hidden") in ("1", "true")
            self._column = -1
            self._cells = {}

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._in_value = False
        elif name == "rPh":
            self._in_reading = False
        elif name == "c":
            if self._pieces or self._is_formula:
                self._finish_cell("".join(self._pieces))
        elif name == "row" and self._cells:
            widest = max(self._cells)
            if widest >= MOST_COLUMNS:
                raise UnreadableFile(too_wide(self._row, widest + 1))
            self.lines.append(SheetRow(self._row, tuple(self._cells.get(column, "") for column in range(widest + 1))))
            self.hidden += self._is_hidden
            if len(self.lines) > MOST_ROWS + FIRST_LINES:
                raise UnreadableFile(too_many())

    def text(self, text: str) -> None:
        if self._in_value and not self._in_reading:
            self._pieces.append(text)

    def _finish_cell(self, raw: str) -> None:
        kind, shown_error = self._attributes.get("t", "n"), ""
        if kind == "s":
            number = _whole(raw)
            text = self._book.texts[number] if number < len(self._book.texts) else ""
        elif kind == "b":
            text = "true" if raw.strip() == "1" else "false"
        elif kind == "e":
            text, shown_error = "", raw
        elif kind == "n":
            text = self._number(raw)
        else:
            text = raw
        if shown_error:
            self._note(
                "error", "cell_error", f"The spreadsheet shows the error {quoted(shown_error)} here. Mend it there."
            )
        if self._is_formula:
            self._note_formula(text)
        if text.strip():
            self._cells[self._column] = text

    def _note_formula(self, text: str) -> None:
        if text.strip():
            sentence = f"A formula stands here; the value that was saved with it, {quoted(text)}, was taken."
            self._note("notice", "formula", sentence)
        else:
            self._note(
                "warning",
                "formula_without_value",
                "A formula stands here, and no value was saved with it, so the cell was taken as empty. Open the file "
                "in a spreadsheet program and save it, or put the value in.",
            )

    def _number(self, raw: str) -> str:
        style = self._attributes.get("s")
        format = self._book.format(style) if style is not None else "General"
        if raw.isdecimal() and format == "General":
            self._check_length(raw)
            return raw
        try:
            number = Decimal(raw.strip())
        except InvalidOperation:
            return raw
        if not number.is_finite() or abs(number.adjusted()) > 300:
            return raw
        if format != "General" and is_date_format(format):
            return self._day(number)
        text = f"{number:f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        if text.isdecimal():
            self._check_length(text)
            if _ZEROS.fullmatch(format) and len(text) < len(format):
                shown = text.zfill(len(format))
                sentence = f"Stored as the number {text} and shown as {shown}; taken as it is shown."
                self._note("notice", "shown_zeros", sentence)
                return shown
        return text

    def _check_length(self, digits: str) -> None:
        if len(digits) > _DIGITS_KEPT:
            self._note(
                "warning",
                "digits_lost",
                f"A spreadsheet keeps {_DIGITS_KEPT} digits of a number, and {quoted(digits)} has more: its last "
                "digits may be wrong. Make the column text there, and enter it again.",
            )

    def _day(self, number: Decimal) -> str:
        try:
            moment: Any = from_excel(float(number), self._book.epoch)
        except (ValueError, OverflowError):
            return f"{number:f}"
        if isinstance(moment, datetime):
            return moment.date().isoformat() if moment.time() == datetime.min.time() else moment.isoformat(" ")
        return str(moment)

    def _note(self, severity: Severity, code: str, sentence: str) -> None:
        self.notes.append(Note(self._row, self._column, severity, code, sentence))


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0
