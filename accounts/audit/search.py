"""Searching the audit log by words: in the names of what entries are about, and in what they tell.

Postgres has an index of the words (0008). SQLite, which is there to try the portal, reads the entries, newest first.
"""

import json
import re

from django.db import connection
from django.db.models import BooleanField, F, Q, QuerySet, TextField
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast

from accounts.models import AuditEntry

MOST_WORDS = 8
# Letters and digits of any script: what the index of words is made of, in which punctuation is a gap.
_WORD = re.compile(r"[^\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+")

# Word by word the expression of the index.
_INDEXED = r"""
    to_tsvector('simple', regexp_replace(
        target_name || ' ' || left(data::text, 20000), '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+', ' ', 'g'
    ))
"""


def words_of(text: str) -> list[str]:
    """What is looked for; nothing when the text is all punctuation."""
    return _WORD.findall(text.lower())[:MOST_WORDS]


def with_words(entries: QuerySet[AuditEntry], text: str) -> QuerySet[AuditEntry]:
    """The entries that hold a word beginning with each of these; on SQLite, that hold each of these anywhere.

    They are to be put in order by their `place`, which is their number. By `number` itself, Postgres would read the
    whole log from its newest entry on in the hope of an early match, instead of asking its index of words.
    """
    words = words_of(text)
    if connection.vendor == "postgresql":
        asked = " & ".join(f"'{word}':*" for word in words)
        holds = RawSQL(f"{_INDEXED} @@ to_tsquery('simple', %s)", [asked], BooleanField())  # noqa: S611 — ours  # nosec
        return entries.annotate(place=F("number") + 0).filter(holds)
    entries = entries.annotate(place=F("number")).alias(told=Cast("data", TextField()))
    for word in words:
        as_stored = json.dumps(word)[1:-1]
        entries = entries.filter(Q(target_name__icontains=word) | Q(told__icontains=as_stored))
    return entries
