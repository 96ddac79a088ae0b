"""Previews of results in the browser: the first rows, the first page, or the first bytes.

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
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import IO, Any

from exports.models import Result
from exports.results import integrity, preview_xlsx_process, tables
from exports.results import store as results

ROWS = 100
COLUMNS = 60
CELL = 200  # characters
TEXT = 64 * 1024  # bytes
NAMES = 200
# A workbook is read as a whole, so only a small one: by its size, and by the unpacked size that its ZIP declares.
WORKBOOK_BYTES = 10 * 1024**2
WORKBOOK_UNPACKED = 100 * 1024**2
PDF_BYTES = 50 * 1024**2
PICTURE_PIXELS = 1200  # the longer side


@dataclass(frozen=True)
class TablePreview:
    """The first row as headings, and the next rows. `more` says that the file has further rows.

    `titles` counts the lines above the headings.
    """

    headings: list[str]
    rows: list[list[str]]
    more: bool
    more_columns: int = 0
    titles: int = 0
    kind: str = "table"


@dataclass(frozen=True)
class TextPreview:
    text: str
    more: bool
    kind: str = "text"


@dataclass(frozen=True)
class PicturePreview:
    """A PDF whose first page `picture` can render."""

    pages: int
    kind: str = "picture"


@dataclass(frozen=True)
class ArchivePreview:
    """The names and sizes of the files in a ZIP."""

    names: list[tuple[str, int]]
    more: int
    kind: str = "names"


@dataclass(frozen=True)
class NoPreview:
    """No preview, and a sentence with the reason."""

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
    """A preview of the file, or the reason why there is none. Damaged files raise nothing."""
    read = READERS.get(results.extension(result.name))
    if result.purged_at is not None:
        return PURGED
    try:
        with integrity.open_result(result) as file:
            if result.size == 0:
                return EMPTY
            return read(file, result.size) if read else UNKNOWN
    except integrity.Damaged as error:
        return NoPreview(str(error))
    except FileNotFoundError:
        return GONE


def picture(result: Result) -> bytes | None:
    """The first page of a PDF as PNG; None when it cannot be rendered."""
    if results.extension(result.name) != "pdf" or result.size > PDF_BYTES or result.purged_at is not None:
        return None
    # Imported late to save memory: see tests/test_process_imports.py.
    import pypdfium2

    try:
        with integrity.open_result(result) as file, _pdfium, closing(pypdfium2.PdfDocument(file)) as document:
            page = document[0]
            scale = PICTURE_PIXELS / max(*page.get_size(), 1)
            image = page.render(scale=scale).to_pil()
    except (FileNotFoundError, integrity.Damaged, pypdfium2.PdfiumError):
        return None
    png = io.BytesIO()
    image.save(png, "PNG", optimize=False)
    return png.getvalue()


# ------------------------------------------------------------ readers, one per file type


def _csv(file: IO[bytes], size: int) -> Preview:
    try:
        with tables.opened(file) as text:
            titles, rows = tables.read_table(text)
            return _table(list(islice(rows, ROWS + 2)), titles)
    except csv.Error:
        return DAMAGED


def _workbook(file: IO[bytes], size: int) -> Preview:
    if size > WORKBOOK_BYTES:
        return TOO_LARGE
    content = file.read(WORKBOOK_BYTES + 1)
    try:
        if zipfile.is_zipfile(io.BytesIO(content)) and _unpacked_size(io.BytesIO(content)) > WORKBOOK_UNPACKED:
            return TOO_LARGE
    except zipfile.BadZipFile:
        return DAMAGED
    process = subprocess.run(  # noqa: S603  our own program, without a shell
        [sys.executable, "-I", str(Path(preview_xlsx_process.__file__)), str(ROWS + 2)],
        input=content,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if process.returncode == os.EX_DATAERR:
        return DAMAGED
    # The process reached one of its limits, whatever size the ZIP declares.
    return _table(json.loads(process.stdout)) if process.returncode == 0 else TOO_LARGE


def _json(file: IO[bytes], size: int) -> Preview:
    plain = _text(file, size)
    if plain.more:
        return plain
    try:
        text = json.dumps(json.loads(plain.text), indent=2, ensure_ascii=False)
        # An escape such as "\\ud800" is half a character, which no page can show.
        return TextPreview(text.encode("utf-8", "backslashreplace").decode(), more=False)
    except (ValueError, RecursionError):
        return plain


def _text(file: IO[bytes], size: int) -> TextPreview:
    start = file.read(TEXT)
    # A text that is cut within its last character loses that character.
    encoding = tables.encoding_of(start)
    text = start[len(encoding.mark) :].decode(encoding.codec, errors="ignore" if size > TEXT else "replace")
    return TextPreview(text, more=size > TEXT)


def _pdf(file: IO[bytes], size: int) -> Preview:
    if size > PDF_BYTES:
        return TOO_LARGE
    # Imported late to save memory: see tests/test_process_imports.py.
    import pypdfium2

    try:
        with _pdfium, closing(pypdfium2.PdfDocument(file)) as document:
            return PicturePreview(len(document)) if len(document) else DAMAGED
    except pypdfium2.PdfiumError:
        return DAMAGED


def _zip(file: IO[bytes], size: int) -> Preview:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile:
        return DAMAGED
    return ArchivePreview(
        [(entry.filename[:255], entry.file_size) for entry in entries[:NAMES]], more=max(0, len(entries) - NAMES)
    )


READERS: dict[str, Callable[[IO[bytes], int], Preview]] = {
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


def _table(rows: list[list[Any]], titles: int = 0) -> Preview:
    if not rows:
        return NoPreview("The file has no rows: no report matched what the export asks for.")
    widest = max(len(row) for row in rows)
    headings, *body = [[_cell(value) for value in row[:COLUMNS]] for row in rows]
    return TablePreview(
        headings, body[:ROWS], more=len(body) > ROWS, more_columns=max(0, widest - COLUMNS), titles=titles
    )


def _cell(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value)
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


def _unpacked_size(content: io.BytesIO) -> int:
    with zipfile.ZipFile(content) as archive:
        return sum(entry.file_size for entry in archive.infolist())
