"""The rows of a file before its columns are mapped."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.delimited import FIRST_LINES
from exports.employee_updates.feed.cells import FeedRow
from exports.employee_updates.feed.findings import RowFinding, Severity, UnreadableFile
from exports.employee_updates.feed.headings import count_recognised

MOST_ROWS = 20_000
MOST_COLUMNS = 200


@dataclass(frozen=True)
class Note:
    """A remark about a line of the file: `row` None for the whole file, `column` None for the whole line."""

    row: int | None
    column: int | None
    severity: Severity
    code: str
    sentence: str


@dataclass(frozen=True)
class SheetRow:
    """A line with its number in the file, as a spreadsheet counts rows."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A table: headings, and lines with as many cells as there are headings.

    `has_headings` is False when the first line is a person; the headings are then the letters of the columns.
    `source` describes the file in words.
    """

    source: str
    headings: tuple[str, ...]
    lines: tuple[SheetRow, ...]
    notes: tuple[Note, ...] = ()
    has_headings: bool = True


@dataclass(frozen=True)
class Feed:
    """A JSON feed: its fields have names, so it needs no mapping."""

    source: str
    rows: tuple[FeedRow, ...]
    findings: tuple[RowFinding, ...] = ()
    repairs: tuple[str, ...] = ()


def letters(column: int) -> str:
    """The spreadsheet name of a column: A, B, … Z, AA; the first column is 0."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def sheet_of(source: str, lines: Sequence[SheetRow], notes: Sequence[Note], *, is_sparse: bool = False) -> Sheet:
    """The table in these lines: find the headings, make lines equally long and note uneven ones.

    Skips blank lines. A workbook `is_sparse`: it does not store empty cells at the end of a row, so a short line is
    normal. The headings are the line among the first ones that names most fields; without any, the first line, unless
    it holds an address and is therefore a person. Raises UnreadableFile for no rows or too many.
    """
    filled = [line for line in lines if any(cell.strip() for cell in line.cells)]
    all_notes = list(notes)
    if not filled:
        raise UnreadableFile("There is nothing in this table.")
    at = _heading_at(filled)
    if at is None:
        width = max(len(_trimmed(line.cells)) for line in filled[:FIRST_LINES])
        headings = tuple(f"Column {letters(column)}" for column in range(width))
        body = filled
    else:
        headings = tuple(" ".join(cell.split()) for cell in _trimmed(filled[at].cells))
        body = filled[at + 1 :]
        if at:
            all_notes.append(
                Note(
                    None,
                    None,
                    "notice",
                    "lines_above",
                    f"The headings are in row {filled[at].number}; what stands above them was passed over.",
                )
            )
    if not body:
        raise UnreadableFile("The table has headings and no row below them.")
    if len(body) > MOST_ROWS:
        raise UnreadableFile(too_many())
    return Sheet(
        source,
        headings,
        tuple(_even(line, len(headings), all_notes, is_sparse) for line in body),
        tuple(all_notes),
        at is not None,
    )


def too_many() -> str:
    return f"There are more than {MOST_ROWS:,} rows. Split the file, for example by policy, and read the parts."


def too_wide(number: int, columns: int) -> str:
    return (
        f"Row {number:,} has {columns:,} columns; at most {MOST_COLUMNS} are read. Leave out the columns that are not "
        "about employees."
    )


def _heading_at(lines: Sequence[SheetRow]) -> int | None:
    known = [count_recognised(list(line.cells)) for line in lines[:FIRST_LINES]]
    if (most := max(known)) >= 2 or (most == 1 and known[0] == 1):
        return known.index(most)
    return None if any("@" in cell for cell in lines[0].cells) else 0


def _trimmed(cells: tuple[str, ...]) -> tuple[str, ...]:
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _even(line: SheetRow, width: int, notes: list[Note], is_sparse: bool) -> SheetRow:
    cells = line.cells
    if len(cells) == width:
        return line
    if len(cells) < width:
        if not is_sparse:
            sentence = (
                f"This row has {_cells(len(cells))} where the headings have {width}; the last were taken as empty. If "
                "a value was cut in two by a line break, mend the file and read it again."
            )
            notes.append(Note(line.number, None, "warning", "short_row", sentence))
        return SheetRow(line.number, cells + ("",) * (width - len(cells)))
    if any(cell.strip() for cell in cells[width:]):
        sentence = (
            f"This row has {_cells(len(_trimmed(cells)))} where the headings have {width}, so its values may stand "
            "under wrong headings. Put a value with a separator in it into quotation marks, and read the file again."
        )
        notes.append(Note(line.number, None, "error", "long_row", sentence))
    return SheetRow(line.number, cells[:width])


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"
