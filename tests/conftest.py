import os
from collections.abc import Iterator

import pytest
import redis

from tests.servers import RedisServer


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The Redis this run owns; started by tests/settings.py unless REDIS_URL names another."""
    return os.environ["REDIS_URL"]


@pytest.fixture
def redis_client(redis_url: str) -> Iterator["redis.Redis"]:
    client = redis.Redis.from_url(redis_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A Redis for one test alone, which it may restart, empty or stop."""
    server = RedisServer().start()
    yield server
    server.remove()
