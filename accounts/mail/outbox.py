"""How a mail that stands in a row gets out: claimed, sent once, and its end written down.

Of all workers one claims a row, by a conditional update that counts attempts; nobody sends without a claim. The mail
leaves outside of any transaction. What surely did not leave is put back with a later time; a mail that may have left,
or whose worker died, is unconfirmed: the portal never sends it again, a person may.
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
from django_scopes import scopes_disabled

from accounts import clock
from accounts.door import team_of
from accounts.mail.smtp import MailRefused, NotSent, Post, Unclear
from accounts.models import MAIL_FINAL, MailStatus, Outgoing
from expensify.budget.wire import connect

if TYPE_CHECKING:
    import redis

log = structlog.get_logger(__name__)

# Rows of a kind that are looked up at a time. Workers find the same ones, so each takes them in an order of its own.
BATCH = 50
# Backing off ends here: a server that comes back is used within the hour.
LONGEST_WAIT = timedelta(hours=1)
PACE = "portal:mail-pace"
LOST = (
    "The portal stopped while it was sending this mail, so nobody knows whether it left. "
    "It is not sent again by itself: ask the recipient, or send it again."
)


class Withheld(Exception):
    """The mail is not to be sent after all: why, as a sentence, and the state this leaves it in."""

    def __init__(self, status: MailStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class MailKind(NamedTuple):
    """Rows that are mails, how one is composed, and what is noted in the transaction that ends it."""

    model: type[Outgoing]
    compose: Callable[[Any], EmailMessage]
    ended: Callable[[Any], None]


def send_due(kinds: Sequence[MailKind], *, seconds: float) -> int:
    """Send what is due, one mail after another, beginning none after `seconds`; how many rows were taken up.

    Done by several workers at once it is only faster: a row belongs to the one who claims it.
    """
    until = time.monotonic() + seconds
    give_up_on_lost(kinds, clock.now())
    taken = 0
    with Post() as post:
        for kind, pk in _waiting(kinds, until):
            if not _in_pace(until):
                break
            with team_of(kind.model, pk) as row:
                taken += send(row, kind, post)
    return taken


def send(row: Outgoing, kind: MailKind, post: Post) -> bool:
    """Send one mail and settle what came of it; False when somebody else has the row."""
    if not claim(row):
        return False
    try:
        message = kind.compose(row)
        _address(message, row)
    except Withheld as withheld:
        settle(row, withheld.status, str(withheld), kind.ended)
        return True
    except Exception:
        # Whatever it is, this mail has not left, and the other ones must.
        log.exception("mail could not be composed", kind=kind.model.__name__, id=row.pk)
        _not_sent(row, "The mail could not be made; the portal's log tells the operators why.", kind)
        return True
    try:
        size = post.send(message, row.address)
    except NotSent as error:
        _not_sent(row, str(error), kind)
    except MailRefused as error:
        settle(row, MailStatus.REFUSED, f"{error} Nothing was sent to this address.", kind.ended)
    except Unclear as error:
        sentence = f"{error} It may have arrived: ask the recipient before it is sent again."
        settle(row, MailStatus.UNCONFIRMED, sentence, kind.ended)
    else:
        settle(row, MailStatus.SENT, "", kind.ended, sent_at=clock.now(), **_size(row, size))
    return True


def claim(row: Outgoing) -> bool:
    """QUEUED -> SENDING, with the name that the mail will have; False for whoever comes second."""
    now = clock.now()
    fields = {
        "status": MailStatus.SENDING,
        "claimed_at": now,
        "message_id": row.message_id or _new_name(row),
        "retry_at": None,
    }
    rows = type(row).objects.filter(pk=row.pk, status=MailStatus.QUEUED, attempts=row.attempts)
    won = rows.filter(Q(retry_at=None) | Q(retry_at__lte=now)).update(attempts=F("attempts") + 1, **fields)
    if won:
        row.attempts += 1
        _take(row, fields)
    return bool(won)


def settle(row: Outgoing, status: str, sentence: str, ended: Callable[[Any], None], **fields: Any) -> bool:
    """Leave SENDING; `ended` is called in the same transaction if that is the end. False when the claim was lost.

    A worker that was frozen, and given up, still knows best that its mail was sent.
    """
    came_from = [MailStatus.SENDING]
    if status == MailStatus.SENT:
        came_from.append(MailStatus.UNCONFIRMED)
    fields |= {"status": status, "error": sentence[:500]}
    with transaction.atomic():
        rows = type(row).objects.filter(pk=row.pk, status__in=came_from, attempts=row.attempts)
        won = rows.update(**fields)
        if won:
            _take(row, fields)
            if status in MAIL_FINAL:
                ended(row)
    return bool(won)


def give_up_on_lost(kinds: Sequence[MailKind], now: datetime) -> int:
    """Mails whose worker is gone: nobody knows whether they left."""
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


def due(model: type[Outgoing], now: datetime, count: int = BATCH) -> list[int]:
    """The mails that may be sent now, oldest first, of all teams."""
    with scopes_disabled():
        rows = model.objects.filter(status=MailStatus.QUEUED).filter(Q(retry_at=None) | Q(retry_at__lte=now))
        return list(rows.order_by("id").values_list("pk", flat=True)[:count])


def _waiting(kinds: Sequence[MailKind], until: float) -> Iterator[tuple[MailKind, int]]:
    """What is due, for as long as there is time; notices come between the many mails of a schedule, not after them."""
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


def _not_sent(row: Outgoing, sentence: str, kind: MailKind) -> None:
    """Back in line with a later time, or, after the last attempt, not at all."""
    if row.attempts >= settings.MAIL_ATTEMPTS:
        sentence += f" Nothing was sent, and the portal has given up after attempt {row.attempts}."
        settle(row, MailStatus.FAILED, sentence, kind.ended)
        return
    doubled = timedelta(seconds=settings.MAIL_RETRY_SECONDS * 2 ** min(row.attempts - 1, 20))
    wait = min(doubled, LONGEST_WAIT)
    settle(
        row,
        MailStatus.QUEUED,
        f"{sentence} Nothing was sent; the portal tries again.",
        kind.ended,
        retry_at=clock.now() + wait,
    )


def _address(message: EmailMessage, row: Outgoing) -> None:
    """The headers that every mail of the portal has, whoever composed it."""
    for name, value in {
        "From": settings.DEFAULT_FROM_EMAIL,
        "To": row.address,
        "Date": format_datetime(clock.now()),
        "Message-ID": row.message_id,
        "Auto-Submitted": "auto-generated",
    }.items():
        del message[name]
        message[name] = value


def _new_name(row: Outgoing) -> str:
    """A Message-ID that leads a bounce back to the row, and that nobody can guess."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{row._meta.model_name}-{row.pk}-{secrets.token_hex(8)}@{domain}>"


def _take(row: Outgoing, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(row, name, value)


def _size(row: Outgoing, size: int) -> dict[str, int]:
    return {"size": size} if hasattr(row, "size") else {}


# The pace


@cache
def _redis() -> redis.Redis:
    return connect(settings.REDIS_URL)


def _in_pace(until: float) -> bool:
    """Wait for this worker's turn to send one mail; False when it does not come before `until`.

    One key of Redis says for how long nobody may begin, so the workers share one pace. While Redis is away the mails
    wait in their rows.
    """
    if not settings.EMAIL_PER_MINUTE:
        return True
    # Imported here: tests/test_process_imports.py tells why.
    from redis.exceptions import RedisError

    interval = round(60_000 / settings.EMAIL_PER_MINUTE)
    while True:
        try:
            if _redis().set(PACE, "1", nx=True, px=max(1, interval)):
                return True
            wait = max(1, _redis().pttl(PACE)) / 1000
        except RedisError as error:
            log.warning("mails wait for Redis", reason=type(error).__name__)
            return False
        if time.monotonic() + wait >= until:
            return False
        # Nothing stands behind this: the mailer does nothing else.
        threading.Event().wait(wait)
