"""Wake-ups are due by Redis's clock, whatever the clocks of sender and receiver.

Celery sends a countdown as a time of day by the sender's clock, and the receiver waits by its own. If the two differ
by minutes, calls come minutes late, or too early again and again.
"""

import time
from datetime import UTC, datetime, timedelta

from celery.worker.request import Request

from exports.runs import heartbeat

# Seconds. Clocks drift by milliseconds in that time, and rarely jump.
MEASURED_EVERY = 30


class RedisTimedRequest(Request):
    """A task whose `eta` is a time by Redis's clock."""

    @property
    def eta(self) -> datetime | None:
        due = super().eta
        return None if due is None else due + _own_clock.ahead()


class _OwnClock:
    """How far this machine's clock is ahead of Redis's."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)
        self._measured_at: float | None = None

    def ahead(self) -> timedelta:
        if self._measured_at is None or time.monotonic() > self._measured_at + MEASURED_EVERY:
            self._measure()
        return self._ahead

    def _measure(self) -> None:
        # Imported late to save memory: see tests/test_process_imports.py.
        from redis.exceptions import RedisError

        try:
            redis_now = heartbeat.now()
            # Own clock read second: the round trip makes wake-ups late by that. Early ones would be repeated.
            self._ahead = datetime.now(UTC) - redis_now
        except RedisError:
            return  # keep the last measurement; without Redis nothing is due
        self._measured_at = time.monotonic()


_own_clock = _OwnClock()
