"""Removing audit entries that a team keeps no longer: behind a signed summary, from which the chain goes on.

Each summary says which entries stood there, how many of each action, from when to when, and what hash came before and
last. The signature is made with SECRET_KEY, which the database does not hold, and the removal is an entry itself.
"""

import hmac
import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from accounts import clock
from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action, Actor
from accounts.models import AuditChain, AuditEntry, AuditStream, AuditSummary, Team

# Entries of one summary, and of one transaction: on SQLite nobody else writes meanwhile.
MOST = 10_000
# The database judges by its own clock, at the beginning of the transaction.
MARGIN = timedelta(minutes=1)


def trim_all(now: datetime) -> int:
    """Remove what any team keeps no longer; how many entries. Done twice, the second finds nothing."""
    return sum(trim(team, now) for team in Team.objects.exclude(audit_kept_days=None).order_by("pk"))


def trim(team: Team, now: datetime, *, by: Actor = PORTAL) -> int:
    """Remove what the team keeps no longer; how many entries."""
    removed = 0
    while True:
        some = _trim_some(team, now, by)
        removed += some
        if some < MOST:
            return removed


def is_signed(summary: AuditSummary) -> bool:
    """Whether the portal wrote this, under its present SECRET_KEY or one of AUDIT_OLD_SECRET_KEYS."""
    keys = [settings.SECRET_KEY, *settings.AUDIT_OLD_SECRET_KEYS]
    return any(hmac.compare_digest(_signature(summary, key), summary.signature) for key in keys)


@transaction.atomic
def _trim_some(team: Team, now: datetime, by: Actor) -> int:
    team = Team.objects.get(pk=team.pk)
    if team.audit_kept_days is None:
        return 0
    chain = audit.locked_chain(team)
    limit = min(now, clock.now()) - timedelta(days=team.audit_kept_days) - MARGIN
    over = _over(chain, limit)
    # A removal is an entry too: without this, each would be the next one's reason.
    if {action for _, _, action, _, _ in over} <= {Action.AUDIT_TRIMMED.value}:
        return 0
    (first, first_at, _, previous_hash, _), (last, last_at, _, _, last_hash) = over[0], over[-1]
    summary = AuditSummary(
        chain=chain,
        first=first,
        last=last,
        first_at=first_at,
        last_at=last_at,
        previous_hash=previous_hash,
        last_hash=last_hash,
        actions=dict(Counter(action for _, _, action, _, _ in over)),
        made_at=clock.now(),
    )
    summary.signature = _signature(summary, settings.SECRET_KEY)
    summary.save(force_insert=True)
    gone = AuditEntry._base_manager.filter(chain=chain, number__gte=first, number__lte=last)
    gone._raw_delete(gone.db)  # without loading each one, as `delete` would
    audit.record(
        Action.AUDIT_TRIMMED,
        team,
        by=by,
        first=first,
        last=last,
        count=summary.count,
        from_time=first_at,
        to_time=last_at,
        last_hash=last_hash,
        actions=[f"{action}: {count}" for action, count in sorted(summary.actions.items())],
        signature=summary.signature,
    )
    return summary.count


def _over(chain: AuditChain, limit: datetime) -> Sequence[tuple[int, datetime, str, str, str]]:
    """The oldest entries as long as they are older than the limit, were streamed, and are not the last one."""
    until = chain.length - 1
    if settings.AUDIT_STREAM:
        stream = AuditStream.objects.filter(chain=chain).first()
        until = min(until, stream.number if stream else 0)
    oldest = AuditEntry._base_manager.filter(chain=chain, number__lte=until).order_by("number")
    rows = oldest.values_list("number", "at", "action", "previous_hash", "hash")[:MOST]
    found = []
    for row in rows:
        if row[1] >= limit:
            break
        found.append(row)
    return found


def _signature(summary: AuditSummary, key: str) -> str:
    said = [
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
    message = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return salted_hmac("audit summary", message, secret=key, algorithm="sha256").hexdigest()
