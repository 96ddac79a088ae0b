"""What operators' machines ask: does the web process live, and is everything there that a run needs."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.test import Client

from exports.runs import heartbeat, tasks

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_connection() -> Iterator[None]:
    heartbeat.client.cache_clear()
    yield
    heartbeat.client.cache_clear()


def test_the_web_process_says_that_it_lives(client: Client) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_a_sweep_is_a_sign_of_life_of_a_worker(client: Client, redis_client: redis.Redis) -> None:
    tasks.sweep.run()

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "redis": "ok", "worker": "ok"})


def test_a_sign_of_life_is_forgotten_after_a_minute(redis_client: redis.Redis) -> None:
    before = heartbeat.now()
    heartbeat.beat()
    left = timedelta(milliseconds=redis_client.pttl(heartbeat.KEY))
    gone = heartbeat.now() - before

    # Redis counts in whole milliseconds.
    minute, rounding = timedelta(seconds=60), timedelta(milliseconds=2)
    assert minute - gone - rounding <= left <= minute
    assert heartbeat.SILENT_AFTER == 60


def test_without_a_worker_the_portal_is_not_ready(client: Client, redis_client: redis.Redis) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["worker"]) == (503, "silent for more than 60 s")


def test_without_redis_the_portal_is_not_ready_and_says_so(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (503, {"database": "ok", "redis": "away", "worker": "unknown"})
