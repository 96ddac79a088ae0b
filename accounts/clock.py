"""The shared clock: for times that one process writes and another compares."""

from datetime import UTC, datetime

from django.db import connection

_QUERIES = {"postgresql": "SELECT clock_timestamp()", "sqlite": "SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"}


def now() -> datetime:
    """The database's time, so that the workers' clocks need not agree."""
    with connection.cursor() as cursor:
        cursor.execute(_QUERIES[connection.vendor])
        (at,) = cursor.fetchone()
    return (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(UTC)
