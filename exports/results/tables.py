"""Read a CSV row by row, with any delimiter and encoding that a template can produce."""

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple, TextIO

from expensify.foreign_text import is_writable, writable
from exports.columns.layout import Layout
from exports.columns.parsing import table_of
from exports.columns.writing import headings_of

DELIMITERS = ",;\t|"
# How many bytes are read to detect encoding and delimiter.
SAMPLE = 64 * 1024

LONGEST_FIELD = 16 * 1024 * 1024
# Characters of a line that are read at once, so that a hundred lines of a preview fit into memory.
LINE = 256 * 1024
BLOCK = 256 * 1024
NEITHER_QUOTES_NOR_BREAKS = bytes(set(range(256)) - set(b'"\r\n'))

csv.field_size_limit(LONGEST_FIELD)


def encoding_of(sample: bytes) -> str:
    """The encoding by the byte-order mark; else UTF-8 if valid; else Windows-1252, in which any byte is valid."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if sample.startswith(mark):
            return name
    try:
        # The sample may end within a character.
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=len(sample) < SAMPLE)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def delimiter_of(sample: str) -> str:
    """The delimiter that splits most of the first lines into equally many fields, then into most; else a comma.

    Delimiters under which every quote opens or closes a field come first.
    """
    best, best_score = ",", (False, 0, 0)
    for delimiter in DELIMITERS:
        rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row][:20]
        if len(rows) > 1 and len(sample) >= SAMPLE // 4:
            rows = rows[:-1]
        if not rows or len(rows[0]) < 2:
            continue
        alike = sum(len(row) == len(rows[0]) for row in rows)
        score = (_has_no_stray_quotes(sample, delimiter), alike, len(rows[0]))
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _has_no_stray_quotes(sample: str, delimiter: str) -> bool:
    try:
        for _ in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, strict=True):
            pass
    except csv.Error as error:
        # The sample may end within a field.
        return "unexpected end of data" in str(error)
    return True


@contextmanager
def opened(file: IO[bytes]) -> Iterator[TextIO]:
    """Open a binary file as text in its detected encoding, with replacement characters for invalid bytes."""
    sample = file.read(SAMPLE)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding_of(sample), errors="replace", newline="")
    try:
        yield text
    finally:
        text.detach()


def rows_of(text: TextIO) -> Iterator[list[str]]:
    """The rows of a delimited text without blank lines. A line longer than `LINE` is read as several."""
    sample = text.read(SAMPLE // 4)
    text.seek(0)
    for row in csv.reader(iter(partial(text.readline, LINE), ""), delimiter=delimiter_of(sample)):
        if row:
            yield row


def rows_by(layout: Layout, path: Path) -> Iterator[list[str]]:
    """The rows of a file that the layout's template wrote, without the heading. Raises ValueError for another file."""
    with path.open("rb") as file, opened(file) as text:
        if layout.kind == "csv":
            try:
                rows: Iterator[list[str]] = csv.reader(text, delimiter=layout.delimiter, strict=True)
                yield from _skip_heading(headings_of(layout) if layout.heading else [], filter(None, rows))
            except csv.Error:
                raise ValueError("the file is not such a table") from None
        else:
            table = table_of(layout, text.read())
            yield from table[1:] if layout.heading and layout.kind == "fixed" else table


def _skip_heading(heading: list[str], rows: Iterator[list[str]]) -> Iterator[list[str]]:
    first = next(rows, None)
    if first is not None and first != heading:
        yield first
    yield from rows


class Record(NamedTuple):
    """A row: its bytes in the file, and its cells."""

    line: bytes
    cells: list[str]


@dataclass(frozen=True)
class Records:
    """A CSV read row by row, without blank lines. `heading` is None if it has none; `mark` is its byte-order mark."""

    headings: list[str]
    heading: Record | None
    mark: bytes
    rows: Iterator[Record]


def records_of(file: IO[bytes], layout: Layout | None) -> Records:
    """Read a CSV so that it can be reassembled from its lines: a record contains every byte of its row.

    The chosen columns (`layout`) define delimiter and heading; without them the first row is the heading. Only UTF-16
    loses invalid bytes. Raises csv.Error for a file that is no table, at the latest while its rows are read.
    """
    sample = file.read(SAMPLE)
    encoding, marks = encoding_of(sample), [codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE]
    mark = next((mark for mark in marks if sample.startswith(mark)), b"")
    file.seek(len(mark))
    if encoding == "utf-16":
        encoding, errors = "utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-16-be", "replace"
    else:
        encoding, errors = encoding.removesuffix("-sig"), "surrogateescape"
    text = io.TextIOWrapper(file, encoding=encoding, errors=errors, newline="")
    if layout is not None:
        delimiter = layout.delimiter
    else:
        delimiter = delimiter_of(sample[len(mark) : SAMPLE // 4].decode(encoding, "replace"))
    rows = _records(text, encoding, errors, delimiter)
    first = next(rows, None)
    headings = headings_of(layout) if layout else first.cells if first else []
    heading = first if first and first.cells == headings and (layout is None or layout.heading) else None
    return Records(headings, heading, mark, rows if heading or first is None else chain([first], rows))


def _records(text: io.TextIOWrapper, encoding: str, errors: str, delimiter: str) -> Iterator[Record]:
    row_lines: list[str] = []

    def lines() -> Iterator[str]:
        while line := text.readline(LONGEST_FIELD):
            if len(line) == LONGEST_FIELD:
                raise csv.Error("This is no table.")
            row_lines.append(line)
            yield line

    try:
        for cells in csv.reader(lines(), delimiter=delimiter):
            if cells:
                row = "".join(row_lines)
                # An invalid byte stays in the row's bytes; as a cell's text it could not be stored.
                shown = cells if is_writable(row) else [writable(cell) for cell in cells]
                yield Record(row.encode(encoding, errors), shown)
            row_lines.clear()
    finally:
        # The caller closes the file, and may have done so already.
        with suppress(ValueError):
            text.detach()


def count_rows(path: Path, extension: str) -> int | None:
    """The number of rows of a CSV, including its heading; None for other files."""
    if extension != "csv":
        return None
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
        file.seek(0)
        encoding = encoding_of(sample)
        try:
            beginning = sample[: SAMPLE // 4].decode(encoding, "replace")
            delimiter = delimiter_of(beginning)
            if encoding == "utf-16" or not _has_no_stray_quotes(beginning, delimiter):
                with opened(file) as text:
                    return sum(1 for _ in rows_of(text))
            return _count_rows(_blocks(file), encoding, delimiter)
        except csv.Error:
            return None


def _count_rows(blocks: Iterator[bytes], encoding: str, delimiter: str) -> int:
    """Count blocks of whole lines at once if no row spans several lines, and parse the others.

    This is four times as fast as parsing everything; a gigabyte takes seconds.
    """
    pending: deque[str] = deque()

    def lines() -> Iterator[str]:
        while True:
            if not pending:  # the row continues in the next block
                pending.extend(_decode_lines(next(blocks, b""), encoding))
            if not pending:
                return
            yield pending.popleft()

    reader, rows = csv.reader(lines(), delimiter=delimiter), 0
    for block in blocks:
        if _has_balanced_lines(block):
            block_lines = block.splitlines()
            rows += len(block_lines) - block_lines.count(b"")
        else:
            pending.extend(_decode_lines(block, encoding))
            while pending:
                rows += bool(next(reader))
    return rows


def _has_balanced_lines(block: bytes) -> bool:
    """Whether each line has an even number of quotes, so no quoted field continues on the next line."""
    return b'"' not in block.translate(None, NEITHER_QUOTES_NOR_BREAKS).replace(b'""', b"")


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    """The file in blocks of whole lines. Raises csv.Error for a line that is too long."""
    rest = b""
    while piece := file.read(BLOCK):
        piece = rest + piece
        end = max(piece.rfind(b"\n"), piece.rfind(b"\r")) + 1
        if end:
            yield piece[:end]
        rest = piece[end:]
        if len(rest) > LONGEST_FIELD:
            raise csv.Error("This is no table.")
    if rest:
        yield rest


def _decode_lines(block: bytes, encoding: str) -> Iterator[str]:
    return io.StringIO(block.decode(encoding, "replace"), newline="")
