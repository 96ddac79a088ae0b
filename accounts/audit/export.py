"""Stream the audit log as a file: CSV for people, JSON lines for machines."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict

from accounts.audit.record import as_json
from accounts.models import AuditEntry, Team
from accounts.paging import page_of
from accounts.spreadsheets import MARK, line

# Entries in memory at once; each batch begins where the last one ended.
BATCH = 2000
HEADINGS = ("Number", "Time", "Who", "From", "What", "About", "Kind", "Id", "Details", "Hash")

Write = Callable[[QuerySet[AuditEntry], Team, dict[str, str]], Iterator[str]]


def csv_lines(entries: QuerySet[AuditEntry], team: Team, order: dict[str, str]) -> Iterator[str]:
    """Newest first, in the team's time zone."""
    yield MARK + line(HEADINGS)
    for entry in _all(entries, order):
        yield line(
            [
                str(entry.number),
                entry.at.astimezone(team.zone).isoformat(timespec="seconds"),
                entry.actor_name,
                entry.address,
                entry.action,
                entry.target_name,
                entry.target_type,
                "" if entry.target_id is None else str(entry.target_id),
                json.dumps(entry.data, ensure_ascii=False) if entry.data else "",
                entry.hash,
            ]
        )


def json_lines(entries: QuerySet[AuditEntry], team: Team, order: dict[str, str]) -> Iterator[str]:
    """Newest first; each line has everything that its hash covers."""
    for entry in _all(entries.select_related("chain"), order):
        yield json.dumps(as_json(entry), ensure_ascii=False) + "\n"


# Writer and content type by file extension.
KINDS: dict[str, tuple[Write, str]] = {
    "csv": (csv_lines, "text/csv; charset=utf-8"),
    "jsonl": (json_lines, "application/x-ndjson"),
}


def _all(entries: QuerySet[AuditEntry], order: dict[str, Any]) -> Iterator[AuditEntry]:
    query = QueryDict("")
    while True:
        page = page_of(entries, query, size=BATCH, **order)
        yield from page.rows
        if not page.older:
            return
        query = QueryDict(page.older[1:])
