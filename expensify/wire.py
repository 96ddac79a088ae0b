"""The connection to the server: its timeouts, what counts as sent, and bodies read in pieces."""

import http.cookiejar
import ssl
import time
from collections.abc import Iterator
from typing import Any, Protocol

import httpx

from expensify.answers import read_retry_after
from expensify.errors import ExpensifyError, OutcomeUnknown, PermitExpired, Unreachable

# A server that is up accepts within a second; ten allow for two lost packets and a slow handshake.
CONNECT_SECONDS = 10.0
# Per piece written. The largest body, a feed of employees, is some megabytes on a slow line.
WRITE_SECONDS = 60.0
# How long the answer may take. Nothing is published; other clients wait this long, PDFs above all [O].
ANSWER_SECONDS = 240.0
# A worker has few calls at a time, so a full pool is a mistake that should show soon.
POOL_SECONDS = 5.0
# Below the shortest idle time common among servers (5 s): a connection that the server is closing while we
# send into it would turn a harmless reconnect into an unknown outcome.
IDLE_SECONDS = 4.0

HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "User-Agent": "expensify-portal/1",
    # Compressed answers could unfold to any size, and a cut one would be harder to notice.
    "Accept-Encoding": "identity",
}


class Permit(Protocol):
    """Leave to send exactly one request, and what became of it. See `expensify.budget`."""

    def use(self) -> None:
        """Called in the instant before the request is written; PermitExpired when that is too late."""

    def answered(self) -> None:
        """The headers of some answer are here."""

    def unanswered(self) -> None:
        """The request left, and nothing came back."""

    def not_sent(self) -> None:
        """The request never left: the slot goes back."""

    def refused(self, retry_after: float | None) -> None:
        """A 429, as an HTTP status (instead of `answered`) or in the envelope (after `answered`)."""


def http_client(*, verify: ssl.SSLContext | bool = True) -> httpx.Client:
    """The connections of one process, shared by all its `Client`s and safe among threads.

    It follows no redirect and retries nothing, since each would be a request without a permit; takes no
    proxy from the environment; and keeps no cookie, which could carry one account's session to another's.
    """
    return httpx.Client(
        verify=verify,
        trust_env=False,
        follow_redirects=False,
        limits=httpx.Limits(keepalive_expiry=IDLE_SECONDS),
        cookies=http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[])),
    )


def timeouts(answer_seconds: float) -> httpx.Timeout:
    return httpx.Timeout(connect=CONNECT_SECONDS, write=WRITE_SECONDS, read=answer_seconds, pool=POOL_SECONDS)


class Response:
    """An answer whose headers are here; its body is read in pieces, once, within `seconds`."""

    def __init__(self, response: httpx.Response, seconds: float) -> None:
        self._response = response
        self._seconds = seconds
        self.http_status = response.status_code
        headers = response.headers
        self.retry_after = read_retry_after(headers.get("Retry-After"), headers.get("Date"))
        self.received = 0

    @property
    def succeeded(self) -> bool:
        """Whether the HTTP status is 2xx, which is no verdict yet."""
        return 200 <= self.http_status < 300

    @property
    def announced(self) -> int:
        """The bytes the server announced; 0 when it did not say."""
        length = self._response.headers.get("Content-Length", "")
        return int(length) if length.isdecimal() else 0

    def pieces(self) -> Iterator[bytes]:
        """The body as it arrives; OutcomeUnknown when it breaks off, or drips on beyond its time.

        A body shorter than its Content-Length and a chunked one without its end count as broken off. Only
        one that the server ends by closing, with neither, cannot be told from a whole one.
        """
        give_up = time.monotonic() + self._seconds
        lost = ""
        try:
            for piece in self._response.iter_bytes():
                self.received += len(piece)
                yield piece
                if time.monotonic() > give_up:
                    lost = "too_slow"
                    break
        except httpx.HTTPError:
            lost = "truncated"
        if lost:
            raise OutcomeUnknown(code=lost, http_status=self.http_status)

    def body(self, most: int) -> bytes:
        """The whole body; OutcomeUnknown when it is larger than `most` bytes."""
        gathered = bytearray()
        for piece in self.pieces():
            gathered += piece
            if len(gathered) > most:
                raise OutcomeUnknown(code="unreadable", http_status=self.http_status)
        return bytes(gathered)

    def close(self) -> None:
        self._response.close()


class _Departure:
    """Uses the permit between the handshake and the first byte, so that a slow handshake cannot spoil it.

    It also knows better than any exception's name whether the request left.
    """

    def __init__(self, permit: Permit) -> None:
        self._permit = permit
        self.left = False

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith(".send_request_headers.started"):
            self._permit.use()
            self.left = True


def send(http: httpx.Client, request: httpx.Request, permit: Permit, seconds: float) -> Response:
    """Send `request` once and return when the headers of its answer are here.

    The permit learns what became of it. Raises PermitExpired and Unreachable when nothing left,
    OutcomeUnknown when it did. The errors are raised outside the handlers, because httpx's own hold the
    request, and with it the secret.
    """
    departure = _Departure(permit)
    request.extensions["trace"] = departure
    failure: ExpensifyError
    try:
        response = http.send(request, stream=True, follow_redirects=False)
    except PermitExpired as expired:
        failure = expired.with_traceback(None)
    except httpx.HTTPError:
        failure = OutcomeUnknown() if departure.left else Unreachable()
    except BaseException:  # a task's time limit, a signal: whatever it was, the permit must know
        (permit.unanswered if departure.left else permit.not_sent)()
        raise
    else:
        if not departure.left:
            response.close()
            raise RuntimeError("This transport sends without announcing it, so no permit was used.")
        arrived = Response(response, seconds)
        if arrived.http_status == 429:
            permit.refused(arrived.retry_after)
        else:
            permit.answered()
        return arrived
    (permit.unanswered if departure.left else permit.not_sent)()
    raise failure
