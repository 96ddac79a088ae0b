"""Workers say in Redis that they live, so that the web process can tell whether anybody does the work."""

from functools import cache

import redis
from django.conf import settings

KEY = "portal:worker-seen"
# Seconds; a sweep says it every few.
SILENT_AFTER = 60


@cache
def client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def beat() -> None:
    client().set(KEY, "1", ex=SILENT_AFTER)


def is_fresh() -> bool:
    return bool(client().exists(KEY))
