"""The whole portal for a benchmark: real processes with a temporary database, Redis and folder.

Import it before any model: it sets up Django. The database is SQLite, or Postgres under `script/postgres`.
"""

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from tests.servers import RedisServer, free_port, wait_for_port

os.environ["REDIS_URL"] = RedisServer().start().url
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()


from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone

from accounts.models import Credential, Membership, Team, User
from accounts.permissions import Role
from expensify.pair import KeyPair
from exports.runs import heartbeat, queue
from tests.waiting import wait_until
from tests.workers import Processes


@contextmanager
def database() -> Iterator[str]:
    """Open an empty database with all tables, and yield its name for people."""
    with redirect_stdout(io.StringIO()):  # The cache's table prints a line.
        databases = setup_databases(verbosity=0, interactive=False)
    try:
        yield {"sqlite": "SQLite", "postgresql": "Postgres"}[connection.vendor]
    finally:
        teardown_databases(databases, verbosity=0)


@contextmanager
def portal(url: str, **environment: str) -> Iterator["Portal"]:
    """Start one worker process, beat and the web server; they call Expensify at `url`."""
    started = Portal(Path(os.environ["VAR_DIR"]), EXPENSIFY_URL=url, LOG_LEVEL="WARNING", **environment)
    try:
        started.open()
        yield started
    finally:
        started.stop()


class Portal(Processes):
    """The processes: `web` is the web server's address, `serving` its main process, `work` that of the worker."""

    def open(self) -> None:
        queue.budget().introduce(fresh=True)
        collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
        subprocess.run(collect, env=self.environment, check=True)
        port = free_port()
        self.web = f"http://127.0.0.1:{port}"
        self.serving = self.start(
            "-m", "gunicorn", "portal.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4",
            "--no-control-socket", log="web.log",
        )  # fmt: skip
        self.work = self.worker()
        self.beat()
        wait_for_port(port, 60)
        wait_until(heartbeat.is_fresh, seconds=60)


def team_with_editor() -> tuple[Team, User]:
    """Acme, and Erin, who can run its exports."""
    team = Team.objects.create(name="Acme", slug="acme", time_zone="Europe/Berlin")
    user = User.objects.create_user("erin@acme.example", "password", first_name="Erin")
    Membership.objects.create(team=team, user=user, role=Role.ADMIN)
    return team, user


def working_credential(team: Team, name: str, pair: KeyPair) -> Credential:
    credential = Credential(team=team, name=name)
    credential.take_pair(pair, timezone.now())
    credential.status = Credential.Status.WORKING
    credential.save()
    return credential


def signed_in(user: User) -> dict[str, str]:
    """Headers of a browser where this person is signed in, valid for POST too."""
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    token = "t" * 32
    return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}; csrftoken={token}", "X-CSRFToken": token}


def seconds(work: Callable[[], object]) -> float:
    """Seconds that the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
