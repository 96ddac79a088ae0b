"""While Redis is stopped: every page answers and says what waits, and what was begun meanwhile goes on afterwards."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.test import Client
from kombu.exceptions import OperationalError

from accounts.credentials import actions as credentials
from accounts.models import Credential, Team, User
from exports.models import Run, SavedExport
from exports.models.run import Status
from exports.runs import queue, tasks
from portal.celery import app
from tests.clients import signed_in
from tests.factories import make_result, make_run
from tests.html import tidy
from tests.servers import RedisServer

SENTENCE = "The queue is not reachable, so calls to Expensify wait. Nothing is lost"


@pytest.fixture(autouse=True)
def opened(acme_open: Team) -> None:
    """Acme is open to the test."""


@pytest.fixture
def stopped(redis_server: RedisServer, settings: Any) -> Iterator[RedisServer]:
    """A Redis that was there, and is not."""
    settings.REDIS_URL = redis_server.url
    queue.budget.cache_clear()
    queue.budget().introduce(fresh=True)
    redis_server.stop()
    yield redis_server
    queue.budget.cache_clear()


def text(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return tidy(response.content.decode())


def test_every_page_answers_and_those_about_calls_say_that_they_wait(
    stopped: RedisServer, export: SavedExport, credential: Credential, alice: User
) -> None:
    waiting = make_run(export, alice)
    done = make_run(export, alice, Status.SUCCEEDED)
    result = make_result(done, b"a,b\n")
    base = "/t/acme/"
    says = {
        "": True,
        "budget/": True,
        f"credentials/{credential.pk}/": True,
        f"credentials/{credential.pk}/budget/": True,
        f"runs/{waiting.pk}/": True,
        f"runs/{waiting.pk}/timeline/": True,
        f"runs/{done.pk}/": False,
        "runs/": False,
        "credentials/": False,
        "exports/": False,
        "exports/new/": False,
        f"exports/{export.pk}/": False,
        f"results/{result.pk}/": False,
        "audit/": False,
        "team/": False,
    }

    alices = signed_in(alice)

    assert {path: SENTENCE in text(alices, base + path) for path in says} == says


def test_a_wiped_credential_has_no_budget_to_speak_of(
    stopped: RedisServer, credential: Credential, alice: User
) -> None:
    credentials.wipe(credential, by=alice)

    assert SENTENCE not in text(signed_in(alice), f"/t/acme/credentials/{credential.pk}/")


@pytest.mark.django_db(transaction=True)
def test_what_people_do_meanwhile_is_kept(
    stopped: RedisServer, export: SavedExport, credential: Credential, alice: User
) -> None:
    alices = signed_in(alice)

    started = alices.post(f"/t/acme/exports/{export.pk}/run/")
    run = Run.objects.get()
    again = make_run(export, alice)
    cancelled = alices.post(f"/t/acme/runs/{again.pk}/cancel/")
    tested = alices.post(f"/t/acme/credentials/{credential.pk}/check/")

    assert [answer.status_code for answer in (started, cancelled, tested)] == [302, 302, 302]
    assert run.status == Status.QUEUED
    again.refresh_from_db()
    credential.refresh_from_db()
    assert again.status == Status.CANCELLED
    assert credential.is_being_checked


def test_pages_speak_of_places_again_when_it_is_back(stopped: RedisServer, export: SavedExport, alice: User) -> None:
    run = make_run(export, alice)
    alices = signed_in(alice)
    assert SENTENCE in text(alices, f"/t/acme/runs/{run.pk}/")

    stopped.start()
    queue.sweep()

    page = text(alices, f"/t/acme/runs/{run.pk}/")
    assert SENTENCE not in page
    assert "Place 1 in the line" in page


def test_a_click_does_not_wait_for_redis_to_return() -> None:
    """The task is sent once: the sweep then finds the run."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        knocks = []

        def hang_up() -> None:
            with suppress(OSError):
                while True:
                    knocks.append(listener.accept()[0].close())

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        address = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        with app.connection_for_write(address) as connection, pytest.raises(OperationalError):
            tasks.enqueue_runs.apply_async((1,), connection=connection)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()

    assert len(knocks) == 1
