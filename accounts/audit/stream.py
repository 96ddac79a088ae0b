"""Send every audit entry to AUDIT_STREAM, a syslog server or a webhook, in the order of its chain.

Delivery is at least once: progress is stored after entries arrived, so a worker that dies in between sends some again.
Receivers identify entries by chain and number. UDP gives no confirmation.
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
from accounts.audit.record import as_json
from accounts.models import AuditChain, AuditEntry, AuditStream

log = structlog.get_logger(__name__)

# Entries per request, about 100 KB.
BATCH = 200
# Batches per chain and task, so that other chains get their turn and the task ends long before its time limit.
MAX_BATCHES = 50
# A claim older than this belongs to a dead worker; each batch takes seconds and has its own claim.
CLAIM = timedelta(minutes=5)
SECONDS = 10
# RFC 5424: facility 13 (log audit), severity 6 (informational).
PRIORITY = 13 * 8 + 6
# Fits into one datagram, headers included.
MAX_UDP_BYTES = 60_000

Send = Callable[[Sequence[AuditEntry]], None]


class CannotStream(Exception):
    """The entries may not have arrived; the message says why."""


def stream() -> int:
    """Send the unsent entries of every chain; return how many. Failed ones are sent the next time."""
    if not settings.AUDIT_STREAM:
        return 0
    return sum(_send_chain(chain) for chain in AuditChain.objects.order_by("pk"))


def backlog() -> int:
    """How many entries wait to be sent."""
    waiting = AuditChain.objects.aggregate(waiting=Coalesce(Sum(F("length") - Coalesce(F("stream__number"), 0)), 0))
    return int(waiting["waiting"])


def _send_chain(chain: AuditChain) -> int:
    AuditStream.objects.get_or_create(chain=chain)
    sent = 0
    for _ in range(MAX_BATCHES):
        stream = _claim(chain)
        if stream is None:
            break
        error, last = "", stream.number
        entries = AuditEntry._base_manager.filter(chain=chain, number__gt=stream.number).select_related("chain")
        batch = list(entries.order_by("number")[:BATCH])
        if batch:
            try:
                _send(batch)
                last = batch[-1].number
            except (CannotStream, webhooks.CannotPost) as reason:
                error = str(reason)
                log.error("audit log not streamed", chain=chain.name, after=stream.number, reason=error)
        claimed = AuditStream.objects.filter(pk=stream.pk, claimed_at=stream.claimed_at)
        claimed.update(number=last, claimed_at=None, error=error[:500])
        sent += last - stream.number and len(batch)
        if error or len(batch) < BATCH:
            break
    return sent


def _claim(chain: AuditChain) -> AuditStream | None:
    """Claim the chain for one batch; None while another worker has it."""
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
        lines = "".join(json.dumps(as_json(entry)) + "\n" for entry in entries)
        webhooks.post(settings.AUDIT_STREAM, lines.encode(), content_type="application/x-ndjson")


# ------------------------------------------------------------ syslog


def as_syslog(entry: AuditEntry, *, most: int | None = None) -> bytes:
    """One RFC 5424 message with the entry as ASCII JSON on one line, so that no text can inject a message.

    A message longer than `most` bytes gets a note in place of the entry's data.
    """
    host = urlsplit(settings.SITE_URL).hostname or "-"
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    head = f"<{PRIORITY}>1 {at} {host} portal - audit - "
    content = as_json(entry)
    message = (head + json.dumps(content)).encode()
    if most is not None and len(message) > most:
        message = (head + json.dumps(content | {"data": {"too_long": True}})).encode()
    return message


def _over_udp(target: SplitResult, entries: Sequence[AuditEntry]) -> None:
    try:
        infos = socket.getaddrinfo(target.hostname, target.port or 514, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = infos[0]
        with socket.socket(family, kind, protocol) as datagrams:
            for entry in entries:
                datagrams.sendto(as_syslog(entry, most=MAX_UDP_BYTES), address)
    except OSError as error:
        raise CannotStream(_explain(target, error)) from None


def _over_tcp(target: SplitResult, entries: Sequence[AuditEntry]) -> None:
    """Send each message with its length in front (RFC 6587, RFC 5425). A clean close confirms that they arrived."""
    try:
        with _connect(target) as connection:
            for entry in entries:
                message = as_syslog(entry)
                connection.sendall(f"{len(message)} ".encode() + message)
            _close(connection)
    except OSError as error:  # ssl.SSLError is one
        raise CannotStream(_explain(target, error)) from None


@contextmanager
def _connect(target: SplitResult) -> Iterator[socket.socket]:
    is_tls = target.scheme == "syslog+tls"
    where = (target.hostname or "", target.port or (6514 if is_tls else 601))
    with socket.create_connection(where, timeout=SECONDS) as plain:
        if not is_tls:
            yield plain
            return
        context = ssl.create_default_context(cafile=settings.AUDIT_STREAM_CA or None)
        with context.wrap_socket(plain, server_hostname=target.hostname) as wrapped:
            yield wrapped


def _close(connection: socket.socket) -> None:
    """Close cleanly: a dead receiver answers with a reset. A receiver that never closes has received the data too."""
    with suppress(TimeoutError):
        if isinstance(connection, ssl.SSLSocket):
            with suppress(ssl.SSLEOFError):  # it closed without close_notify
                connection.unwrap()
            return
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1024):
            pass


def _explain(target: SplitResult, error: OSError) -> str:
    return f"{target.hostname} did not take it: {error.strerror or type(error).__name__}."


def standing() -> str:
    """The status for /readyz: "ok", or how many entries wait and why."""
    waiting = backlog()
    error = AuditStream.objects.exclude(error="").values_list("error", flat=True).first()
    if error:
        return f"{waiting} entries wait. {error}"
    return "ok" if waiting <= BATCH else f"{waiting} entries wait."
