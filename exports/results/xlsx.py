"""An XLSX written row by row, straight as its XML: texts, numbers and days in sheets with a heading, and no more.

A library that can do everything builds an object and a tree for each cell, which takes several times as long.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape, quoteattr  # nosec B406: it writes XML and reads none

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_RELATIONS = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
# The styles that come before those of the formats: nothing, and bold.
_PLAIN, _BOLD = 0, 1
# Formats of one's own are numbered from here.
_FIRST_FORMAT = 164
# Excel's days are counted from here; before March 1900 it has one day too many.
_DAY_ZERO = date(1899, 12, 30)
_SECONDS = 24 * 60 * 60
# Where a program that reads XML may take spaces for layout.
_KEEP = re.compile(r"^\s|\s$|\n|\t|  ")
# Rows are compressed together.
_TOGETHER = 200

Value = Decimal | datetime | date


class Book:
    """The file being written; sheets come one after the other. `close` makes it whole."""

    def __init__(self, target: Path) -> None:
        self._archive = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED)
        # What tells the kind of a file by its first bytes looks for this name.
        self._archive.writestr("_rels/.rels", _RELATIONS)
        self._names: list[str] = []
        self._formats: dict[str, int] = {}

    def sheet(self, name: str, widths: Sequence[int], heading: Sequence[str], rows: Iterable[str]) -> None:
        """A sheet of rows that `text` and `value` made; a heading stays in sight."""
        self._names.append(name)
        with self._archive.open(f"xl/worksheets/sheet{len(self._names)}.xml", "w", force_zip64=True) as file:
            file.write(f'{_HEAD}<worksheet xmlns="{_MAIN}">'.encode())
            if heading:
                file.write(
                    b'<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
                    b'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
                )
            if widths:
                columns = (
                    f'<col min="{n}" max="{n}" width="{w}" customWidth="1"/>' for n, w in enumerate(widths, 1)
                )
                file.write(f"<cols>{''.join(columns)}</cols>".encode())
            file.write(b"<sheetData>")
            first = 1
            if heading:
                cells = [text(cell).replace("<c ", f'<c s="{_BOLD}" ', 1) for cell in heading]
                file.write(row(first, cells).encode())
                first += 1
            _write(file, rows)
            file.write(b"</sheetData></worksheet>")

    def value(self, value: Value, format: str) -> str:
        """A cell with a number or a day, shown in this format; its place is still to be filled in."""
        if (style := self._formats.get(format)) is None:
            style = self._formats[format] = _BOLD + 1 + len(self._formats)
        return f'<c s="{style}" r="@"><v>{_number(value)}</v></c>'

    def close(self) -> None:
        """Write what could not be known before."""
        numbers = range(1, len(self._names) + 1)
        sheets = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>'
            for n, name in zip(numbers, self._names, strict=True)
        )
        self._part(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
        )
        relations = "".join(
            f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in numbers
        )
        self._part(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}'
            f'<Relationship Id="rId0" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        )
        self._part("xl/styles.xml", self._styles())
        kinds = {f"/xl/worksheets/sheet{n}.xml": "worksheet" for n in numbers}
        kinds |= {"/xl/workbook.xml": "sheet.main", "/xl/styles.xml": "styles"}
        overrides = "".join(
            f'<Override PartName="{part}" ContentType="{_TYPE}.{kind}+xml"/>' for part, kind in kinds.items()
        )
        self._part(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>',
        )
        self._archive.close()

    def abandon(self) -> None:
        """Let go of the file; what there is of it is no workbook."""
        self._archive.close()

    def _styles(self) -> str:
        own = list(enumerate(self._formats, _FIRST_FORMAT))
        formats = "".join(f'<numFmt numFmtId="{n}" formatCode={quoteattr(code)}/>' for n, code in own)
        cells = "".join(
            f'<xf numFmtId="{n}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
            for n, _ in own
        )
        font = '<sz val="11"/><name val="Calibri"/><family val="2"/>'
        return (
            f'<styleSheet xmlns="{_MAIN}">'
            + (f'<numFmts count="{len(own)}">{formats}</numFmts>' if own else "")
            + f'<fonts count="2"><font>{font}</font><font><b/>{font}</font></fonts>'
            '<fills count="2"><fill><patternFill patternType="none"/></fill>'
            '<fill><patternFill patternType="gray125"/></fill></fills>'
            '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
            '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
            f'<cellXfs count="{2 + len(own)}"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
            '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
            f"{cells}</cellXfs>"
            '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
        )

    def _part(self, name: str, content: str) -> None:
        self._archive.writestr(name, _HEAD + content)


@contextmanager
def book(target: Path) -> Iterator[Book]:
    """A workbook at `target`, whole when the block has ended well."""
    written = Book(target)
    try:
        yield written
    except BaseException:
        written.abandon()
        raise
    written.close()


def text(words: str) -> str:
    """A cell with a text, which must be such that XML can hold it; its place is still to be filled in."""
    if not words:
        return ""
    keep = ' xml:space="preserve"' if _KEEP.search(words) else ""
    return f'<c r="@" t="inlineStr"><is><t{keep}>{escape(words)}</t></is></c>'


def row(number: int, cells: Iterable[str]) -> str:
    """The cells as a row; empty ones take no room."""
    placed = (
        cell.replace('r="@"', f'r="{_letters(place)}{number}"', 1) for place, cell in enumerate(cells) if cell
    )
    return f'<row r="{number}">{"".join(placed)}</row>'


def _write(file: IO[bytes], rows: Iterable[str]) -> None:
    waiting: list[str] = []
    for each in rows:
        waiting.append(each)
        if len(waiting) == _TOGETHER:
            file.write("".join(waiting).encode())
            waiting.clear()
    file.write("".join(waiting).encode())


def _number(value: Value) -> str:
    if isinstance(value, datetime):
        day = (value.date() - _DAY_ZERO).days
        seconds = value.hour * 3600 + value.minute * 60 + value.second
        return str(day + seconds / _SECONDS) if seconds else str(day)
    if isinstance(value, date):
        return str((value - _DAY_ZERO).days)
    return str(value)


_known: list[str] = []


def _letters(place: int) -> str:
    """A, B, … Z, AA, …: the name of the column at this place, from 0."""
    while place >= len(_known):
        left, name = len(_known), ""
        while left >= 0:
            left, letter = divmod(left, 26)
            name = chr(ord("A") + letter) + name
            left -= 1
        _known.append(name)
    return _known[place]
