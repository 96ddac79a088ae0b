"""Send mails that are stored as rows, each at most once.

1. A worker claims a row by a conditional update, which also counts the attempt, before it sends.
2. It sends the mail outside of any transaction.
3. A mail that surely was not sent is queued again for a later time. A mail that may have been sent, or whose worker
   died, is unconfirmed: only a person may send it again.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django_scopes import scopes_disabled

from accounts import clock
from accounts.door import team_of
from accounts.mail.smtp import MailConnection, MailRefused, NotSent, Unclear
from accounts.models import MAIL_FINAL, MailStatus, Outgoing
from expensify.budget.wire import connect

if TYPE_CHECKING:
    import redis

log = structlog.get_logger(__name__)

# Rows per query and kind of mail. Workers get the same rows, so each shuffles them.
BATCH = 50
# The longest wait before a retry: mails leave within an hour after the mail server is back.
MAX_WAIT = timedelta(hours=1)
PACE = "portal:mail-pace"
LOST = (
    "The portal stopped while it was sending this mail, so nobody knows whether it left. "
    "It is not sent again by itself: ask the recipient, or send it again."
)


class Withheld(Exception):
    """The mail must not be sent after all: a sentence that says why, and its new status."""

    def __init__(self, status: MailStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class MailKind(NamedTuple):
    """A model whose rows are mails, how to compose one, and what to do in the transaction that ends it."""

    model: type[Outgoing]
    compose: Callable[[Any], EmailMessage]
    ended: Callable[[Any], None]


def render(name: str, context: dict[str, Any]) -> EmailMessage:
    """The mail of the templates `emails/<name>_….`"""
    message = EmailMessage()
    # Names may hold line breaks; a header must not.
    message["Subject"] = " ".join(render_to_string(f"emails/{name}_subject.txt", context).split())
    message.set_content(render_to_string(f"emails/{name}_text.txt", context).strip())
    message.add_alternative(render_to_string(f"emails/{name}_html.html", context).strip(), subtype="html")
    return message


def send_due(kinds: Sequence[MailKind], *, seconds: float) -> int:
    """Send due mails one after another, starting none after `seconds`; return how many rows were claimed.

    Several workers may do this at once: each row belongs to the one that claims it.
    """
    until = time.monotonic() + seconds
    give_up_on_lost(kinds, clock.now())
    claimed = 0
    with MailConnection() as connection:
        for kind, pk in _due_rows(kinds, until):
            if not _wait_for_pace(until):
                break
            with team_of(kind.model, pk) as row:
                claimed += send(row, kind, connection)
    return claimed


def send(row: Outgoing, kind: MailKind, connection: MailConnection) -> bool:
    """Send one mail and store the outcome; False when another worker has the row."""
    if not claim(row):
        return False
    try:
        message = kind.compose(row)
        _set_headers(message, row)
    except Withheld as withheld:
        settle(row, withheld.status, str(withheld), kind.ended)
        return True
    except Exception:
        # This mail was not sent, and must not stop the others.
        log.exception("mail could not be composed", kind=kind.model.__name__, id=row.pk)
        _requeue(row, "The mail could not be made; the portal's log tells the operators why.", kind)
        return True
    try:
        size = connection.send(message, row.address)
    except NotSent as error:
        _requeue(row, str(error), kind)
    except MailRefused as error:
        settle(row, MailStatus.REFUSED, f"{error} Nothing was sent to this address.", kind.ended)
    except Unclear as error:
        sentence = f"{error} It may have arrived: ask the recipient before it is sent again."
        settle(row, MailStatus.UNCONFIRMED, sentence, kind.ended)
    else:
        settle(row, MailStatus.SENT, "", kind.ended, sent_at=clock.now(), **_size(row, size))
    return True


def claim(row: Outgoing) -> bool:
    """QUEUED -> SENDING, with the Message-ID of the mail; False when another worker was first."""
    now = clock.now()
    fields = {
        "status": MailStatus.SENDING,
        "claimed_at": now,
        "message_id": row.message_id or _new_message_id(row),
        "retry_at": None,
    }
    rows = type(row).objects.filter(pk=row.pk, status=MailStatus.QUEUED, attempts=row.attempts)
    won = rows.filter(Q(retry_at=None) | Q(retry_at__lte=now)).update(attempts=F("attempts") + 1, **fields)
    if won:
        row.attempts += 1
        set_fields(row, fields)
    return bool(won)


def settle(row: Outgoing, status: str, sentence: str, ended: Callable[[Any], None], **fields: Any) -> bool:
    """SENDING -> `status`, and call `ended` in the same transaction if that is final. False when the claim was lost.

    UNCONFIRMED -> SENT too: a worker that was frozen and given up knows that its mail was sent.
    """
    sources = [MailStatus.SENDING]
    if status == MailStatus.SENT:
        sources.append(MailStatus.UNCONFIRMED)
    fields |= {"status": status, "error": sentence[:500]}
    with transaction.atomic():
        rows = type(row).objects.filter(pk=row.pk, status__in=sources, attempts=row.attempts)
        won = rows.update(**fields)
        if won:
            set_fields(row, fields)
            if status in MAIL_FINAL:
                ended(row)
    return bool(won)


def give_up_on_lost(kinds: Sequence[MailKind], now: datetime) -> int:
    """Mark mails of dead workers as unconfirmed; return how many."""
    lost = 0
    for kind in kinds:
        with scopes_disabled():
            since = now - timedelta(seconds=settings.MAIL_STUCK_SECONDS)
            stuck = kind.model.objects.filter(status=MailStatus.SENDING, claimed_at__lt=since)
            keys = list(stuck.values_list("pk", flat=True)[:BATCH])
        for pk in keys:
            with team_of(kind.model, pk) as row:
                lost += settle(row, MailStatus.UNCONFIRMED, LOST, kind.ended)
    return lost


def due(model: type[Outgoing], now: datetime) -> list[int]:
    """IDs of the mails that may be sent now, of all teams, oldest first."""
    with scopes_disabled():
        rows = model.objects.filter(status=MailStatus.QUEUED).filter(Q(retry_at=None) | Q(retry_at__lte=now))
        return list(rows.order_by("id").values_list("pk", flat=True)[:BATCH])


def _due_rows(kinds: Sequence[MailKind], until: float) -> Iterator[tuple[MailKind, int]]:
    """Due mails until the time is up, shuffled, so that notifications do not wait for the many mails of a schedule."""
    seen: set[tuple[type[Outgoing], int]] = set()
    while True:
        now = clock.now()
        batch = [(kind, pk) for kind in kinds for pk in due(kind.model, now) if (kind.model, pk) not in seen]
        if not batch:
            return
        random.shuffle(batch)
        for kind, pk in batch:
            if time.monotonic() >= until:
                return
            seen.add((kind.model, pk))
            yield kind, pk


def _requeue(row: Outgoing, sentence: str, kind: MailKind) -> None:
    """Queue the mail again for a later time, or fail it after the last attempt."""
    if row.attempts >= settings.MAIL_ATTEMPTS:
        sentence += f" Nothing was sent, and the portal has given up after attempt {row.attempts}."
        settle(row, MailStatus.FAILED, sentence, kind.ended)
        return
    wait = min(timedelta(seconds=settings.MAIL_RETRY_SECONDS * 2 ** min(row.attempts - 1, 20)), MAX_WAIT)
    sentence += " Nothing was sent; the portal tries again."
    settle(row, MailStatus.QUEUED, sentence, kind.ended, retry_at=clock.now() + wait)


def _set_headers(message: EmailMessage, row: Outgoing) -> None:
    """Set the headers that every mail of the portal has."""
    for name, value in {
        "From": settings.DEFAULT_FROM_EMAIL,
        "To": row.address,
        "Date": format_datetime(clock.now()),
        "Message-ID": row.message_id,
        "Auto-Submitted": "auto-generated",
    }.items():
        del message[name]
        message[name] = value


def _new_message_id(row: Outgoing) -> str:
    """A Message-ID that identifies the row in a bounce and cannot be guessed."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{row._meta.model_name}-{row.pk}-{secrets.token_hex(8)}@{domain}>"


def set_fields(row: Outgoing, fields: dict[str, Any]) -> None:
    """Set the fields of the object as a conditional update has stored them."""
    for name, value in fields.items():
        setattr(row, name, value)


def _size(row: Outgoing, size: int) -> dict[str, int]:
    return {"size": size} if hasattr(row, "size") else {}


# ------------------------------------------------------------ mails per minute


@cache
def _redis() -> redis.Redis:
    return connect(settings.REDIS_URL)


def _wait_for_pace(until: float) -> bool:
    """Wait until a mail may be sent under EMAIL_PER_MINUTE; False when that is not before `until`.

    An expiring key in Redis blocks all workers for one interval. While Redis is down, mails wait in their rows.
    """
    if not settings.EMAIL_PER_MINUTE:
        return True
    # Imported here: see tests/test_process_imports.py.
    from redis.exceptions import RedisError

    interval = round(60_000 / settings.EMAIL_PER_MINUTE)
    while True:
        try:
            if _redis().set(PACE, "1", nx=True, px=max(1, interval)):
                return True
            milliseconds = _redis().pttl(PACE)
            assert isinstance(milliseconds, int)  # not the asynchronous client
            wait = max(1, milliseconds) / 1000
        except RedisError as error:
            log.warning("mails wait for Redis", reason=type(error).__name__)
            return False
        if time.monotonic() + wait >= until:
            return False
        # Blocking is fine: the workers of the mail queue have no other tasks.
        threading.Event().wait(wait)
