import gc
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import hypothesis
import pytest
import redis
from django.db import OperationalError, connection
from django.db.backends.base.operations import BaseDatabaseOperations
from django_scopes import scope

from accounts.models import Credential, Policy, Team, User
from accounts.permissions import Role
from expensify.budget.budget import Budget
from expensify.budget.limits import Limits
from exports.models import SavedExport
from exports.runs import queue
from sandbox.app import Sandbox
from tests import prepared_database
from tests.call_budget import WIDE, use_limits
from tests.factories import POLICY, make_credential, make_export, make_member, make_policy, make_team
from tests.servers import RedisServer
from tests.waiting import PATIENCE
from tests.work import close_connections

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_collection_finish() -> None:
    """Exclude loaded modules from garbage collection, which otherwise takes a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: Any, django_db_modify_db_settings: None
) -> Iterator[None]:
    with django_db_blocker.unblock():
        name = connection.creation._get_test_db_name()
        prepared_database.create(name)
    yield
    with django_db_blocker.unblock():
        prepared_database.drop(name)


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The Redis of this run, started by tests/settings.py unless REDIS_URL names another."""
    return os.environ["REDIS_URL"]


@pytest.fixture
def redis_client(redis_url: str) -> Iterator["redis.Redis"]:
    client = redis.Redis.from_url(redis_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A Redis for one test, which may restart, empty or stop it."""
    server = RedisServer().start()
    yield server
    server.remove()


# ------------------------------------------------------------ people and teams


@pytest.fixture
def acme(db: None) -> Team:
    return make_team("Acme")


@pytest.fixture
def acme_open(acme: Team) -> Any:
    """Acme's data can be read in the test itself."""
    with scope(team=acme):
        yield acme


@pytest.fixture
def umbrella(db: None) -> Team:
    return make_team("Umbrella", "America/New_York")


@pytest.fixture
def alice(acme: Team) -> User:
    """Alice is Acme's Admin."""
    return make_member(acme, "Alice", Role.ADMIN)


@pytest.fixture
def erin(acme: Team) -> User:
    """Erin is an Editor at Acme."""
    return make_member(acme, "Erin", Role.EDITOR)


@pytest.fixture
def audrey(acme: Team) -> User:
    """Audrey is an Auditor at Acme."""
    return make_member(acme, "Audrey", Role.AUDITOR)


@pytest.fixture
def bob(acme: Team) -> User:
    """Bob is a Viewer at Acme."""
    return make_member(acme, "Bob", Role.VIEWER)


@pytest.fixture
def charlie(umbrella: Team) -> User:
    """Charlie is the Admin of another team, Umbrella."""
    return make_member(umbrella, "Charlie", Role.ADMIN)


# ------------------------------------------------------------ sandbox, credentials and exports


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Sandbox]:
    """The sandbox over HTTP; the portal's settings point to it."""
    server = Sandbox()
    with server.serve() as served:
        settings.EXPENSIFY_URL = served.url
        yield server
        close_connections()


@pytest.fixture
def credential(acme: Team) -> Credential:
    return make_credential(acme)


@pytest.fixture
def export(credential: Credential, alice: User) -> SavedExport:
    return make_export(credential, alice)


@pytest.fixture
def policy(credential: Credential) -> Policy:
    """A policy that the credential reaches."""
    return make_policy(credential, POLICY)


@pytest.fixture
def budget(redis_client: redis.Redis, settings: Any) -> Iterator[Budget]:
    """An empty call budget that does not wait for its first minute.

    A permit is valid for a third of `unanswered`, so that a test makes its call in time on a busy machine.
    """
    settings.EXPENSIFY_LIMITS = replace(settings.EXPENSIFY_LIMITS, unanswered=PATIENCE)
    queue.budget.cache_clear()
    budget = queue.budget()
    budget.introduce(fresh=True)
    yield budget
    queue.budget.cache_clear()


@pytest.fixture
def wide_limits(settings: Any, budget: Budget, sandbox: Sandbox) -> None:
    """Limits of portal and sandbox that delay no call, for tests that make more calls than ten seconds allow."""
    use_limits(settings, sandbox, WIDE)


@pytest.fixture
def without_limits(settings: Any, budget: Budget, sandbox: Sandbox) -> None:
    """Everything goes through at once, so that only the line decides who is next; service counts as ever."""
    use_limits(settings, sandbox, Limits(((10_000, 30_000.0),), unanswered=PATIENCE))


# ------------------------------------------------------------ flushing append-only tables between tests


@pytest.fixture(autouse=True, scope="session")
def append_only_tables_can_be_flushed() -> None:
    """Disable the triggers of the audit log while tests that commit flush all tables."""
    original: Callable[..., None] = BaseDatabaseOperations.execute_sql_flush

    def execute_sql_flush(self: Any, statements: list[str]) -> None:
        connection = self.connection
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET session_replication_role = replica")
            _flush_with_retries(original, self, statements)
            with connection.cursor() as cursor:
                cursor.execute("SET session_replication_role = DEFAULT")
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
            for name, _ in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
        original(self, statements)
        with connection.cursor() as cursor:
            for _, sql in triggers:
                cursor.execute(sql)

    BaseDatabaseOperations.execute_sql_flush = execute_sql_flush


def _flush_with_retries(flush: Callable[..., None], *args: Any) -> None:
    """Flush all tables. Workers shared by a module still use them, so the flush may deadlock with them."""
    for _ in range(20):
        try:
            return flush(*args)
        except OperationalError as error:
            if "deadlock detected" not in str(error):
                raise
    return flush(*args)
