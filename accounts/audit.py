"""The audit log: one chained line for each thing somebody did, in the transaction that makes it true."""

import getpass
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from accounts.models import AuditChain, AuditEntry, Team, User


class Action(StrEnum):
    SIGNED_IN = "signed in"
    SIGN_IN_FAILED = "sign-in failed"
    SIGNED_OUT = "signed out"
    PASSWORD_CHANGED = "password changed"
    TOKEN_MADE = "access token made"
    TOKEN_REVOKED = "access token revoked"
    TOKEN_REFUSED = "access token refused"
    ACCESS_DENIED = "access denied"
    TEAM_CREATED = "team created"
    TEAM_CHANGED = "team changed"
    MEMBER_ADDED = "member added"
    MEMBER_CHANGED = "member's role changed"
    MEMBER_REMOVED = "member removed"
    CREDENTIAL_ADDED = "credential added"
    CREDENTIAL_RENAMED = "credential renamed"
    CREDENTIAL_CHECK_ASKED = "credential test asked for"
    CREDENTIAL_CHECKED = "credential tested"
    CREDENTIAL_REFUSED = "credential refused"
    CREDENTIAL_WIPED = "credential wiped"
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
    RUN_STARTED = "run started"
    RUN_CANCELLED = "run cancelled"
    RUN_STORED = "run's file stored"
    RUN_SUCCEEDED = "run succeeded"
    RUN_FAILED = "run failed"
    RUN_UNCONFIRMED = "run unconfirmed"
    API_CALLED = "API called"
    RESULT_DOWNLOADED = "result downloaded"
    RESULT_PURGED = "result purged"


@dataclass(frozen=True)
class Actor:
    """Somebody who is no user: the portal itself, or the operating-system user behind a command."""

    name: str


PORTAL = Actor("The portal")


def operator() -> Actor:
    return Actor(f"{getpass.getuser()} (command line)")


_address: ContextVar[str] = ContextVar("address", default="")


@contextmanager
def from_address(address: str) -> Iterator[None]:
    """What is recorded inside came from this network address."""
    token = _address.set(address)
    try:
        yield
    finally:
        _address.reset(token)


_token: ContextVar[str] = ContextVar("token", default="")


@contextmanager
def with_token(name: str) -> Iterator[None]:
    """What is recorded inside was done by a script, with the access token of this name: its data say so."""
    token = _token.set(name)
    try:
        yield
    finally:
        _token.reset(token)


def record(
    action: Action,
    target: models.Model | None,
    *,
    by: User | Actor,
    team: Team | None = None,
    **data: Any,
) -> AuditEntry:
    """Write one entry, in the caller's transaction. `team` is taken from the target where it has one.

    The chain's row is locked until the caller commits: entries of a team follow one another without a gap.
    """
    if team is None and target is not None:
        team = target if isinstance(target, Team) else getattr(target, "team", None)
    if token := _token.get():
        data["token"] = token
    with transaction.atomic():
        chain = _locked_chain(team)
        entry = AuditEntry(
            chain=chain,
            number=chain.length + 1,
            at=timezone.now(),
            team=team,
            actor_id=by.pk if isinstance(by, User) else None,
            actor_name=str(by) if isinstance(by, User) else by.name,
            address=_address.get(),
            action=action.value,
            target_type=target._meta.model_name if target is not None else "",
            target_id=target.pk if target is not None else None,
            target_name=str(target)[:255] if target is not None else "",
            data=_plain(data),
            previous_hash=chain.head,
        )
        entry.hash = digest(entry)
        entry.save(force_insert=True)
        chain.length, chain.head = entry.number, entry.hash
        chain.save(update_fields=["length", "head"])
    return entry


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Only what differs, as {"name": {"before": …, "after": …}}: the data of an entry about a change."""
    return {
        name: {"before": before.get(name), "after": after.get(name)}
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }


def digest(entry: AuditEntry) -> str:
    """SHA-256 over the previous hash and everything the entry says, in one canonical form."""
    said = [
        entry.previous_hash,
        entry.number,
        entry.at.astimezone(UTC).isoformat(),
        entry.team_id,
        entry.actor_id,
        entry.actor_name,
        entry.address,
        entry.action,
        entry.target_type,
        entry.target_id,
        entry.target_name,
        entry.data,
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def faults(chain: AuditChain) -> Iterator[str]:
    """What is wrong with a chain, a sentence each; nothing when it is whole. Reads it from first to last.

    The chain may grow meanwhile: what comes after the end that `chain` tells of is left to the next check.
    """
    previous, number = "0" * 64, 0
    entries = AuditEntry._base_manager.filter(chain=chain)
    for entry in entries.filter(number__lte=chain.length).order_by("number").iterator(chunk_size=2000):
        if entry.number != number + 1:
            yield f"Entries {number + 1} to {entry.number - 1} are missing."
        if entry.previous_hash != previous:
            yield f"Entry {entry.number} does not follow the one before it: something was removed or rewritten."
        if entry.team_id != chain.team_id or digest(entry) != entry.hash:
            yield f"Entry {entry.number} was changed after it was written."
        previous, number = entry.hash, entry.number
    if number != chain.length or previous != chain.head:
        yield f"The chain ends at entry {number}, but entry {chain.length} was the last one written."
    if entries.filter(number__gt=models.F("chain__length")).exists():
        yield "There are entries after the last one that was written."


def _locked_chain(team: Team | None) -> AuditChain:
    name = AuditChain.name_for(team)
    chain = AuditChain.objects.select_for_update().filter(name=name).first()
    if chain is None:
        AuditChain.objects.get_or_create(name=name, defaults={"team": team})
        chain = AuditChain.objects.select_for_update().get(name=name)
    return chain


def _plain(data: Any) -> Any:
    """JSON that reads back the same from either database: no floats, no odd keys, times as text."""
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, list | tuple | set | frozenset):
        return [_plain(value) for value in (sorted(data) if isinstance(data, set | frozenset) else data)]
    if isinstance(data, datetime):
        return data.astimezone(UTC).isoformat(timespec="milliseconds")
    if data is None or isinstance(data, bool | int):
        return data
    return str(data)
