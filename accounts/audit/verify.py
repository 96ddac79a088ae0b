"""Verify the audit log: find entries that were changed, removed or inserted."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import DatabaseError
from django.db.models import F, QuerySet

from accounts.audit import trim as audit_trim
from accounts.audit.record import digest
from accounts.models import AuditChain, AuditEntry, AuditSummary

BEFORE_THE_FIRST = "0" * 64
CHUNK = 2000
# What databases and fields raise for a value of another form, such as text that is not JSON.
_UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError, DatabaseError)


class Head(NamedTuple):
    """The last number and hash of a chain on some day, as kept elsewhere."""

    day: str
    chain: str
    number: int
    hash: str


class NoHeads(Exception):
    """The text has no readable heads; the message says why."""


def faults(chain: AuditChain) -> list[str]:
    """Sentences about what is wrong with a chain; empty when it is whole. Reads all of its entries.

    The chain may grow meanwhile: entries after the end that `chain` has are left to the next check. When entries were
    summarised meanwhile, it is read again.
    """
    while True:
        summaries = list(chain.summaries.order_by("first"))
        sentences = list(_faults(chain, summaries))
        if not sentences or chain.summaries.count() == len(summaries):
            return sentences


def _faults(chain: AuditChain, summaries: list[AuditSummary]) -> Iterator[str]:
    previous, number = BEFORE_THE_FIRST, 0
    for summary in summaries:
        if not audit_trim.is_signed(summary):
            yield (
                f"The summary of entries {summary} was not written by the portal, was changed, or was signed under "
                "a SECRET_KEY that is neither the present one nor in AUDIT_OLD_SECRET_KEYS."
            )
        if summary.first != number + 1:
            yield f"The summary before the one of entries {summary} was removed."
        elif summary.previous_hash != previous:
            yield f"The summary of entries {summary} does not follow what came before it."
        previous, number = summary.last_hash, summary.last
    entries = AuditEntry._base_manager.filter(chain=chain)
    for extra in entries.filter(number__lte=number).order_by("number").values_list("number", flat=True):
        yield f"Entry {extra} was put in where entries had been summarised and removed."
    kept = entries.filter(number__gt=number, number__lte=chain.length)
    for entry in _entries(kept):
        if entry.number != number + 1:
            yield f"Entries {number + 1} to {entry.number - 1} are missing."
        if isinstance(entry, Unreadable):
            yield (
                f"Entry {entry.number} cannot be read: what stands in its row is not what the portal writes. It was "
                "changed after it was written."
            )
            previous, number = entry.hash, entry.number
            continue
        if entry.previous_hash != previous:
            yield f"Entry {entry.number} does not follow the one before it: something was removed or rewritten."
        if entry.team_id != chain.team_id or _digest(entry) != entry.hash:
            yield f"Entry {entry.number} was changed after it was written."
        previous, number = entry.hash, entry.number
    if number != chain.length or previous != chain.head:
        yield f"The chain ends at entry {number}, but entry {chain.length} was the last one written."
    if entries.filter(number__gt=F("chain__length")).exists():
        yield "There are entries after the last one that was written."


@dataclass(frozen=True)
class Unreadable:
    """An entry whose row no longer has the form of one."""

    number: int
    hash: str


def _entries(kept: QuerySet[AuditEntry]) -> Iterator[AuditEntry | Unreadable]:
    """The entries in order. A row that cannot be read does not hide those after it."""
    kept, last = kept.order_by("number"), 0
    while numbers := list(kept.filter(number__gt=last).values_list("number", flat=True)[:CHUNK]):
        chunk = kept.filter(number__gte=numbers[0], number__lte=numbers[-1])
        try:
            entries = list(chunk)
        except _UNREADABLE:
            for number in numbers:
                yield _entry(kept.filter(number=number), number)
        else:
            yield from entries
        last = numbers[-1]


def _digest(entry: AuditEntry) -> str:
    try:
        return digest(entry)
    except _UNREADABLE:
        return ""


def _entry(row: QuerySet[AuditEntry], number: int) -> AuditEntry | Unreadable:
    try:
        return row.get()
    except _UNREADABLE:
        try:
            return Unreadable(number, row.values_list("hash", flat=True).get())
        except _UNREADABLE:
            return Unreadable(number, "")


def read_heads(text: str) -> list[Head]:
    """The heads in a file of JSON lines, or in a mail saved as text; skips other lines. Raises NoHeads."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.startswith("{")]
    heads = [_parse_head(number, line) for number, line in lines]
    if not heads:
        raise NoHeads("It holds no line with the head of a chain.")
    return heads


def _parse_head(number: int, line: str) -> Head:
    try:
        head: dict[str, Any] = json.loads(line)
        return Head(str(head["day"]), str(head["chain"]), int(head["number"]), str(head["hash"]))
    except (ValueError, KeyError, TypeError):
        raise NoHeads(f"Line {number} is not the head of a chain.") from None


def faults_by_heads(chain: AuditChain, heads: Iterable[Head]) -> Iterator[str]:
    """Where a chain first differs from its heads; everything after that differs anyway.

    A chain that was rewritten to its end is whole in itself; only heads kept elsewhere show it.
    """
    matching, matching_on = 0, ""
    for head in sorted((head for head in heads if head.chain == chain.name), key=lambda head: head.number):
        present = _hash_at(chain, head.number)
        if present is None:
            continue
        since = f"after entry {matching} (of {matching_on}), which is still the same" if matching else "at some entry"
        if present == "":
            yield (
                f"On {head.day} the log had {head.number} entries, and now it ends at entry {chain.length}: "
                "its end was removed."
            )
            return
        if present != head.hash:
            yield (
                f"Entry {head.number} is not the one that was the last on {head.day}: the log was rewritten {since}, "
                f"and no later than entry {head.number}."
            )
            return
        matching, matching_on = head.number, head.day


def _hash_at(chain: AuditChain, number: int) -> str | None:
    """The hash of an entry; "" when it is missing, None when it was summarised."""
    if number == 0:
        return BEFORE_THE_FIRST
    if covering := chain.summaries.filter(first__lte=number, last__gte=number).first():
        return covering.last_hash if covering.last == number else None
    entries = AuditEntry._base_manager.filter(chain=chain, number=number)
    return entries.values_list("hash", flat=True).first() or ""
