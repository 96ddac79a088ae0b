"""Search the audit log by words, in the names of targets and in the data.

Postgres has a full-text index. SQLite, which is only for trying the portal, scans the entries.
"""

import json
import re

from django.db import connection
from django.db.models import BooleanField, F, Q, QuerySet, TextField
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast

from accounts.models import AuditEntry

MOST_WORDS = 8
# Letters and digits of any script, as in the index; punctuation separates words.
_WORD = re.compile(r"[^\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+")

# Must equal the expression of the index.
_INDEXED = r"""
    to_tsvector('simple', regexp_replace(
        target_name || ' ' || left(data::text, 20000), '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+', ' ', 'g'
    ))
"""


def words_of(text: str) -> list[str]:
    """The search words; empty when the text is only punctuation."""
    return _WORD.findall(text.lower())[:MOST_WORDS]


def with_words(entries: QuerySet[AuditEntry], text: str) -> QuerySet[AuditEntry]:
    """Entries with a word that starts with each search word; on SQLite, entries that contain each search word.

    Sort them by `place`, which equals `number`. Sorted by `number`, Postgres would scan the log from its newest entry,
    hoping for an early match, instead of using the full-text index.
    """
    words = words_of(text)
    if connection.vendor == "postgresql":
        query = " & ".join(f"'{word}':*" for word in words)
        holds = RawSQL(f"{_INDEXED} @@ to_tsquery('simple', %s)", [query], BooleanField())  # noqa: S611 — ours  # nosec
        return entries.annotate(place=F("number") + 0).filter(holds)
    entries = entries.annotate(place=F("number")).alias(data_text=Cast("data", TextField()))
    for word in words:
        as_stored = json.dumps(word)[1:-1]
        entries = entries.filter(Q(target_name__icontains=word) | Q(data_text__icontains=as_stored))
    return entries
