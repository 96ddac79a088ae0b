"""Pack files into a ZIP, plain or with a password (AES-256: 7-Zip and others open it, Windows itself does not)."""

import re
import stat
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from django.utils import timezone

CHUNK = 256 * 1024
MEDIA_TYPE = "application/zip"
LONGEST_NAME = 200
SHORTEST_PASSWORD = 8

Member = tuple[str, Path]
"""The name in the archive, and the path of the file."""

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\u202a-\u202e\u2066-\u2069]')


def pack(members: Sequence[Member], target: Path) -> None:
    """Write a plain ZIP of these files."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in _with_unique_names(members):
            archive.write(path, name)


def password_problem(password: str) -> str:
    """Why the password is not accepted, as a sentence; empty when it is."""
    if not password.isascii() or not password.isprintable():
        return "Use letters a to z, digits and the signs of a plain keyboard: programs read other letters differently."
    if len(password) < SHORTEST_PASSWORD:
        return f"Use at least {SHORTEST_PASSWORD} characters."
    return ""


def seal(members: Sequence[Member], target: Path, password: str) -> None:
    """Write a ZIP that opens with the password only. The file names in it are not encrypted."""
    if problem := password_problem(password):
        raise ValueError(problem)
    # Imported late to save memory: see tests/test_process_imports.py.
    from stream_zip import ZIP_AUTO, stream_zip

    now = timezone.now()
    files = (
        (name, now, stat.S_IFREG | 0o600, ZIP_AUTO(path.stat().st_size), _read_chunks(path))
        for name, path in _with_unique_names(members)
    )
    with target.open("wb") as archive:
        for piece in stream_zip(files, password=password):
            archive.write(piece)


def safe_name(name: str) -> str:
    """The file's name without folders and without characters that file systems reject."""
    name = _UNSAFE.sub("_", PurePosixPath(name.replace("\\", "/")).name).strip(" .")
    if len(name) > LONGEST_NAME:
        path = PurePosixPath(name)
        name = path.stem[: LONGEST_NAME - len(path.suffix)] + path.suffix
    return name or "file"


def _with_unique_names(members: Iterable[Member]) -> Iterator[Member]:
    used_names: set[str] = set()
    for name, path in members:
        name = plain = safe_name(name)
        number = 1
        while name.casefold() in used_names:
            number += 1
            name = f"{PurePosixPath(plain).stem} ({number}){PurePosixPath(plain).suffix}"
        used_names.add(name.casefold())
        yield name, path


def _read_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece
