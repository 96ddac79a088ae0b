"""Rendered rows as an Excel workbook; how the real server makes one is not known."""

import csv
import io
import re

_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # no XML can hold these
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")


def workbook(rendered: str) -> bytes:
    """An xlsx of one sheet; what looks like a number becomes one, so long identifiers lose digits."""
    # Imported here: tests/test_process_imports.py tells why.
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Export")
    for row in rows(rendered):
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=value)
            if isinstance(value, str):
                cell.data_type = "s"  # or a comment that begins with "=" would become a formula
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rows(rendered: str) -> list[list[str | float]]:
    """The rendered text read as CSV, with numbers as numbers."""
    return [[_value(text) for text in row] for row in csv.reader(io.StringIO(rendered, newline=""))]


def _value(text: str) -> str | float:
    if _NUMBER.fullmatch(text):
        return float(text)
    return _UNWRITABLE.sub("", text)
