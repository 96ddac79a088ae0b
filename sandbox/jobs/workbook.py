"""Convert rendered rows to an Excel workbook; the real server's method is not known."""

import csv
import io
import re

_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # not allowed in XML
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")


def workbook(rendered: str) -> bytes:
    """Return an xlsx of one sheet; text that looks like a number becomes one, so long identifiers lose digits."""
    # Imported here to save memory: see tests/test_process_imports.py.
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Export")
    for row in rows(rendered):
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=value)
            if isinstance(value, str):
                cell.data_type = "s"  # otherwise a comment that begins with "=" becomes a formula
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rows(rendered: str) -> list[list[str | float]]:
    """Parse the rendered text as CSV, and numbers as floats."""
    return [[_value(text) for text in row] for row in csv.reader(io.StringIO(rendered, newline=""))]


def _value(text: str) -> str | float:
    if _NUMBER.fullmatch(text):
        return float(text)
    return _UNWRITABLE.sub("", text)
