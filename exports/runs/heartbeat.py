"""Worker heartbeat, sweep lock and shared clock, kept in Redis."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, cast

from django.conf import settings

from expensify.budget.wire import connect

if TYPE_CHECKING:
    import redis

KEY = "portal:worker-seen"
SWEPT = "portal:swept"
STARTED, SETTLED = "portal:schedules-started", "portal:occurrences-settled"
# Seconds without a heartbeat until workers count as down; a sweep beats every few seconds.
SILENT_AFTER = 60


@cache
def client() -> redis.Redis:
    return connect(settings.REDIS_URL)


def beat() -> None:
    client().set(KEY, "1", ex=SILENT_AFTER)


def is_fresh() -> bool:
    return bool(client().exists(KEY))


def begin_sweep(every: float, what: str = SWEPT) -> bool:
    """Whether a sweep of this kind is due; takes the lock. Sweeps that piled up while no worker ran become one."""
    return bool(client().set(what, "1", nx=True, px=round(every * 500)))


def now() -> datetime:
    """The time by Redis's clock, which all machines share."""
    seconds, micro = cast("tuple[int, int]", client().time())  # an Awaitable only for asynchronous clients
    return datetime.fromtimestamp(seconds + micro / 1e6, UTC)
