"""The one clock of all machines, for instants that one process writes and another compares."""

from datetime import UTC, datetime

from django.db import connection

_QUESTIONS = {
    "postgresql": "SELECT clock_timestamp()",
    "sqlite": "SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')",
}


def now() -> datetime:
    """The database's time: a worker whose own clock is minutes off must not take another's call for lost."""
    with connection.cursor() as cursor:
        cursor.execute(_QUESTIONS[connection.vendor])
        (found,) = cursor.fetchone()
    return (datetime.fromisoformat(found) if isinstance(found, str) else found).astimezone(UTC)
