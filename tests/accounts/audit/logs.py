"""Helpers for tests of the audit log: old entries, and writes around the triggers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.models import AuditChain, AuditEntry, Team, User

GUARDED = ("accounts_auditentry", "accounts_auditsummary")


def chain_of(team: Team | None) -> AuditChain:
    return AuditChain.objects.get(name=AuditChain.name_for(team))


def entries_of(team: Team) -> list[int]:
    """The numbers of the entries."""
    found = AuditEntry._base_manager.filter(team=team).order_by("number")
    return list(found.values_list("number", flat=True))


def record_steps(
    team: Team, by: User, count: int, monkeypatch: pytest.MonkeyPatch, *, days_ago: int
) -> list[AuditEntry]:
    """Entries written so many days ago."""
    at = timezone.now() - timedelta(days=days_ago)
    with monkeypatch.context() as clock:
        clock.setattr(timezone, "now", lambda: at)
        return [audit.record(Action.TEAM_CHANGED, team, by=by, step=step) for step in range(count)]


@contextmanager
def without_triggers() -> Iterator[Callable[..., None]]:
    """Disable the triggers."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
            yield cursor.execute
            cursor.execute("SET session_replication_role = DEFAULT")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%%'", [])
        guards = cursor.fetchall()
        for name, _ in guards:
            cursor.execute(f"DROP TRIGGER {name}")
        yield cursor.execute
        for _, sql in guards:
            cursor.execute(sql)
