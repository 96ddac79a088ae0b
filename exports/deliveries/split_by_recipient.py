"""A CSV cut into one file per address in one of its columns, so that each manager gets only their own rows.

Every row goes to exactly one part, with the very bytes it has in the file, and every part has the file's heading. A
cell may hold an address, or a name and an address in angle brackets. One that holds several different addresses, none,
or something that is no address goes to the fallback: nobody is sent rows on a guess. Blank lines are left out.
"""

import csv
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from django.core.files.storage import default_storage

from exports.deliveries.allowed_addresses import is_address, normal
from exports.models import Result
from exports.results import store as results
from exports.results import tables
from exports.results.layout import table_of
from exports.results.tables import Records

# Rows wait in memory and are written together: no file stays open, whatever number of managers there is.
WAITING_BYTES = 16 * 1024 * 1024
MOST_PARTS = 10_000
LONGEST_NAME = 255

_CELL = re.compile(r"(?:[^<>@]*<([^<>]+)>|([^<>]+))")


class CannotSplit(Exception):
    """The file cannot be cut into parts; the text says why to people."""


@dataclass(frozen=True)
class Part:
    """A part in private storage, not yet a row: the fields of a Result, and the address that its rows name."""

    value: str
    file: str
    name: str
    media_type: str
    size: int
    rows: int
    sha256: str


def headings(result: Result) -> list[str]:
    """The columns that the file can be split by; none for what is no CSV, or is gone."""
    if results.extension(result.name) != "csv" or result.purged_at is not None:
        return []
    try:
        with default_storage.open(result.file.name) as file:
            return tables.records_of(file, table_of(result)).headings
    except (FileNotFoundError, csv.Error):
        return []


def split(
    result: Result, column: str, fallback: str, *, may_get: Callable[[str], bool] = lambda address: True
) -> list[Part]:
    """Store one file for each address in the column, in order; what `may_get` refuses goes to the fallback.

    Done twice, it stores the same files under the same names, and removes what an attempt with other settings left.
    Raises CannotSplit, and CannotStore when storage fails; then nothing of it counts.
    """
    fallback = address_in(fallback)
    if results.extension(result.name) != "csv":
        raise CannotSplit(f"“{result.name}” is no CSV, and only a CSV can be split by a column.")
    if result.purged_at is not None:
        raise CannotSplit("The file was deleted when its retention time was over. Run the export again.")
    with results.workshop() as folder, default_storage.open(result.file.name) as file:
        try:
            records = tables.records_of(file, table_of(result))
            place = _place(records.headings, column) if records.headings else 0
            cut = _cut(records, place, fallback, may_get, folder)
        except csv.Error:
            raise CannotSplit(f"“{result.name}” is damaged: it cannot be read as a table.") from None
        parts = [_stored(result, value, cut[value], folder) for value in sorted(cut)]
    _remove_others(result, {part.file for part in parts})
    return parts


def rows_for(result: Result, parts: Sequence[Part]) -> list[Result]:
    """The rows that make the parts known, not saved."""
    return [
        Result(
            team=result.team,
            part_of=result,
            part_value=part.value,
            file=part.file,
            name=part.name,
            media_type=part.media_type,
            size=part.size,
            rows=part.rows,
            sha256=part.sha256,
        )
        for part in parts
    ]


def address_in(cell: str) -> str:
    """The one address that a cell holds, in small letters; "" when it holds none, or several."""
    found = _CELL.fullmatch(cell.strip().strip("'\""))
    said = (found[1] or found[2]) if found else ""
    found_here = {normal(piece) for piece in re.split(r"[;,\s]+", said) if piece}
    address = found_here.pop() if len(found_here) == 1 else ""
    return address if is_address(address) else ""


# ------------------------------------------------------------ cutting


@dataclass
class _Pile:
    """The rows of one address on their way into its file."""

    path: Path
    digest: Any = field(default_factory=hashlib.sha256)
    size: int = 0
    rows: int = 0
    waiting: list[bytes] = field(default_factory=list)

    def write(self) -> None:
        written = b"".join(self.waiting)
        self.digest.update(written)
        self.size += len(written)
        self.waiting.clear()
        with self.path.open("ab") as file:
            file.write(written)


def _cut(
    records: Records, place: int, fallback: str, may_get: Callable[[str], bool], folder: Path
) -> dict[str, _Pile]:
    piles: dict[str, _Pile] = {}
    # The cells are few against the rows, so each is looked at once.
    whose: dict[str, str] = {}
    start = records.mark + (records.heading.line if records.heading else b"")
    waiting = 0
    for line, cells in records.rows:
        cell = cells[place] if place < len(cells) else ""
        if (value := whose.get(cell)) is None:
            address = address_in(cell)
            value = whose[cell] = address if address and may_get(address) else fallback
            if len(whose) > 4 * MOST_PARTS:
                whose.clear()
        if not value:
            raise CannotSplit(
                "There are rows without an address of their own, and the schedule names no fallback for them."
            )
        if (pile := piles.get(value)) is None:
            if len(piles) == MOST_PARTS:
                raise CannotSplit(
                    f"The column holds more than {MOST_PARTS:,} addresses. Split by another one."
                )
            pile = piles[value] = _Pile(folder / f"{len(piles)}.csv", rows=bool(records.heading))
            pile.waiting.append(start)
        pile.waiting.append(line)
        pile.rows += 1
        waiting += len(line)
        if waiting > WAITING_BYTES:
            _write(piles.values())
            waiting = 0
    _write(piles.values())
    return piles


def _write(piles: Any) -> None:
    for pile in piles:
        if pile.waiting:
            pile.write()


def _place(headings: list[str], column: str) -> int:
    """Where the column stands; by its exact heading, else by one that differs in spaces and capitals only."""
    for key in (str, lambda text: text.strip().casefold()):
        found = [place for place, heading in enumerate(headings) if key(heading) == key(column)]
        if found:
            return found[0]
    raise CannotSplit(f"The file has no column “{column}”. It has: {', '.join(headings)}.")


# ------------------------------------------------------------ storing


def _stored(result: Result, value: str, pile: _Pile, folder: Path) -> Part:
    sha256 = pile.digest.hexdigest()
    # Named by its address and content: an attempt that is made again finds its files there.
    target = f"{_folder(result)}/{hashlib.sha256(value.encode()).hexdigest()[:16]}-{sha256[:16]}.csv"
    if default_storage.exists(target) and default_storage.size(target) != pile.size:
        default_storage.delete(target)
    if not default_storage.exists(target):
        target = results.save(pile.path, target)
    return Part(
        value=value,
        file=target,
        name=_name(result.name, value),
        media_type=result.media_type,
        size=pile.size,
        rows=pile.rows,
        sha256=sha256,
    )


def _remove_others(result: Result, kept: set[str]) -> None:
    known = kept | set(Result.objects.filter(part_of=result).values_list("file", flat=True))
    for path in _stored_files(result):
        if path not in known:
            default_storage.delete(path)


def _stored_files(result: Result) -> Iterator[str]:
    try:
        _, names = default_storage.listdir(_folder(result))
    except FileNotFoundError:
        return
    for name in names:
        yield f"{_folder(result)}/{name}"


def _folder(result: Result) -> str:
    """Beside the folder of the run, which is emptied of all but its result when the run has ended."""
    return f"teams/{result.team_id}/parts/{result.of_run.pk}"


def _name(whole: str, value: str) -> str:
    path = PurePosixPath(whole)
    end = f" {value}{path.suffix}"
    return path.stem[: LONGEST_NAME - len(end)] + end
