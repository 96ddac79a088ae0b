"""The files in private storage."""

import shutil
from pathlib import Path

from django.core.files.storage import default_storage

STORAGE = Path(default_storage.location)  # type: ignore[attr-defined]


def empty_storage() -> None:
    shutil.rmtree(STORAGE, ignore_errors=True)


def in_storage() -> set[str]:
    return {str(path.relative_to(STORAGE)) for path in STORAGE.rglob("*") if path.is_file()}
