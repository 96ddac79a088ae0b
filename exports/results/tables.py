"""Read a CSV row by row, with any delimiter and encoding that a template can produce."""

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import IO, NamedTuple, TextIO

from accounts import delimited
from accounts.delimited import UTF8, WINDOWS_1252, Encoding
from expensify.foreign_text import is_writable, writable
from exports.columns.layout import Layout
from exports.columns.parsing import table_of
from exports.columns.writing import headings_of

DELIMITERS = ",;\t|"
# How many bytes are read to detect encoding and delimiter.
SAMPLE = 64 * 1024

LONGEST_FIELD = 16 * 1024 * 1024
FIRST_ROWS = 20
# Characters of a line that are read at once, so that a hundred lines of a preview fit into memory.
LINE = 256 * 1024
BLOCK = 256 * 1024
NEITHER_QUOTES_NOR_BREAKS = bytes(set(range(256)) - set(b'"\r\n'))

csv.field_size_limit(LONGEST_FIELD)


class Start(NamedTuple):
    """What comes before the headings: `prefix` is Excel's line `sep=;`, `titles` counts the rows after it."""

    prefix: str
    delimiter: str
    titles: int


def encoding_of(sample: bytes) -> Encoding:
    """The encoding of a file by its first bytes."""
    return delimited.encoding_of(sample, is_whole=len(sample) < SAMPLE)


def start_of(beginning: str) -> Start:
    """Delimiter and title lines of a table by its first characters."""
    prefix, delimiter = delimited.separator_line(beginning)
    beginning = beginning[len(prefix) :]
    delimiter = delimiter or delimiter_of(beginning)
    return Start(prefix, delimiter, delimited.heading_at(_first_rows(beginning, delimiter)))


def delimiter_of(sample: str) -> str:
    """The delimiter that splits most of the first lines like their headings, then into most fields; else a comma.

    Delimiters under which every quote opens or closes a field come first.
    """
    best, best_score = ",", (False, 0, False, 0)
    for delimiter in DELIMITERS:
        rows = _first_rows(sample, delimiter)
        titles = delimited.heading_at(rows)
        if not rows or len(headings := rows[titles]) < 2:
            continue
        alike = sum(len(row) == len(headings) for row in rows)
        score = (_has_no_stray_quotes(sample, delimiter), alike, titles > 0, len(headings))
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _first_rows(sample: str, delimiter: str) -> list[list[str]]:
    rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row][:FIRST_ROWS]
    # The sample may end within a row.
    return rows[:-1] if len(rows) > 1 and len(sample) >= SAMPLE // 4 else rows


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
    encoding = encoding_of(file.read(SAMPLE))
    file.seek(len(encoding.mark))
    text = io.TextIOWrapper(file, encoding=encoding.codec, errors="replace", newline="")
    try:
        yield text
    finally:
        text.detach()


def rows_of(text: TextIO) -> Iterator[list[str]]:
    """The rows of a delimited text from its headings on, without blank lines. See `read_table`."""
    return read_table(text)[1]


def read_table(text: TextIO) -> tuple[int, Iterator[list[str]]]:
    """The number of title lines, and the rows below them. A line longer than `LINE` is read as several."""
    beginning = text.tell()
    start = start_of(text.read(SAMPLE // 4))
    text.seek(beginning)
    text.read(len(start.prefix))
    rows = csv.reader(iter(partial(text.readline, LINE), ""), delimiter=start.delimiter)
    return start.titles, islice(filter(None, rows), start.titles, None)


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
    """A CSV read row by row, without blank lines and title lines.

    `heading` is None if it has none. `mark` is what comes first: its byte-order mark, and Excel's line `sep=;`.
    """

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
    encoding = _by_all_bytes(file, encoding_of(sample), sample)
    file.seek(len(encoding.mark))
    errors = "replace" if encoding.name in ("UTF-16", "UTF-32") else "surrogateescape"
    text = io.TextIOWrapper(file, encoding=encoding.codec, errors=errors, newline="")
    start = Start("", layout.delimiter, 0) if layout else start_of(_decode_beginning(sample, encoding))
    text.read(len(start.prefix))
    rows = islice(_records(text, encoding.codec, errors, start.delimiter), start.titles, None)
    first = next(rows, None)
    headings = headings_of(layout) if layout else first.cells if first else []
    heading = first if first and first.cells == headings and (layout is None or layout.heading) else None
    mark = encoding.mark + start.prefix.encode(encoding.codec)
    return Records(headings, heading, mark, rows if heading or first is None else chain([first], rows))


def _decode_beginning(sample: bytes, encoding: Encoding) -> str:
    return sample[len(encoding.mark) :].decode(encoding.codec, "replace")[: SAMPLE // 4]


def _by_all_bytes(file: IO[bytes], encoding: Encoding, sample: bytes) -> Encoding:
    """The encoding, also where the first letter that is not ASCII comes after the sample."""
    if encoding != UTF8 or not sample.isascii():
        return encoding
    while block := file.read(BLOCK):
        if not block.isascii():
            try:
                codecs.getincrementaldecoder("utf-8")().decode(block + file.read(4), final=False)
            except UnicodeDecodeError:
                return WINDOWS_1252
            return UTF8
    return UTF8


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


def count_rows(path: Path, extension: str, layout: Layout | None = None) -> int | None:
    """The number of rows of data in a CSV, without headings and title lines; None for other files."""
    if extension != "csv":
        return None
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
        encoding = encoding_of(sample)
        try:
            beginning = _decode_beginning(sample, encoding)
            start = start_of(beginning) if layout is None else Start("", layout.delimiter, 0)
            beginning = beginning[len(start.prefix) :]
            above = start.titles + _has_heading(beginning, start, layout)
            file.seek(len(encoding.mark) + len(start.prefix.encode(encoding.codec)))
            if encoding.name in ("UTF-16", "UTF-32") or not _has_no_stray_quotes(beginning, start.delimiter):
                text = io.TextIOWrapper(file, encoding=encoding.codec, errors="replace", newline="")
                lines = iter(partial(text.readline, LINE), "")
                rows = sum(map(bool, csv.reader(lines, delimiter=start.delimiter)))
            else:
                rows = _count_rows(_blocks(file), encoding.codec, start.delimiter)
            return max(0, rows - above)
        except csv.Error:
            return None


def _has_heading(beginning: str, start: Start, layout: Layout | None) -> bool:
    if layout is None:
        return True
    first = next(filter(None, csv.reader(io.StringIO(beginning, newline=""), delimiter=start.delimiter)), None)
    return layout.heading and first == headings_of(layout)


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
