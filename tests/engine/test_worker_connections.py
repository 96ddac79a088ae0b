"""A worker keeps its connection to Postgres from task to task, and takes a new one when it is lost."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from exports.models import Run, SavedExport
from exports.runs import actions as runs
from sandbox.app import Sandbox
from tests.waiting import wait_until
from tests.workers import PATIENT, Processes

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

# Postgres's own helpers, such as autovacuum, come and go.
OTHERS = (
    "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND backend_type = 'client backend'"
)


@pytest.fixture(scope="module")
def portal(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sandbox]:
    """A worker, and the sandbox that it calls."""
    if connection.vendor != "postgresql":
        pytest.skip("A connection to SQLite is a file that is opened.")
    sandbox = Sandbox()
    with sandbox.serve() as served:
        with django_db_blocker.unblock():
            processes = Processes(tmp_path_factory.mktemp("processes"), **PATIENT, EXPENSIFY_URL=served.url)
        processes.worker()
        yield sandbox
        processes.stop()


def asked(sql: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [value for (value,) in cursor.fetchall()]


@pytest.fixture
def succeed(portal: Sandbox, at_work: None, export: SavedExport, alice: User) -> Callable[[], None]:
    def succeed() -> None:
        portal.reset()
        run = runs.start(export, by=alice)
        wait_until(lambda: Run.objects.get(pk=run.pk).status == Run.Status.SUCCEEDED)

    return succeed


def test_next_run_uses_the_same_connection(portal: Sandbox, succeed: Callable[[], None]) -> None:
    succeed()
    before = asked(f"SELECT pid {OTHERS}")

    succeed()

    assert len(before) == 1
    assert asked(f"SELECT pid {OTHERS}") == before


def test_run_succeeds_after_the_connection_was_lost(portal: Sandbox, succeed: Callable[[], None]) -> None:
    succeed()

    lost = asked(f"SELECT pg_terminate_backend(pid) {OTHERS}")

    assert lost == [True]
    succeed()
