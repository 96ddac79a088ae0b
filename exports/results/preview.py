"""What of a result can be shown in the browser: its first rows, its first page, its beginning.

No large file is loaded as a whole.
"""

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from django.core.files.storage import default_storage

from exports.models import Result
from exports.results import preview_xlsx_process, tables
from exports.results import store as results

ROWS = 100
COLUMNS = 60
CELL = 200  # characters
TEXT = 64 * 1024  # bytes
NAMES = 200
# A workbook is read as a whole, so only a small one: on the disk, and unpacked (what its ZIP says of itself).
WORKBOOK_BYTES = 10 * 1024**2
WORKBOOK_UNPACKED = 100 * 1024**2
PDF_BYTES = 50 * 1024**2
PICTURE_PIXELS = 1200  # the longer side


@dataclass(frozen=True)
class TablePreview:
    """The first rows; the first of all stands apart as headings. `more` says that the file goes on."""

    headings: list[str]
    rows: list[list[str]]
    more: bool
    more_columns: int = 0
    kind: str = "table"


@dataclass(frozen=True)
class TextPreview:
    text: str
    more: bool
    kind: str = "text"


@dataclass(frozen=True)
class PicturePreview:
    """A PDF whose first page `picture` can draw."""

    pages: int
    kind: str = "picture"


@dataclass(frozen=True)
class ArchivePreview:
    """What is in a ZIP: names and bytes."""

    names: list[tuple[str, int]]
    more: int
    kind: str = "names"


@dataclass(frozen=True)
class NoPreview:
    """No preview, and a sentence that says why."""

    sentence: str
    kind: str = "nothing"


Preview = TablePreview | TextPreview | PicturePreview | ArchivePreview | NoPreview

DAMAGED = NoPreview(
    "The file is damaged, so it cannot be shown. It can be downloaded as it came; running the export again may help."
)
TOO_LARGE = NoPreview("The file is too large to be shown here. Download it to look at it.")
EMPTY = NoPreview("The file is empty: Expensify made it without a single byte.")
GONE = NoPreview("The file is no longer in the portal's storage. Run the export again to get it.")
PURGED = NoPreview(
    "The file was deleted when its retention time was over; its record stays. Run the export again to get it."
)
UNKNOWN = NoPreview("There is no preview for this type of file. Download it to look at it.")


def preview(result: Result) -> Preview:
    """A small piece of the file to look at, or a sentence why there is none; whatever is in the file."""
    read = READERS.get(results.extension(result.name))
    if result.purged_at is not None:
        return PURGED
    if result.size == 0:
        return EMPTY
    if read is None:
        return UNKNOWN
    try:
        with default_storage.open(result.file.name) as file:
            return read(file, result.size)
    except FileNotFoundError:
        return GONE


def picture(result: Result) -> bytes | None:
    """The first page of a PDF as PNG; None when it cannot be drawn."""
    if results.extension(result.name) != "pdf" or result.size > PDF_BYTES or result.purged_at is not None:
        return None
    # Imported here: tests/test_process_imports.py tells why.
    import pypdfium2

    try:
        with default_storage.open(result.file.name) as file:
            return _drawn(file)
    except (FileNotFoundError, pypdfium2.PdfiumError):
        return None


# ------------------------------------------------------------ readers, one for each kind of file


def _csv(file: BinaryIO, size: int) -> Preview:
    try:
        with tables.opened(file) as text:
            return _table(list(islice(tables.rows_of(text), ROWS + 2)))
    except csv.Error:
        return DAMAGED


def _workbook(file: BinaryIO, size: int) -> Preview:
    if size > WORKBOOK_BYTES:
        return TOO_LARGE
    content = file.read(WORKBOOK_BYTES + 1)
    try:
        if zipfile.is_zipfile(io.BytesIO(content)) and _unpacked(io.BytesIO(content)) > WORKBOOK_UNPACKED:
            return TOO_LARGE
    except zipfile.BadZipFile:
        return DAMAGED
    read = subprocess.run(  # noqa: S603  our own program, without a shell
        [sys.executable, "-I", str(Path(preview_xlsx_process.__file__)), str(ROWS + 2)],
        input=content,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if read.returncode == os.EX_DATAERR:
        return DAMAGED
    # It met one of its bounds, whatever its ZIP says of itself.
    return _table(json.loads(read.stdout)) if read.returncode == 0 else TOO_LARGE


def _json(file: BinaryIO, size: int) -> Preview:
    shown = _text(file, size)
    if isinstance(shown, TextPreview) and not shown.more:
        try:
            return TextPreview(json.dumps(json.loads(shown.text), indent=2, ensure_ascii=False), more=False)
        except (ValueError, RecursionError):
            return shown
    return shown


def _text(file: BinaryIO, size: int) -> Preview:
    start = file.read(TEXT)
    # What is cut off in the middle of its last character loses that character.
    text = start.decode(tables.encoding_of(start), errors="ignore" if size > TEXT else "replace")
    return TextPreview(text, more=size > TEXT)


def _pdf(file: BinaryIO, size: int) -> Preview:
    if size > PDF_BYTES:
        return TOO_LARGE
    # Imported here: tests/test_process_imports.py tells why.
    import pypdfium2

    try:
        with _pdfium:
            document = pypdfium2.PdfDocument(file)
            try:
                return PicturePreview(len(document)) if len(document) else DAMAGED
            finally:
                document.close()
    except pypdfium2.PdfiumError:
        return DAMAGED


def _zip(file: BinaryIO, size: int) -> Preview:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile:
        return DAMAGED
    return ArchivePreview(
        [(entry.filename[:255], entry.file_size) for entry in entries[:NAMES]],
        more=max(0, len(entries) - NAMES),
    )


READERS: dict[str, Callable[[BinaryIO, int], Preview]] = {
    "csv": _csv,
    "xlsx": _workbook,
    "xls": _workbook,
    "json": _json,
    "xml": _text,
    "txt": _text,
    "pdf": _pdf,
    "zip": _zip,
}

# PDFium is not safe to use from several threads at once.
_pdfium = Lock()


def _table(rows: list[list[Any]]) -> Preview:
    if not rows:
        return NoPreview("The file has no rows: no report matched what the export asks for.")
    widest = max(len(row) for row in rows)
    headings, *body = [[_cell(value) for value in row[:COLUMNS]] for row in rows]
    return TablePreview(headings, body[:ROWS], more=len(body) > ROWS, more_columns=max(0, widest - COLUMNS))


def _cell(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value)
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


def _unpacked(content: io.BytesIO) -> int:
    with zipfile.ZipFile(content) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _drawn(file: BinaryIO) -> bytes:
    # Imported here: tests/test_process_imports.py tells why.
    import pypdfium2

    with _pdfium:
        document = pypdfium2.PdfDocument(file)
        try:
            page = document[0]
            scale = PICTURE_PIXELS / max(*page.get_size(), 1)
            image = page.render(scale=scale).to_pil()
        finally:
            document.close()
    drawn = io.BytesIO()
    image.save(drawn, "PNG", optimize=False)
    return drawn.getvalue()
