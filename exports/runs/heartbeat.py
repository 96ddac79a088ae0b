"""What workers and pages tell each other through Redis: that somebody does the work, who sweeps, what time it is."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings

from expensify.budget.wire import connect

if TYPE_CHECKING:
    import redis

KEY = "portal:worker-seen"
SWEPT = "portal:swept"
STARTED, SETTLED = "portal:schedules-started", "portal:occurrences-settled"
# Seconds; a sweep says it every few.
SILENT_AFTER = 60


@cache
def client() -> redis.Redis:
    return connect(settings.REDIS_URL)


def beat() -> None:
    client().set(KEY, "1", ex=SILENT_AFTER)


def is_fresh() -> bool:
    return bool(client().exists(KEY))


def begin_sweep(every: float, what: str = SWEPT) -> bool:
    """Whether a sweep of this kind is due. Those that piled up while no worker ran are one."""
    return bool(client().set(what, "1", nx=True, px=round(every * 500)))


def now() -> datetime:
    """Redis's time, which all machines share."""
    seconds, micro = client().time()
    return datetime.fromtimestamp(seconds + micro / 1e6, UTC)
