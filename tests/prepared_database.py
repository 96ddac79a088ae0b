"""One migrated database per engine, which each test process copies instead of migrating its own.

SQLite copies a file, Postgres makes the test database from a template. A lock lets one process prepare it while the
others wait. The name holds a hash of every migration, so that a changed one prepares a new database.
"""

import fcntl
import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "var" / "prepared"
# Any number, as long as nobody else locks it in this cluster.
LOCK = 720_401

Execute = Callable[[str], list[Any]]


def create(name: str) -> None:
    """Make the test database `name` (a path on SQLite) as a copy of the prepared one, and connect to it."""
    connection.close()
    if connection.vendor == "sqlite":
        Path(name).unlink(missing_ok=True)
        shutil.copyfile(_prepared_file(), name)
    else:
        with _server() as execute:
            prepared = _prepared_template(execute)
            execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            execute(f'CREATE DATABASE "{name}" TEMPLATE "{prepared}"')
    _use(name)


def drop(name: str) -> None:
    connection.close()
    if connection.vendor == "sqlite":
        for path in Path(name).parent.glob(f"{Path(name).name}*"):
            path.unlink()
    else:
        with _server() as execute:
            execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _key() -> str:
    migrations = sorted(ROOT.glob("*/migrations/*.py"))
    hashed = hashlib.sha256(version("django").encode() + version("django-allauth").encode())
    for path in migrations:
        hashed.update(path.read_bytes())
    return hashed.hexdigest()[:16]


def _prepared_file() -> Path:
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / f"{_key()}.sqlite3"
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            with tempfile.TemporaryDirectory(dir=KEPT) as folder:
                _migrate(f"{folder}/migrated.sqlite3")
                with (
                    closing(sqlite3.connect(f"{folder}/migrated.sqlite3")) as migrated,
                    closing(sqlite3.connect(f"{folder}/whole.sqlite3")) as whole,
                ):
                    migrated.backup(whole)  # with what the write-ahead log holds
                Path(f"{folder}/whole.sqlite3").rename(path)
    return path


def _prepared_template(execute: Execute) -> str:
    name = f"prepared_{_key()}"
    execute(f"SELECT pg_advisory_lock({LOCK})")
    if not execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
        execute(f'DROP DATABASE IF EXISTS "{name}_unfinished" WITH (FORCE)')
        execute(f'CREATE DATABASE "{name}_unfinished"')
        _migrate(f"{name}_unfinished")
        execute(f'ALTER DATABASE "{name}_unfinished" RENAME TO "{name}"')
    return name


def _migrate(name: str) -> None:
    before = connection.settings_dict["NAME"]
    _use(name)
    call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)
    connection.close()
    _use(before)


def _use(name: str) -> None:
    settings.DATABASES["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name


@contextmanager
def _server() -> Iterator[Execute]:
    """Run statements on the server, outside of any test database; each answers its rows."""

    def execute(statement: str) -> list[Any]:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []

    with connection._nodb_cursor() as cursor:
        yield execute
