"""Move downloaded files into private storage, and delete what is no longer needed."""

import hashlib
import os
import shutil
import sys
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import Q

from accounts.door import each_of
from expensify.answers import Download
from exports.models import Result, Run
from exports.models.run import FINAL
from exports.results import tables
from exports.results.layout import csv_layout_of

CHUNK = 1024 * 1024
# How many finished runs one call of `tidy` cleans.
TIDY_BATCH = 200

MEDIA_TYPES = {
    "csv": "text/csv",
    "txt": "text/plain",
    "json": "application/json",
    "xml": "application/xml",
    "pdf": "application/pdf",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}


class CannotStore(Exception):
    """The portal's storage failed; the text says so to people."""


class _LocalFile(File):  # type: ignore[type-arg]  # generic in the stubs only
    """A complete file on the local disk; storage on the same disk renames it instead of copying."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(path.open("rb"), name=path.name)

    def temporary_file_path(self) -> str:
        return str(self.path)


@contextmanager
def temporary_download(name: str) -> Iterator[Path]:
    """A local path for a download; deleted afterwards. Raises CannotStore."""
    path = Path(settings.FILE_UPLOAD_TEMP_DIR) / f"{uuid4().hex}.{extension(name)}"
    try:
        with _or_cannot_store():
            yield path
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A local temporary folder for files being created; deleted afterwards. Raises CannotStore."""
    with _or_cannot_store(), TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
        yield Path(folder)


def _storage_errors() -> tuple[type[Exception], ...]:
    """The errors that storage raises. Only S3 storage loads botocore."""
    if "botocore" not in sys.modules:
        return (OSError,)
    # Imported late to save memory: see tests/test_process_imports.py.
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    return (OSError, BotoCoreError, Boto3Error, ClientError)


@contextmanager
def _or_cannot_store() -> Iterator[None]:
    try:
        yield
    except _storage_errors() as error:
        reason = getattr(error, "strerror", None) or "its storage does not take it"
        raise CannotStore(
            f"The portal could not store the file: {reason}. An operator has to look at the portal's storage."
        ) from error


def store(run: Run, name: str, path: Path, arrived: Download) -> Result:
    """Store a finished download; return its unsaved row. The last of several files is zipped with the earlier ones."""
    size, sha256 = arrived.size, arrived.sha256
    if len(run.remote_files) > 1:
        path, name = _zipped(run, name, path), f"{PurePosixPath(run.remote_files[0]).stem}.zip"
        size, sha256 = _measured(path)
    try:
        rows = tables.count_rows(path, extension(name), csv_layout_of(run))
        return Result(
            team=run.team,
            run=run,
            file=save(path, f"{_folder(run)}/{run.moves}-{name}"),
            name=name,
            media_type=MEDIA_TYPES.get(extension(name), "application/octet-stream"),
            size=size,
            rows=rows,
            sha256=sha256,
        )
    finally:
        if len(run.remote_files) > 1:
            path.unlink(missing_ok=True)


def keep_part(run: Run, name: str, path: Path) -> None:
    """Store one of several files until the last is downloaded."""
    target = _part(run, run.fetched)
    default_storage.delete(target)
    save(path, target)


def verify(stored: Result) -> None:
    """Read a stored file back and compare it. Raises CannotStore when it differs."""
    digest, size = hashlib.sha256(), 0
    try:
        with default_storage.open(stored.file.name) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except _storage_errors():
        size = -1
    if (size, digest.hexdigest()) != (stored.size, stored.sha256):
        raise CannotStore(
            "The file did not come back from the portal's storage as it was stored. An operator has to look at it."
        )


def clear(run: Run) -> None:
    """Delete everything that the run has in storage except its result: parts, and leftovers of killed workers."""
    result_file = Result.objects.filter(run=run).values_list("file", flat=True).first()
    clear_folder(_folder(run), keep={result_file})


def workbooks_of(result: Result) -> str:
    """The folder for workbooks of the run's file. Not in the run's folder, which `clear` empties."""
    return f"teams/{result.team_id}/workbooks/{result.run_id}"


def delete_workbooks(result: Result) -> None:
    clear_folder(workbooks_of(result))


def clear_if_over(run: Run) -> None:
    """Clear up if the run has finished: for a worker that stored a part after another had moved the run."""
    if Run.objects.filter(pk=run.pk, status__in=FINAL).exists():
        clear(run)


def tidy(now: datetime) -> None:
    """Delete what killed workers left: temporary downloads, and files in storage of runs that ended a while ago.

    Each run is cleaned once, so long after its end that no call of it can be in progress.
    """
    before = now - timedelta(seconds=settings.STUCK_AFTER_SECONDS)
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir():
        with suppress(FileNotFoundError):  # its own worker deleted it first
            if path.stat().st_mtime >= before.timestamp():
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    ended = Q(finished_at__lt=before, tidied_at=None)
    for run in each_of(lambda: Run.objects.filter(ended).order_by("finished_at")[:TIDY_BATCH]):
        clear(run)
        Run.objects.filter(pk=run.pk).update(tidied_at=now)


def extension(name: str) -> str:
    return PurePosixPath(name).suffix.lstrip(".").lower()


def _measured(path: Path) -> tuple[int, str]:
    """The size in bytes, and the SHA-256 in hex."""
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def save(path: Path, target: str) -> str:
    """Move a local file into private storage. Returns its name, which differs from `target` if that exists."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    with _LocalFile(path) as file:
        return default_storage.save(target, file)


def _zipped(run: Run, last_name: str, last: Path) -> Path:
    """Pack all files of the run into one ZIP, under the names that Expensify gave them."""
    path = last.with_name(f"{uuid4().hex}.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, name in enumerate(run.remote_files[:-1]):
            with default_storage.open(_part(run, number)) as part, archive.open(name, "w") as entry:
                shutil.copyfileobj(part, entry, CHUNK)
        archive.write(last, last_name)
    return path


def _folder(run: Run) -> str:
    return f"teams/{run.team_id}/runs/{run.pk}"


def clear_folder(folder: str, keep: Collection[str | None] = ()) -> None:
    """Delete everything in this folder of the storage but the files to keep."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in files:
        if f"{folder}/{name}" not in keep:
            default_storage.delete(f"{folder}/{name}")
    for name in folders:
        clear_folder(f"{folder}/{name}", keep)


def _part(run: Run, number: int) -> str:
    return f"{_folder(run)}/parts/{number}"
