"""Check a stored file against its SHA-256 before anything of it leaves the store.

A whole file is read for that, once: while its size and times stay the same, a process remembers for an hour that it is
intact. A damaged file is never handed out. Its row says so, and the Admins are told once.
"""

import hashlib
import os
import time
from collections import OrderedDict
from threading import Lock
from typing import IO

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.mail import notifications
from exports.models import Result
from exports.results.store import CHUNK, CannotStore

REMEMBERED_FOR = 60 * 60  # seconds; a disk may change bytes without changing a file's time
MOST_REMEMBERED = 10_000

SENTENCE = (
    "The file in the portal's storage is damaged: it is not the one that Expensify sent. So nobody gets it. Restore it "
    "from a backup, or run the export again. Nothing was changed at Expensify."
)


class Damaged(CannotStore):
    """The bytes in storage are not those that were stored; the text says so to people."""

    def __init__(self) -> None:
        super().__init__(SENTENCE)


def open_result(result: Result) -> IO[bytes]:
    """Open a stored file that is as it was stored. Raises FileNotFoundError, and Damaged."""
    file: IO[bytes] = default_storage.open(result.file.name)
    try:
        state = _state(file, result.file.name)
        if not _verified.holds(result, state):
            if _digest(file) != (result.size, result.sha256):
                _note_damage(result)
                raise Damaged
            _verified.add(result, state)
        if result.damaged_at is not None:
            _note_repair(result)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def check(result: Result) -> str:
    """Read a stored file as a whole, whatever is remembered. Returns what is wrong as a word, or ""."""
    _verified.forget(result)
    try:
        open_result(result).close()
    except Damaged:
        return "damaged"
    except OSError:
        return "missing"
    return ""


def _digest(file: IO[bytes]) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return size, digest.hexdigest()


# ------------------------------------------------------------ what is remembered

State = tuple[object, ...]


class _Verified:
    """The files that this process found intact, with the size and times that they had."""

    def __init__(self) -> None:
        self._states: OrderedDict[tuple[str, str], tuple[State, float]] = OrderedDict()
        self._lock = Lock()

    def holds(self, result: Result, state: State) -> bool:
        with self._lock:
            known, until = self._states.get(_key(result), (None, 0.0))
        return known == state and time.monotonic() < until

    def add(self, result: Result, state: State) -> None:
        with self._lock:
            self._states[_key(result)] = state, time.monotonic() + REMEMBERED_FOR
            self._states.move_to_end(_key(result))
            if len(self._states) > MOST_REMEMBERED:
                self._states.popitem(last=False)

    def forget(self, result: Result) -> None:
        with self._lock:
            self._states.pop(_key(result), None)


_verified = _Verified()


def _key(result: Result) -> tuple[str, str]:
    return result.file.name, result.sha256


def _state(file: IO[bytes], name: str) -> State:
    """What changes when somebody writes to the file."""
    try:
        path = default_storage.path(name)
    except NotImplementedError:  # S3
        return default_storage.size(name), default_storage.get_modified_time(name)
    stat = os.stat(path)
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


# ------------------------------------------------------------ what is noted


@transaction.atomic
def _note_damage(result: Result) -> None:
    now = timezone.now()
    if not Result.objects.filter(pk=result.pk, damaged_at=None, purged_at=None).update(damaged_at=now):
        return
    result.damaged_at = now
    audit.record(Action.RESULT_DAMAGED, result, by=audit.PORTAL, **result.for_audit)
    notifications.tell_admins(
        result,
        f"result {result.pk} damaged at {now.isoformat()}",
        subject=f"The stored file “{result}” is damaged",
        text=f"{SENTENCE}\n\nAn operator can check all files with `manage.py verify_results`.",
    )


@transaction.atomic
def _note_repair(result: Result) -> None:
    if Result.objects.filter(pk=result.pk).exclude(damaged_at=None).update(damaged_at=None):
        audit.record(Action.RESULT_RESTORED, result, by=audit.PORTAL, **result.for_audit)
    result.damaged_at = None
