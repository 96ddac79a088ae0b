"""The HTTP connection: timeouts, whether a request was sent, and bodies read in pieces."""

import http.cookiejar
import ssl
import time
from collections.abc import Iterator
from typing import Any, Protocol

import httpx

from expensify.answers import read_retry_after
from expensify.errors import ExpensifyError, OutcomeUnknown, PermitExpired, Unreachable

# A running server accepts within a second; ten allow for two lost packets and a slow handshake.
CONNECT_SECONDS = 10.0
# Per piece written. The largest body, a feed of employees, is some megabytes on a slow connection.
WRITE_SECONDS = 60.0
# No limit is published; other clients wait this long, mostly for PDFs [O].
ANSWER_SECONDS = 240.0
# A worker makes few calls at a time, so a full pool is a bug that should show soon.
POOL_SECONDS = 5.0
# Below the shortest idle timeout common among servers (5 s): sending on a connection that the server is
# closing would turn a harmless reconnect into an unknown outcome.
IDLE_SECONDS = 4.0

HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "User-Agent": "expensify-portal/1",
    # A compressed answer could expand to any size, and a truncated one would be harder to detect.
    "Accept-Encoding": "identity",
}


class Permit(Protocol):
    """The right to send exactly one request, and a record of how it ended. See `expensify.budget`."""

    def use(self) -> None:
        """Called just before the request is written; raises PermitExpired when that is too late."""

    def answered(self) -> None:
        """Response headers arrived."""

    def unanswered(self) -> None:
        """The request was sent and no response came."""

    def not_sent(self) -> None:
        """The request was not sent: the slot is returned."""

    def refused(self, retry_after: float | None) -> None:
        """The server answered 429: as HTTP status (instead of `answered`) or in the envelope (after it)."""


def http_client(*, verify: ssl.SSLContext | bool = True) -> httpx.Client:
    """The connection pool of a process, shared by all its `Client`s; thread-safe.

    It follows no redirect and retries nothing, because each would be a request without a permit. It ignores
    proxy settings of the environment and keeps no cookie, which could mix the sessions of two accounts.
    """
    return httpx.Client(
        verify=verify,
        trust_env=False,
        follow_redirects=False,
        limits=httpx.Limits(keepalive_expiry=IDLE_SECONDS),
        cookies=http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[])),
    )


def timeouts(answer_seconds: float) -> httpx.Timeout:
    """Return the timeouts of a request, in seconds by phase."""
    return httpx.Timeout(connect=CONNECT_SECONDS, write=WRITE_SECONDS, read=answer_seconds, pool=POOL_SECONDS)


class Response:
    """A response whose headers arrived; its body is read once, in pieces, within `seconds`."""

    def __init__(self, response: httpx.Response, seconds: float) -> None:
        self._response = response
        self._seconds = seconds
        self.http_status = response.status_code
        headers = response.headers
        self.retry_after = read_retry_after(headers.get("Retry-After"), headers.get("Date"))
        self.received = 0

    @property
    def succeeded(self) -> bool:
        """Whether the HTTP status is 2xx; the body may still be an error."""
        return 200 <= self.http_status < 300

    @property
    def announced(self) -> int:
        """Content-Length in bytes; 0 without one."""
        length = self._response.headers.get("Content-Length", "")
        return int(length) if length.isdecimal() else 0

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it arrives; OutcomeUnknown when it is truncated or exceeds its time.

        A body shorter than its Content-Length and a chunked body without its end are truncated. A body with
        neither, which ends when the server closes the connection, cannot be distinguished from a whole one.
        """
        deadline = time.monotonic() + self._seconds
        failure = ""
        try:
            for piece in self._response.iter_bytes():
                self.received += len(piece)
                yield piece
                if time.monotonic() > deadline:
                    failure = "too_slow"
                    break
        except httpx.HTTPError:
            failure = "truncated"
        if failure:
            raise OutcomeUnknown(code=failure, http_status=self.http_status)

    def body(self, max_bytes: int) -> bytes:
        """Return the whole body; OutcomeUnknown when it is larger than `max_bytes`."""
        body = bytearray()
        for piece in self.pieces():
            body += piece
            if len(body) > max_bytes:
                raise OutcomeUnknown(code="unreadable", http_status=self.http_status)
        return bytes(body)

    def close(self) -> None:
        self._response.close()


class _SendTrace:
    """Uses the permit between handshake and first byte, so that a slow handshake cannot let it expire.

    `sent` is more reliable than the type of an exception.
    """

    def __init__(self, permit: Permit) -> None:
        self._permit = permit
        self.sent = False

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith(".send_request_headers.started"):
            self._permit.use()
            self.sent = True


def send(http: httpx.Client, request: httpx.Request, permit: Permit, seconds: float) -> Response:
    """Send `request` once, return when the response headers arrive, and report the outcome to the permit.

    Raises PermitExpired and Unreachable when nothing was sent, OutcomeUnknown when it was. The errors are
    raised outside the handlers, because httpx's exceptions hold the request, which contains the secret.
    """
    trace = _SendTrace(permit)
    request.extensions["trace"] = trace
    failure: ExpensifyError
    try:
        response = http.send(request, stream=True, follow_redirects=False)
    except PermitExpired as expired:
        failure = expired.with_traceback(None)
    except httpx.HTTPError:
        failure = OutcomeUnknown() if trace.sent else Unreachable()
    except BaseException:  # such as a task's time limit or a signal: the permit needs the outcome
        (permit.unanswered if trace.sent else permit.not_sent)()
        raise
    else:
        if not trace.sent:
            response.close()
            raise RuntimeError("This transport sends without announcing it, so no permit was used.")
        answer = Response(response, seconds)
        if answer.http_status == 429:
            permit.refused(answer.retry_after)
        else:
            permit.answered()
        return answer
    (permit.unanswered if trace.sent else permit.not_sent)()
    raise failure
