"""Write an XLSX row by row as XML: sheets with a heading, texts, numbers and days, and nothing else.

A general library builds objects for each cell: for the same rows XlsxWriter takes four times as long as this, openpyxl
nine times.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from functools import cache
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
# The first two styles, before those of number formats.
_PLAIN, _BOLD = 0, 1
# Excel numbers custom formats from here.
_FIRST_FORMAT = 164
# Excel counts days from here; before March 1900 it has one day too many.
_DAY_ZERO = date(1899, 12, 30)
_SECONDS = 24 * 60 * 60
# Texts whose spaces an XML reader may drop as layout.
_KEEP = re.compile(r"^\s|\s$|\n|\t|  ")
# How many rows are written at once, so that they compress better.
_TOGETHER = 200

Value = Decimal | datetime | date


class Book:
    """The file being written, sheet by sheet. `finish` completes it."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        # Programs that detect file types by their first bytes look for this name.
        self._archive.writestr("_rels/.rels", _RELATIONS)
        self._names: list[str] = []
        self._formats: dict[str, int] = {}

    def sheet(self, name: str, widths: Sequence[int], heading: Sequence[str], rows: Iterable[str]) -> None:
        """Write a sheet of rows made by `row`; the heading is frozen."""
        self._names.append(name)
        with self._archive.open(f"xl/worksheets/sheet{len(self._names)}.xml", "w", force_zip64=True) as file:
            file.write(f'{_HEAD}<worksheet xmlns="{_MAIN}">'.encode())
            if heading:
                file.write(
                    b'<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
                    b'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
                )
            if widths:
                columns = (f'<col min="{n}" max="{n}" width="{w}" customWidth="1"/>' for n, w in enumerate(widths, 1))
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
        """A cell with a number or a day in this format; `row` fills in its position."""
        if (style := self._formats.get(format)) is None:
            style = self._formats[format] = _BOLD + 1 + len(self._formats)
        return f'<c s="{style}" r="@"><v>{_number(value)}</v></c>'

    def finish(self) -> None:
        """Write the parts that depend on the number of sheets and formats."""
        numbers = range(1, len(self._names) + 1)
        sheets = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>'
            for n, name in zip(numbers, self._names, strict=True)
        )
        self._part(
            "xl/workbook.xml", f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>'
        )
        relations = "".join(
            f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
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

    def _styles(self) -> str:
        custom = list(enumerate(self._formats, _FIRST_FORMAT))
        formats = "".join(f'<numFmt numFmtId="{n}" formatCode={quoteattr(code)}/>' for n, code in custom)
        cells = "".join(
            f'<xf numFmtId="{n}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>' for n, _ in custom
        )
        font = '<sz val="11"/><name val="Calibri"/><family val="2"/>'
        return (
            f'<styleSheet xmlns="{_MAIN}">'
            + (f'<numFmts count="{len(custom)}">{formats}</numFmts>' if custom else "")
            + f'<fonts count="2"><font>{font}</font><font><b/>{font}</font></fonts>'
            '<fills count="2"><fill><patternFill patternType="none"/></fill>'
            '<fill><patternFill patternType="gray125"/></fill></fills>'
            '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
            '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
            f'<cellXfs count="{2 + len(custom)}"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
            '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
            f"{cells}</cellXfs>"
            '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
        )

    def _part(self, name: str, content: str) -> None:
        self._archive.writestr(name, _HEAD + content)


@contextmanager
def book(target: Path) -> Iterator[Book]:
    """A workbook at `target`, completed when the block ends without an error."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        workbook = Book(archive)
        yield workbook
        workbook.finish()


def text(words: str) -> str:
    """A cell with a text, which must be valid in XML; `row` fills in its position."""
    if not words:
        return ""
    keep = ' xml:space="preserve"' if _KEEP.search(words) else ""
    return f'<c r="@" t="inlineStr"><is><t{keep}>{escape(words)}</t></is></c>'


def row(number: int, cells: Iterable[str]) -> str:
    """The XML of a row; empty cells are left out."""
    positioned = (cell.replace('r="@"', f'r="{_column_name(n)}{number}"', 1) for n, cell in enumerate(cells) if cell)
    return f'<row r="{number}">{"".join(positioned)}</row>'


def _write(file: IO[bytes], rows: Iterable[str]) -> None:
    buffer: list[str] = []
    for row_xml in rows:
        buffer.append(row_xml)
        if len(buffer) == _TOGETHER:
            file.write("".join(buffer).encode())
            buffer.clear()
    file.write("".join(buffer).encode())


def _number(value: Value) -> str:
    if isinstance(value, datetime):
        day = (value.date() - _DAY_ZERO).days
        seconds = value.hour * 3600 + value.minute * 60 + value.second
        return str(day + seconds / _SECONDS) if seconds else str(day)
    if isinstance(value, date):
        return str((value - _DAY_ZERO).days)
    return str(value)


@cache
def _column_name(index: int) -> str:
    """A, B, … Z, AA, …: the name of the column at this index, from 0."""
    name = ""
    while index >= 0:
        index, letter = divmod(index, 26)
        name = chr(ord("A") + letter) + name
        index -= 1
    return name
