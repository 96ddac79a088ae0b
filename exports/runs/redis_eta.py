"""Alarms ring by Redis's clock, whatever the clocks of the machines that set and hear them say.

Celery sends a countdown as a time of day by the sender's clock, and the receiver waits by its own. With minutes
between the two, calls would be asked for minutes late, or early again and again.
"""

import time
from datetime import UTC, datetime, timedelta

from celery.worker.request import Request

from exports.runs import heartbeat

# Seconds: clocks drift by milliseconds in that time, and jump once in a long while.
MEASURED_EVERY = 30


class AlarmRequest(Request):
    """A task whose `eta` is an instant of Redis's clock."""

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
        # Imported here: tests/test_process_imports.py tells why.
        from redis.exceptions import RedisError

        try:
            theirs = heartbeat.now()
            # Read after theirs: what the answer took makes alarms late by that, where early ones would be set again.
            self._ahead = datetime.now(UTC) - theirs
        except RedisError:
            return  # as measured last; without Redis nothing is due anyhow
        self._measured_at = time.monotonic()


_own_clock = _OwnClock()
