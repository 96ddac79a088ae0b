"""Split a CSV into one file per address in one of its columns, so that each manager gets only their own rows.

Every row goes to exactly one part, byte for byte, and every part has the file's heading. Title lines
above the headings are about the whole file and go to nobody. A cell may hold an address,
or a name and an address in angle brackets. Rows whose cell holds several different addresses, none, or something else
go to the fallback: nobody is sent rows on a guess. Blank lines are dropped.
"""

import csv
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from django.core.files.storage import default_storage

from accounts.addresses import read_addresses
from exports.deliveries.allowed_addresses import is_address, normalize
from exports.models import Result
from exports.results import integrity, tables
from exports.results import store as results
from exports.results.layout import table_of
from exports.results.tables import Records

# Rows are buffered in memory and written together: no file stays open, however many managers there are.
BUFFER_BYTES = 16 * 1024 * 1024
MOST_PARTS = 10_000
LONGEST_NAME = 255


class CannotSplit(Exception):
    """The file cannot be split; the message says why, for people."""


@contextmanager
def open_table(result: Result) -> Iterator[Records]:
    """The rows of a stored CSV. Raises FileNotFoundError, Damaged and csv.Error."""
    with integrity.open_result(result) as file:
        yield tables.records_of(file, table_of(result))


def headings(result: Result) -> list[str]:
    """The columns that the file can be split by; none if it is not a CSV, or is gone."""
    if results.extension(result.name) != "csv" or result.purged_at is not None:
        return []
    try:
        with open_table(result) as records:
            return records.headings
    except (FileNotFoundError, integrity.Damaged, csv.Error):
        return []


def split(result: Result, column: str, fallback: str) -> list[Result]:
    """Store one file for each address in the column, in order; return the unsaved rows of these parts.

    Idempotent: it stores the same files under the same names, and removes files of an attempt with other settings.
    Raises CannotSplit, and CannotStore when storage fails.
    """
    fallback = address_in(fallback)
    if results.extension(result.name) != "csv":
        raise CannotSplit(f"“{result.name}” is no CSV, and only a CSV can be split by a column.")
    if result.purged_at is not None:
        raise CannotSplit("The file was deleted when its retention time was over. Run the export again.")
    with results.temporary_folder() as folder:
        try:
            with open_table(result) as records:
                position = _find_column(records.headings, column) if records.headings else 0
                piles = _split_rows(records, position, fallback, folder)
        except csv.Error:
            raise CannotSplit(f"“{result.name}” is damaged: it cannot be read as a table.") from None
        parts = [_store(result, address, piles[address]) for address in sorted(piles)]
    _remove_others(result, {part.file.name for part in parts})
    return parts


def address_in(cell: str) -> str:
    """The only address in a cell, normalized; "" if it holds none, or several."""
    read = read_addresses(cell)
    addresses = {normalize(address) for address in read.found}
    address = addresses.pop() if len(addresses) == 1 and not read.unread else ""
    return address if is_address(address) else ""


# ------------------------------------------------------------ splitting


@dataclass
class _Pile:
    """The rows of one address, buffered until they are written to its file."""

    path: Path
    digest: Any = field(default_factory=hashlib.sha256)
    size: int = 0
    rows: int = 0
    buffer: list[bytes] = field(default_factory=list)

    def write(self) -> None:
        if not self.buffer:
            return
        content = b"".join(self.buffer)
        self.digest.update(content)
        self.size += len(content)
        self.buffer.clear()
        with self.path.open("ab") as file:
            file.write(content)


def _split_rows(records: Records, position: int, fallback: str, folder: Path) -> dict[str, _Pile]:
    piles: dict[str, _Pile] = {}
    # Few cells differ, so each is parsed once.
    address_of: dict[str, str] = {}
    start = records.mark + (records.heading.line if records.heading else b"")
    buffered = 0
    for line, cells in records.rows:
        cell = cells[position] if position < len(cells) else ""
        if (address := address_of.get(cell)) is None:
            address = address_of[cell] = address_in(cell) or fallback
            if len(address_of) > 4 * MOST_PARTS:
                address_of.clear()
        if not address:
            raise CannotSplit(
                "There are rows without an address of their own, and the schedule names no fallback for them."
            )
        if (pile := piles.get(address)) is None:
            if len(piles) == MOST_PARTS:
                raise CannotSplit(f"The column holds more than {MOST_PARTS:,} addresses. Split by another one.")
            pile = piles[address] = _Pile(folder / f"{len(piles)}.csv")
            pile.buffer.append(start)
        pile.buffer.append(line)
        pile.rows += 1
        buffered += len(line)
        if buffered > BUFFER_BYTES:
            for pile in piles.values():
                pile.write()
            buffered = 0
    for pile in piles.values():
        pile.write()
    return piles


def _find_column(headings: list[str], column: str) -> int:
    """The column's position, by its exact heading, else by one that differs only in spaces and capitals."""
    for key in (str, lambda text: text.strip().casefold()):
        for position, heading in enumerate(headings):
            if key(heading) == key(column):
                return position
    raise CannotSplit(f"The file has no column “{column}”. It has: {', '.join(headings)}.")


# ------------------------------------------------------------ storing


def _store(result: Result, address: str, pile: _Pile) -> Result:
    sha256 = pile.digest.hexdigest()
    # Named by address and content, so that a retry finds its files.
    target = f"{_folder(result)}/{hashlib.sha256(address.encode()).hexdigest()[:16]}-{sha256[:16]}.csv"
    if default_storage.exists(target) and not _is_intact(target, sha256):
        default_storage.delete(target)
    if not default_storage.exists(target):
        target = results.save(pile.path, target)
    return Result(
        team=result.team,
        part_of=result,
        part_value=address,
        file=target,
        name=_name_part(result.name, address),
        media_type=result.media_type,
        size=pile.size,
        rows=pile.rows,
        sha256=sha256,
    )


def _is_intact(name: str, sha256: str) -> bool:
    with default_storage.open(name) as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def _remove_others(result: Result, kept: set[str | None]) -> None:
    used = kept | set(Result.objects.filter(part_of=result).values_list("file", flat=True))
    results.clear_folder(_folder(result), keep=used)


def _folder(result: Result) -> str:
    """Not in the folder of the run: when the run ends, everything but its result is deleted there."""
    return f"teams/{result.team_id}/parts/{result.of_run.pk}"


def _name_part(whole: str, address: str) -> str:
    path = PurePosixPath(whole)
    end = f" {address}{path.suffix}"
    return path.stem[: LONGEST_NAME - len(end)] + end
