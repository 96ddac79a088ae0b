"""Write audit entries, each chained to the one before, in the transaction of the change they record."""

import getpass
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from accounts.models import AuditChain, AuditEntry, Team, User


class Action(StrEnum):
    SIGNED_IN = "signed in"
    SIGN_IN_FAILED = "sign-in failed"
    SIGN_IN_GUESSED = "sign-in slowed down"
    SIGNED_OUT = "signed out"
    PASSWORD_CHANGED = "password changed"
    NAME_CHANGED = "name changed"
    FACTOR_ADDED = "second factor added"
    FACTOR_REMOVED = "second factor removed"
    FACTOR_REFUSED = "second factor refused"
    RECOVERY_CODES_MADE = "recovery codes made"
    SESSION_ENDED = "session ended"
    SSO_LINKED = "company sign-in linked"
    MEMBER_INVITED = "member invited"
    INVITATION_RESENT = "invitation sent again"
    INVITATION_REVOKED = "invitation revoked"
    INVITATION_ACCEPTED = "invitation accepted"
    TOKEN_MADE = "access token made"
    TOKEN_REVOKED = "access token revoked"
    TOKEN_REFUSED = "access token refused"
    ACCESS_DENIED = "access denied"
    TEAM_CREATED = "team created"
    TEAM_CHANGED = "team changed"
    TEAM_RULE_ASKED = "switching a rule off asked for"
    TEAM_RULE_KEPT = "rule kept on"
    MEMBER_ADDED = "member added"
    MEMBER_CHANGED = "member's role changed"
    MEMBER_REMOVED = "member removed"
    CREDENTIAL_ADDED = "credential added"
    CREDENTIAL_RENAMED = "credential renamed"
    CREDENTIAL_CHECK_ASKED = "credential test asked for"
    CREDENTIAL_CHECKED = "credential tested"
    CREDENTIAL_REFUSED = "credential refused"
    CREDENTIAL_WIPED = "credential wiped"
    CREDENTIALS_LISTED = "credentials listed"
    CREDENTIAL_VIEWED = "credential viewed"
    ROTATION_STARTED = "rotation started"
    ROTATION_CHECK_ASKED = "rotation's test asked for"
    ROTATION_CHECKED = "rotation's pair tested"
    ROTATION_APPROVED = "rotation approved"
    ROTATION_PLANNED = "rotation planned"
    ROTATION_SWITCHED = "rotation's pair taken over"
    ROTATION_ROLLED_BACK = "rotation rolled back"
    ROTATION_CANCELLED = "rotation cancelled"
    PREVIOUS_PAIR_WIPED = "old pair wiped"
    KEYS_ROTATED = "credential keys rotated"
    EXPORT_CREATED = "export created"
    EXPORT_CHANGED = "export changed"
    EXPORT_ARCHIVED = "export archived"
    UPDATE_PREPARED = "employee update prepared"
    UPDATE_CHANGED = "employee update changed"
    UPDATE_WARNINGS_ACCEPTED = "employee update's warnings accepted"
    UPDATE_SUBMITTED = "employee update sent for approval"
    UPDATE_APPROVED = "employee update approved"
    UPDATE_VOIDED = "employee update's approval voided"
    UPDATE_DISCARDED = "employee update discarded"
    RECEIPT_DOWNLOADED = "employee update's receipt downloaded"
    UPDATE_WIPED = "employee update's rows wiped"
    PROFILE_SAVED = "feed profile saved"
    SCHEDULE_CREATED = "schedule created"
    SCHEDULE_CHANGED = "schedule changed"
    SCHEDULE_PAUSED = "schedule paused"
    SCHEDULE_RESUMED = "schedule resumed"
    SCHEDULE_ARCHIVED = "schedule archived"
    OCCURRENCE_SKIPPED = "scheduled run skipped"
    OCCURRENCE_REFUSED = "scheduled run could not start"
    OCCURRENCE_SETTLED = "scheduled run settled"
    OCCURRENCE_HELD = "scheduled mails held"
    OCCURRENCE_RELEASED = "held mails sent anyway"
    HOLIDAYS_CHANGED = "holidays changed"
    FREEZE_ADDED = "freeze added"
    FREEZE_REMOVED = "freeze removed"
    RUN_STARTED = "run started"
    RUN_CANCELLED = "run cancelled"
    RUN_DOWNLOADED_AGAIN = "run continued from its file"
    RUN_LOOKED_AFTER = "run looked after"
    RUN_STORED = "run's file stored"
    RUN_SUCCEEDED = "run succeeded"
    RUN_FAILED = "run failed"
    RUN_UNCONFIRMED = "run unconfirmed"
    MAIL_SENT = "mail sent"
    MAIL_REFUSED = "mail refused"
    MAIL_FAILED = "mail not sent"
    MAIL_UNCONFIRMED = "mail unconfirmed"
    MAIL_WITHHELD = "mail withheld"
    MAIL_WITHDRAWN = "mail withdrawn"
    MAIL_AGAIN = "mail asked for again"
    MAIL_BOUNCED = "mail came back"
    RECIPIENTS_CHANGED = "schedule's recipients changed"
    RECIPIENTS_DROPPED = "schedule's recipients dropped out"
    RECIPIENTS_ASKED = "schedule's outside recipients to be confirmed"
    RECIPIENTS_CONFIRMED = "schedule's recipients confirmed"
    RECIPIENTS_UNCONFIRMED = "schedule's recipients stopped, not confirmed"
    RECIPIENT_UNSUBSCRIBED = "recipient unsubscribed"
    RECIPIENT_SUBSCRIBED = "recipient subscribed again"
    LINK_CODE_SENT = "link's code sent"
    LINK_CODE_WRONG = "link's code wrong"
    LINK_OPENED = "link opened"
    LINK_REVOKED = "link revoked"
    API_CALLED = "API called"
    RESULT_VIEWED = "result viewed"
    RESULT_DOWNLOADED = "result downloaded"
    RESULT_PURGED = "result purged"
    RESULT_DAMAGED = "result found damaged"
    RESULT_RESTORED = "damaged result restored"
    FILE_PROVED = "file looked up by its hash"
    AUDIT_EXPORTED = "audit log exported"
    AUDIT_VIEW_SAVED = "view of the audit log saved"
    AUDIT_VIEW_REMOVED = "view of the audit log removed"
    AUDIT_TRIMMED = "old audit entries removed"


@dataclass(frozen=True)
class Actor:
    """An actor who is not a user: the portal itself, or the operating-system user of a command."""

    name: str


PORTAL = Actor("The portal")
# Repeated views of one object within this time are recorded once.
READING = timedelta(hours=1)


def operator() -> Actor:
    return Actor(f"{getpass.getuser()} (command line)")


_address: ContextVar[str] = ContextVar("address", default="")
_token: ContextVar[str] = ContextVar("token", default="")


@contextmanager
def _set(variable: ContextVar[str], value: str) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def from_address(address: str) -> AbstractContextManager[None]:
    """Record this network address with all entries written inside."""
    return _set(_address, address)


def with_token(name: str) -> AbstractContextManager[None]:
    """Record the name of the script's access token in the data of all entries written inside."""
    return _set(_token, name)


def record(
    action: Action, target: models.Model | None, *, by: User | Actor, team: Team | None = None, **data: Any
) -> AuditEntry:
    """Write one entry in the caller's transaction. `team` defaults to the target's team.

    The chain's row is locked until the caller commits, so the numbers of a team's entries have no gap.
    """
    if team is None and target is not None:
        team = target if isinstance(target, Team) else getattr(target, "team", None)
    (entry,) = record_many(team, [AuditEvent(action, target, by, data)])
    return entry


@dataclass(frozen=True)
class AuditEvent:
    """The content of one entry."""

    action: Action
    target: models.Model | None
    by: User | Actor
    data: dict[str, Any]


def record_many(team: Team | None, events: Sequence[AuditEvent]) -> list[AuditEntry]:
    """`record` for several entries of one team, in order; locks and writes the chain once."""
    if not events:
        return []
    with transaction.atomic():
        chain = locked_chain(team)
        now, token = timezone.now(), _token.get()
        entries = []
        for event in events:
            data = event.data | {"token": token} if token else event.data
            entry = AuditEntry(
                chain=chain,
                number=chain.length + 1,
                at=now,
                team=team,
                actor_id=event.by.pk if isinstance(event.by, User) else None,
                actor_name=str(event.by) if isinstance(event.by, User) else event.by.name,
                address=_address.get(),
                action=event.action.value,
                target_type=(event.target._meta.model_name or "") if event.target is not None else "",
                target_id=event.target.pk if event.target is not None else None,
                target_name=str(event.target)[:255] if event.target is not None else "",
                data=_plain(data),
                previous_hash=chain.head,
            )
            entry.hash = digest(entry)
            chain.length, chain.head = entry.number, entry.hash
            entries.append(entry)
        AuditEntry._base_manager.bulk_create(entries)
        chain.save(update_fields=["length", "head"])
    return entries


def record_reading(action: Action, target: models.Model, *, by: User) -> None:
    """Record that a person viewed an object, once an hour for each person and object.

    An open page polls; an entry for each request would bury the rest of the log.
    """
    # Every target has a team; Model has no such attribute.
    team = target if isinstance(target, Team) else target.team  # type: ignore[attr-defined]
    read = AuditEntry._base_manager.filter(
        team=team,
        action=action.value,
        actor_id=by.pk,
        target_type=target._meta.model_name,
        target_id=target.pk,
        at__gt=timezone.now() - READING,
    )
    if not read.exists():
        record(action, target, by=by)


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The differences as {"name": {"before": …, "after": …}}: the data of an entry about a change."""
    return {
        name: {"before": before.get(name), "after": after.get(name)}
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }


def digest(entry: AuditEntry) -> str:
    """SHA-256 over the previous hash and the content of the entry, as canonical JSON."""
    content = [entry.previous_hash, *_content(entry).values()]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def as_json(entry: AuditEntry) -> dict[str, Any]:
    """The entry for other machines, with everything that they need to compute its hash as `digest` does."""
    hashes = {"previous_hash": entry.previous_hash, "hash": entry.hash}
    return {"chain": entry.chain.name} | _content(entry) | hashes


def _content(entry: AuditEntry) -> dict[str, Any]:
    """What the hash of an entry covers besides the hash before it, in this order."""
    return {
        "number": entry.number,
        "at": entry.at.astimezone(UTC).isoformat(),
        "team": entry.team_id,
        "actor": entry.actor_id,
        "actor_name": entry.actor_name,
        "address": entry.address,
        "action": entry.action,
        "target_type": entry.target_type,
        "target": entry.target_id,
        "target_name": entry.target_name,
        "data": entry.data,
    }


def locked_chain(team: Team | None) -> AuditChain:
    """The chain of a team, locked until the caller commits."""
    name = AuditChain.name_for(team)
    chain = AuditChain.objects.select_for_update().filter(name=name).first()
    if chain is None:
        AuditChain.objects.get_or_create(name=name, defaults={"team": team})
        chain = AuditChain.objects.select_for_update().get(name=name)
    return chain


def _plain(data: Any) -> Any:
    """JSON that both databases return unchanged: string keys, times as text, no floats."""
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple | set | frozenset):
        return [_plain(value) for value in (sorted(data) if isinstance(data, set | frozenset) else data)]
    if isinstance(data, datetime):
        return data.astimezone(UTC).isoformat(timespec="milliseconds")
    if data is None or isinstance(data, bool | int):
        return data
    return str(data)
