"""A result as a table: any delimiter and encoding that a template can produce, read row by row."""

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from exports.columns import Layout, headings_of, table_of

DELIMITERS = ",;\t|"
# How much of a file is looked at to tell its encoding and delimiter.
SAMPLE = 64 * 1024

csv.field_size_limit(16 * 1024 * 1024)


def encoding_of(sample: bytes) -> str:
    """By its byte-order mark, else UTF-8 if it is that, else Western: there any byte means something."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if sample.startswith(mark):
            return name
    try:
        # The sample may end in the middle of a character.
        codecs.getincrementaldecoder("utf-8")().decode(sample, final=len(sample) < SAMPLE)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def delimiter_of(sample: str) -> str:
    """The delimiter that cuts the first lines into the most, and equally many, fields; a comma when none does."""
    best, best_score = ",", (0, 0)
    for delimiter in DELIMITERS:
        rows = [row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row][:20]
        if len(rows) > 1 and len(sample) >= SAMPLE // 4:
            rows = rows[:-1]
        if not rows or len(rows[0]) < 2:
            continue
        alike = sum(len(row) == len(rows[0]) for row in rows)
        if (alike, len(rows[0])) > best_score:
            best, best_score = delimiter, (alike, len(rows[0]))
    return best


@contextmanager
def opened(file: BinaryIO) -> Iterator[TextIO]:
    """A binary file as text in its own encoding; what does not fit it shows as a replacement character."""
    sample = file.read(SAMPLE)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding_of(sample), errors="replace", newline="")
    try:
        yield text
    finally:
        text.detach()


def rows_of(text: TextIO) -> Iterator[list[str]]:
    """The rows of a delimited text, blank lines left out."""
    sample = text.read(SAMPLE // 4)
    text.seek(0)
    for row in csv.reader(text, delimiter=delimiter_of(sample)):
        if row:
            yield row


def rows_by(layout: Layout, path: Path) -> Iterator[list[str]]:
    """The rows of a file that the layout's template made, its heading left out. Raises ValueError for another file."""
    with path.open("rb") as file, opened(file) as text:
        if layout.kind == "csv":
            try:
                rows: Iterator[list[str]] = csv.reader(text, delimiter=layout.delimiter, strict=True)
                yield from _without(headings_of(layout) if layout.heading else [], filter(None, rows))
            except csv.Error:
                raise ValueError("the file is not such a table") from None
        else:
            table = table_of(layout, text.read())
            yield from table[1:] if layout.heading and layout.kind == "fixed" else table


def _without(heading: list[str], rows: Iterator[list[str]]) -> Iterator[list[str]]:
    first = next(rows, None)
    if first is not None and first != heading:
        yield first
    yield from rows


def count_rows(path: Path, extension: str) -> int | None:
    """How many rows a CSV has, its heading included; None for anything else."""
    if extension != "csv":
        return None
    with path.open("rb") as file, opened(file) as text:
        try:
            return sum(1 for _ in rows_of(text))
        except csv.Error:
            return None
