"""The files of a mail or a download link: the result itself, its workbook, or both, plain or in a ZIP."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.core.files.storage import default_storage

from exports.deliveries.settings import Content
from exports.models import Result
from exports.results import csv_to_xlsx, integrity
from exports.results import store as results
from exports.results import zip as zip_files
from exports.results.layout import table_of

# A workbook of a larger CSV would occupy a worker for minutes, again for each recipient.
WORKBOOK_BYTES = 50 * 1024**2

# The workbook of a smaller CSV is made again faster than it is stored.
KEPT_FROM_BYTES = 256 * 1024


class CannotAttach(Exception):
    """The file is gone or cannot be converted; the message says why, for people."""


@dataclass(frozen=True)
class Attachment:
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
    """Whether a workbook can be made of this result."""
    return results.extension(result.name) == "csv" and result.purged_at is None and 0 < result.size <= most_bytes


@contextmanager
def workbook_of(result: Result, *, most_bytes: int = WORKBOOK_BYTES) -> Iterator[Attachment]:
    """The workbook of a CSV, deleted when the block ends. Raises CannotAttach."""
    if results.extension(result.name) != "csv":
        raise CannotAttach("Only a CSV can be made into a workbook. Download the file as it is.")
    if not has_workbook(result, most_bytes=most_bytes) and result.purged_at is None:
        raise CannotAttach(
            "The file is empty, or too large to be made into a workbook here. Download the CSV; Excel opens it, too."
        )
    with _build_files(result, Content.WORKBOOK, None) as (workbook,):
        yield workbook


@contextmanager
def files_of(result: Result, content: Content, password: str | None) -> Iterator[list[Attachment]]:
    """The files for this content, deleted when the block ends: one file, or the CSV and its workbook.

    Where no workbook can be made (not a CSV, or too large), the original replaces it. Raises CannotAttach, and
    CannotStore when storage fails.
    """
    if content in (Content.WORKBOOK, Content.BOTH) and not has_workbook(result):
        content = Content.ORIGINAL
    with _build_files(result, content, password) as files:
        yield files


@contextmanager
def one_file(result: Result, content: Content, password: str | None) -> Iterator[Attachment]:
    """`files_of` as a single file, for a link: CSV and workbook come in one ZIP."""
    with files_of(result, content, password) as files, results.temporary_folder() as folder:
        if len(files) == 1:
            yield files[0]
            return
        path = folder / "both.zip"
        zip_files.pack([(file.name, file.path) for file in files], path)
        yield Attachment(_name_of(result, "zip"), path, zip_files.MEDIA_TYPE)


@contextmanager
def _build_files(result: Result, content: Content, password: str | None) -> Iterator[list[Attachment]]:
    if result.purged_at is not None:
        raise CannotAttach("The file was deleted when its retention time was over. Run the export again to get it.")
    if not default_storage.exists(result.file.name):
        raise CannotAttach("The file is no longer in the portal's storage. Run the export again to get it.")
    if content is Content.SEALED_ZIP and not password:
        raise CannotAttach("The ZIP is to have a password, and the schedule has none. Choose one.")
    with results.temporary_folder() as folder:
        original = Attachment(zip_files.safe_name(result.name), folder / "original", result.media_type)
        try:
            with integrity.open_result(result) as stored, original.path.open("wb") as file:
                shutil.copyfileobj(stored, file, results.CHUNK)
        except integrity.Damaged as error:
            raise CannotAttach(str(error)) from None
        files = [original] if content in (Content.ORIGINAL, Content.BOTH) else []
        if content in (Content.WORKBOOK, Content.BOTH):
            files.append(_make_workbook(result, original, folder / "workbook"))
        if content in (Content.ZIP, Content.SEALED_ZIP):
            files.append(
                _make_zip(result, original, folder / "zip", password if content is Content.SEALED_ZIP else None)
            )
        yield files


def _make_workbook(result: Result, original: Attachment, path: Path) -> Attachment:
    workbook = Attachment(_name_of(result, "xlsx"), path, csv_to_xlsx.MEDIA_TYPE)
    # A part has one recipient. A whole file goes to many, so its first workbook is stored for the others.
    is_stored = not result.is_part and result.size >= KEPT_FROM_BYTES
    if is_stored and _copy_stored_workbook(result, workbook):
        return workbook
    try:
        with original.path.open("rb") as file:
            csv_to_xlsx.workbook(file, path, table_of(result))
    except csv_to_xlsx.CannotMake as error:
        raise CannotAttach(str(error)) from None
    if is_stored:
        copy = path.with_name("kept")
        shutil.copyfile(path, copy)
        results.delete_workbooks(result)
        results.save(copy, f"{results.workbooks_of(result)}/{workbook.sha256}.xlsx")
        # The retention time may have ended meanwhile; the purge does not come back for this workbook.
        if Result.objects.filter(pk=result.pk).exclude(purged_at=None).exists():
            results.delete_workbooks(result)
    return workbook


def _copy_stored_workbook(result: Result, workbook: Attachment) -> bool:
    """Copy the workbook that another mail stored. Its name is its SHA-256: False if it is incomplete or damaged."""
    folder = results.workbooks_of(result)
    try:
        names = [name for name in default_storage.listdir(folder)[1] if name.endswith(".xlsx")]
        for name in names:
            with default_storage.open(f"{folder}/{name}") as stored, workbook.path.open("wb") as file:
                shutil.copyfileobj(stored, file, results.CHUNK)
            if f"{workbook.sha256}.xlsx" == name:
                return True
    except FileNotFoundError:
        pass
    return False


def _make_zip(result: Result, original: Attachment, path: Path, password: str | None) -> Attachment:
    members = [(original.name, original.path)]
    if password:
        zip_files.seal(members, path, password)
    else:
        zip_files.pack(members, path)
    return Attachment(_name_of(result, "zip"), path, zip_files.MEDIA_TYPE)


def _name_of(result: Result, extension: str) -> str:
    return f"{PurePosixPath(zip_files.safe_name(result.name)).stem}.{extension}"
