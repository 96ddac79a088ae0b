"""Every audit entry to another machine, in the order of its chain: AUDIT_STREAM, a syslog server or a webhook.

At least once: how far a chain has come is noted after its entries arrived, so a worker that dies between the two sends
some again. Receivers know them by chain and number. Over UDP nobody can know what arrived.
"""

import json
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, timedelta
from urllib.parse import SplitResult, urlsplit

import structlog
from django.conf import settings
from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from accounts import clock, webhooks
from accounts.audit.record import told
from accounts.models import AuditChain, AuditEntry, AuditStream

log = structlog.get_logger(__name__)

# Entries that go out at once: a request of some 100 KB.
MOST = 200
# Batches of one chain in one go: the others have their turn, and the task ends long before its time limit.
MOST_BATCHES = 50
# A worker that has claimed a chain for so long is gone; each batch takes seconds and renews the claim.
CLAIM = timedelta(minutes=5)
SECONDS = 10
# RFC 5424: facility 13 (log audit), severity 6 (informational).
PRIORITY = 13 * 8 + 6
# What a datagram surely carries, headers included.
MOST_BYTES_UDP = 60_000

Send = Callable[[Sequence[AuditEntry]], None]


class CannotStream(Exception):
    """Nothing says that the entries arrived; the message says why."""


def stream() -> int:
    """Send what was not sent yet of every chain; how many entries. What cannot be sent waits for the next time."""
    if not settings.AUDIT_STREAM:
        return 0
    return sum(_follow(chain) for chain in AuditChain.objects.order_by("pk"))


def backlog() -> int:
    """How many entries wait to be sent."""
    waiting = AuditChain.objects.aggregate(
        waiting=Coalesce(Sum(F("length") - Coalesce(F("stream__number"), 0)), 0)
    )
    return int(waiting["waiting"])


def _follow(chain: AuditChain) -> int:
    AuditStream.objects.get_or_create(chain=chain)
    sent = 0
    for _ in range(MOST_BATCHES):
        stream = _claim(chain)
        if stream is None:
            break  # another worker has it
        error, last = "", stream.number
        entries = AuditEntry._base_manager.filter(chain=chain, number__gt=stream.number).select_related(
            "chain"
        )
        batch = list(entries.order_by("number")[:MOST])
        if batch:
            try:
                _send(batch)
                last = batch[-1].number
            except (CannotStream, webhooks.CannotPost) as reason:
                error = str(reason)
                log.error("audit log not streamed", chain=chain.name, after=stream.number, reason=error)
        mine = AuditStream.objects.filter(pk=stream.pk, claimed_at=stream.claimed_at)
        mine.update(number=last, claimed_at=None, error=error[:500])
        sent += last - stream.number and len(batch)
        if error or len(batch) < MOST:
            break
    return sent


def _claim(chain: AuditChain) -> AuditStream | None:
    """Take the chain for one batch; None while somebody else has it."""
    now = clock.now()
    free = AuditStream.objects.filter(Q(claimed_at=None) | Q(claimed_at__lt=now - CLAIM), chain=chain)
    if not free.update(claimed_at=now):
        return None
    return AuditStream.objects.get(chain=chain)


def _send(entries: Sequence[AuditEntry]) -> None:
    target = urlsplit(settings.AUDIT_STREAM)
    if target.scheme == "syslog+udp":
        _over_udp(target, entries)
    elif target.scheme.startswith("syslog+"):
        _over_tcp(target, entries)
    else:
        lines = "".join(json.dumps(told(entry)) + "\n" for entry in entries)
        webhooks.post(settings.AUDIT_STREAM, lines.encode(), content_type="application/x-ndjson")


# ------------------------------------------------------------ syslog


def as_syslog(entry: AuditEntry, *, most: int | None = None) -> bytes:
    """One message of RFC 5424 with the entry as JSON, in ASCII: no text of anybody can begin a line of its own.

    Longer than `most` bytes, it says so in place of the entry's data.
    """
    host = urlsplit(settings.SITE_URL).hostname or "-"
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    head = f"<{PRIORITY}>1 {at} {host} portal - audit - "
    said = told(entry)
    message = (head + json.dumps(said)).encode()
    if most is not None and len(message) > most:
        message = (head + json.dumps(said | {"data": {"too_long": True}})).encode()
    return message


def _over_udp(target: SplitResult, entries: Sequence[AuditEntry]) -> None:
    try:
        found = socket.getaddrinfo(target.hostname, target.port or 514, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as datagrams:
            for entry in entries:
                datagrams.sendto(as_syslog(entry, most=MOST_BYTES_UDP), address)
    except OSError as error:
        raise CannotStream(_because(target, error)) from None


def _over_tcp(target: SplitResult, entries: Sequence[AuditEntry]) -> None:
    """Each message with its length in front (RFC 6587, RFC 5425). Taken when the receiver lets us close in peace."""
    try:
        with _connected(target) as connection:
            for entry in entries:
                message = as_syslog(entry)
                connection.sendall(f"{len(message)} ".encode() + message)
            _say_goodbye(connection)
    except OSError as error:  # ssl.SSLError is one
        raise CannotStream(_because(target, error)) from None


@contextmanager
def _connected(target: SplitResult) -> Iterator[socket.socket]:
    is_tls = target.scheme == "syslog+tls"
    where = (target.hostname or "", target.port or (6514 if is_tls else 601))
    with socket.create_connection(where, timeout=SECONDS) as plain:
        if not is_tls:
            yield plain
            return
        context = ssl.create_default_context(cafile=settings.AUDIT_STREAM_CA or None)
        with context.wrap_socket(plain, server_hostname=target.hostname) as wrapped:
            yield wrapped


def _say_goodbye(connection: socket.socket) -> None:
    """A receiver that died meanwhile answers the end with a reset. One that never closes has all the same received."""
    with suppress(TimeoutError):
        if isinstance(connection, ssl.SSLSocket):
            with suppress(ssl.SSLEOFError):  # it closed without TLS's own goodbye
                connection.unwrap()
            return
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1024):
            pass


def _because(target: SplitResult, error: OSError) -> str:
    return f"{target.hostname} did not take it: {error.strerror or type(error).__name__}."


def standing() -> str:
    """For those who watch the portal: "ok", or how much waits and why."""
    waiting = backlog()
    error = AuditStream.objects.exclude(error="").values_list("error", flat=True).first()
    if error:
        return f"{waiting} entries wait. {error}"
    return "ok" if waiting <= MOST else f"{waiting} entries wait."
