"""Replace audit entries past the team's retention by a signed summary; the chain continues from its last hash.

A summary has the numbers and times of the first and last entry, the number of entries of each action, and the hashes
before the first and of the last entry. It is signed with SECRET_KEY, which is not in the database. The removal is an
audit entry itself.
"""

import hmac
import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from accounts import clock
from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action, Actor
from accounts.models import AuditChain, AuditEntry, AuditStream, AuditSummary, Team

# Entries per summary and transaction: on SQLite the transaction blocks all other writers.
MAX_ENTRIES = 10_000
# The database's trigger compares with its own clock at the beginning of the transaction.
MARGIN = timedelta(minutes=1)


def trim_all(now: datetime) -> int:
    """Trim the log of every team; return how many entries were removed. Idempotent."""
    return sum(trim(team, now) for team in Team.objects.exclude(audit_kept_days=None).order_by("pk"))


def trim(team: Team, now: datetime, *, by: Actor = PORTAL) -> int:
    """Trim the log of a team; return how many entries were removed."""
    removed = 0
    while True:
        count = _trim_batch(team, now, by)
        removed += count
        if count < MAX_ENTRIES:
            return removed


def is_signed(summary: AuditSummary) -> bool:
    """Whether the signature was made with SECRET_KEY or one of AUDIT_OLD_SECRET_KEYS."""
    keys = [settings.SECRET_KEY, *settings.AUDIT_OLD_SECRET_KEYS]
    return any(hmac.compare_digest(_signature(summary, key), summary.signature) for key in keys)


@transaction.atomic
def _trim_batch(team: Team, now: datetime, by: Actor) -> int:
    team = Team.objects.get(pk=team.pk)
    if team.audit_kept_days is None:
        return 0
    chain = audit.locked_chain(team)
    limit = min(now, clock.now()) - timedelta(days=team.audit_kept_days) - MARGIN
    old = _old_entries(chain, limit)
    # Each removal adds an entry. Without this condition, every round would remove the entry of the round before.
    if {entry.action for entry in old} <= {Action.AUDIT_TRIMMED.value}:
        return 0
    first, last = old[0], old[-1]
    summary = AuditSummary(
        chain=chain,
        first=first.number,
        last=last.number,
        first_at=first.at,
        last_at=last.at,
        previous_hash=first.previous_hash,
        last_hash=last.hash,
        actions=dict(Counter(entry.action for entry in old)),
        made_at=clock.now(),
    )
    summary.signature = _signature(summary, settings.SECRET_KEY)
    summary.save(force_insert=True)
    removed = AuditEntry._base_manager.filter(chain=chain, number__gte=first.number, number__lte=last.number)
    removed._raw_delete(removed.db)  # `delete` would load every row
    audit.record(
        Action.AUDIT_TRIMMED,
        team,
        by=by,
        first=first.number,
        last=last.number,
        count=summary.count,
        from_time=first.at,
        to_time=last.at,
        last_hash=last.hash,
        actions=[f"{action}: {count}" for action, count in sorted(summary.actions.items())],
        signature=summary.signature,
    )
    return summary.count


def _old_entries(chain: AuditChain, limit: datetime) -> Sequence[Any]:
    """The oldest entries, up to the limit, the last streamed one, and the one before the end of the chain."""
    until = chain.length - 1
    if settings.AUDIT_STREAM:
        stream = AuditStream.objects.filter(chain=chain).first()
        until = min(until, stream.number if stream else 0)
    oldest = AuditEntry._base_manager.filter(chain=chain, number__lte=until).order_by("number")
    rows = oldest.values_list("number", "at", "action", "previous_hash", "hash", named=True)[:MAX_ENTRIES]
    return list(takewhile(lambda entry: entry.at < limit, rows))


def _signature(summary: AuditSummary, key: str) -> str:
    content = [
        summary.chain.name,
        summary.first,
        summary.last,
        summary.first_at.astimezone(UTC).isoformat(),
        summary.last_at.astimezone(UTC).isoformat(),
        summary.previous_hash,
        summary.last_hash,
        summary.actions,
        summary.made_at.astimezone(UTC).isoformat(),
    ]
    message = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return salted_hmac("audit summary", message, secret=key, algorithm="sha256").hexdigest()
