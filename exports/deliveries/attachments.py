"""What a mail or a link hands over of a result: the file itself, a workbook of it, or both, plain or in a ZIP."""

import hashlib
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.core.files.storage import default_storage

from exports.deliveries.settings import Content
from exports.models import Result
from exports.results import csv_to_xlsx
from exports.results import store as results
from exports.results import zip as zip_files
from exports.results.layout import table_of

# A workbook of a larger CSV would take a worker for minutes, for each recipient anew.
WORKBOOK_BYTES = 50 * 1024**2

# The workbook of a smaller CSV is quickly made anew.
KEPT_FROM_BYTES = 256 * 1024


class CannotEnclose(Exception):
    """The file, or what it was to become, is not to be had; the text says why to people."""


@dataclass(frozen=True)
class Enclosure:
    """A file on the local disk, ready to leave the portal."""

    name: str
    path: Path
    media_type: str

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    @property
    def sha256(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def has_workbook(result: Result, *, most_bytes: int = WORKBOOK_BYTES) -> bool:
    """Whether a workbook of it can be asked for."""
    return (
        results.extension(result.name) == "csv" and result.purged_at is None and 0 < result.size <= most_bytes
    )


@contextmanager
def workbook_of(result: Result, *, most_bytes: int = WORKBOOK_BYTES) -> Iterator[Enclosure]:
    """The workbook of a CSV, until the block ends. Raises CannotEnclose."""
    if results.extension(result.name) != "csv":
        raise CannotEnclose("Only a CSV can be made into a workbook. Download the file as it is.")
    if not has_workbook(result, most_bytes=most_bytes) and result.purged_at is None:
        raise CannotEnclose(
            "The file is empty, or too large to be made into a workbook here. Download the CSV; Excel opens it, too."
        )
    with _made(result, Content.WORKBOOK, None) as (made,):
        yield made


@contextmanager
def enclosed(result: Result, content: Content, password: str | None) -> Iterator[list[Enclosure]]:
    """The files that these contents stand for, until the block ends: one, or the CSV and its workbook.

    A workbook can be made of a CSV that is not too large; of all else the file itself stands in for it. Raises
    CannotEnclose, and CannotStore when storage fails.
    """
    if content in (Content.WORKBOOK, Content.BOTH) and not has_workbook(result):
        content = Content.ORIGINAL
    with _made(result, content, password) as made:
        yield made


@contextmanager
def one_file(result: Result, content: Content, password: str | None) -> Iterator[Enclosure]:
    """The same as a single file, for a link: CSV and workbook come in one ZIP."""
    with enclosed(result, content, password) as made, results.workshop() as folder:
        if len(made) == 1:
            yield made[0]
            return
        path = folder / "both.zip"
        zip_files.pack([(each.name, each.path) for each in made], path)
        yield Enclosure(_called(result, "zip"), path, zip_files.MEDIA_TYPE)


@contextmanager
def _made(result: Result, content: Content, password: str | None) -> Iterator[list[Enclosure]]:
    if result.purged_at is not None:
        raise CannotEnclose(
            "The file was deleted when its retention time was over. Run the export again to get it."
        )
    if not default_storage.exists(result.file.name):
        raise CannotEnclose("The file is no longer in the portal's storage. Run the export again to get it.")
    if content is Content.SEALED_ZIP and not password:
        raise CannotEnclose("The ZIP is to have a password, and the schedule has none. Choose one.")
    with results.workshop() as folder:
        original = Enclosure(zip_files.safe_name(result.name), folder / "original", result.media_type)
        with default_storage.open(result.file.name) as stored, original.path.open("wb") as file:
            shutil.copyfileobj(stored, file, results.CHUNK)
        made = [] if content is Content.WORKBOOK else [original]
        if content in (Content.WORKBOOK, Content.BOTH):
            made.append(_workbook(result, original, folder / "workbook"))
        elif content in (Content.ZIP, Content.SEALED_ZIP):
            made = [
                _zip(result, original, folder / "zip", password if content is Content.SEALED_ZIP else None)
            ]
        yield made


def _workbook(result: Result, original: Enclosure, path: Path) -> Enclosure:
    made = Enclosure(_called(result, "xlsx"), path, csv_to_xlsx.MEDIA_TYPE)
    # A part has one recipient; what goes to many as a whole is made once, by whoever comes first.
    keeps = not result.is_part and result.size >= KEPT_FROM_BYTES
    kept = f"{results.workbooks_of(result)}/{result.sha256[:16]}.xlsx"
    if keeps and default_storage.exists(kept):
        with default_storage.open(kept) as stored, path.open("wb") as file:
            shutil.copyfileobj(stored, file, results.CHUNK)
        # Where storage is on another disk, one that is still being written, or never was to its end, has no end.
        if zipfile.is_zipfile(path):
            return made
    try:
        with original.path.open("rb") as file:
            csv_to_xlsx.workbook(file, path, table_of(result))
    except csv_to_xlsx.CannotMake as error:
        raise CannotEnclose(str(error)) from None
    if keeps:
        copy = path.with_name("kept")
        shutil.copyfile(path, copy)
        default_storage.delete(kept)
        results.save(copy, kept)
        # Its retention time may have ended meanwhile, and then nobody looks here again.
        if Result.objects.filter(pk=result.pk).exclude(purged_at=None).exists():
            results.forget_workbooks(result)
    return made


def _zip(result: Result, original: Enclosure, path: Path, password: str | None) -> Enclosure:
    members = [(original.name, original.path)]
    if password:
        zip_files.seal(members, path, password)
    else:
        zip_files.pack(members, path)
    return Enclosure(_called(result, "zip"), path, zip_files.MEDIA_TYPE)


def _called(result: Result, extension: str) -> str:
    return f"{PurePosixPath(zip_files.safe_name(result.name)).stem}.{extension}"
