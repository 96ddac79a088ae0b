"""A worker keeps its connection to Postgres from task to task, and takes a new one when it is lost."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from exports import runs
from exports.models import Run, SavedExport
from tests.workers import Processes, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
def portal(at_work: None, settings: Any, tmp_path: Path) -> Iterator[Processes]:
    if connection.vendor != "postgresql":
        pytest.skip("A connection to SQLite is a file that is opened.")
    processes = Processes(tmp_path, EXPENSIFY_URL=settings.EXPENSIFY_URL)
    processes.worker()
    yield processes
    processes.stop()


def asked(sql: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [value for (value,) in cursor.fetchall()]


@pytest.fixture
def succeed(export: SavedExport, alice: User) -> Callable[[], None]:
    def succeed() -> None:
        run = runs.start(export, by=alice)
        wait_until(lambda: Run.objects.get(pk=run.pk).status == Run.Status.SUCCEEDED)

    return succeed


def test_next_run_uses_the_same_connection(portal: Processes, succeed: Callable[[], None]) -> None:
    succeed()
    before = asked(f"SELECT pid {OTHERS}")

    succeed()

    assert len(before) == 1
    assert asked(f"SELECT pid {OTHERS}") == before


def test_run_succeeds_after_the_connection_was_lost(portal: Processes, succeed: Callable[[], None]) -> None:
    succeed()

    lost = asked(f"SELECT pg_terminate_backend(pid) {OTHERS}")

    assert lost == [True]
    succeed()
