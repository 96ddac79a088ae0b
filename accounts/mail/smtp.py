"""Send one mail to one address over SMTP, and tell whether it surely was not sent or may have been.

MailError
├── NotSent                     surely not sent; may be tried again
│   └── MailServerUnreachable   no mail can be sent now
├── MailRefused                 rejected for good
└── Unclear                     may have been sent: the last reply was lost; must not be tried again

Django's backend cannot tell NotSent from Unclear; it sends the mails of sign-in.
"""

import base64
import math
import re
import secrets
import select
import smtplib
import ssl
import time
from contextlib import suppress
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from io import BytesIO
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY, socket
from types import TracebackType

import structlog
from django.conf import settings
from django.core.mail import DNS_NAME
from django.utils import timezone

log = structlog.get_logger(__name__)

# Seconds to connect.
CONNECT_SECONDS = 15
# Time limits before the final dot and for the reply to it, in units of MAIL_ANSWER_SECONDS. Servers scan for viruses
# after the dot and RFC 5321 allows ten minutes; giving up there makes a mail unclear.
WAITS_BEFORE, WAITS_AFTER = 5, 10
ADDRESS = re.compile(r"[^\s<>,]+@[^\s<>,@]+")
# RFC 4954: authentication is missing or too weak.
NOT_SIGNED_IN = {530, 534, 535, 538}
# The body is sent in pieces, so that a server that stops reading is noticed.
PIECE = 64 * 1024


class MailError(Exception):
    """The mail is not known to be sent. The message is a sentence for people, without secrets."""


class NotSent(MailError):
    """The mail surely was not sent; a later attempt may succeed."""


class MailServerUnreachable(NotSent):
    """No mail can be sent now: the server is down or rejects the sign-in."""


class MailRefused(MailError):
    """The server rejected this address or this mail for good."""


class Unclear(MailError):
    """The mail may have been sent: the server received all of it and did not reply."""


class MailConnection:
    """A connection for one round of mails.

    `with MailConnection() as connection: connection.send(message, "bob@acme.example")`.

    It connects for the first mail, keeps the connection, and drops it after any error. When the server is unreachable,
    all further mails of the round are unreachable too, without another attempt to connect.
    """

    def __init__(self) -> None:
        self._connection: _Connection | None = None
        self._is_reused = False
        self._down: MailServerUnreachable | None = None

    def __enter__(self) -> "MailConnection":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(politely=error is None)

    def send(self, message: EmailMessage, to: str) -> int:
        """Send the mail and return its size in bytes. Raises NotSent, MailRefused or Unclear."""
        if settings.EMAIL_FILE_PATH:
            return _write(_bytes_of(message), Path(settings.EMAIL_FILE_PATH))
        try:
            return self._send(message, to)
        except MailError as error:
            self._close(politely=False)
            if isinstance(error, MailServerUnreachable):
                self._down = error
            raise

    def _send(self, message: EmailMessage, to: str) -> int:
        until = time.monotonic() + WAITS_BEFORE * settings.MAIL_ANSWER_SECONDS
        recipient = _ascii_domain(to)
        if not ADDRESS.fullmatch(to):
            raise MailRefused(f"“{to}” is no address that mail can go to.")
        connection = self._connect(until)
        international = not recipient.isascii()
        if international and not connection.has_extn("smtputf8"):
            raise MailRefused(
                f"The mail server {settings.EMAIL_HOST} takes no address with letters beyond ASCII before its @."
            )
        try:
            body = _bytes_of(message, international=international)
        except (LookupError, TypeError, ValueError):
            # One such mail must not stop the others of its round.
            log.exception("mail cannot be written")
            raise NotSent("The mail could not be written as mail; the portal's log tells the operators why.") from None
        options = ["BODY=8BITMIME", "SMTPUTF8"] if international else []
        if connection.has_extn("size"):
            options.append(f"size={len(body)}")
        sender = _ascii_domain(parseaddr(str(message["From"]))[1])
        try:
            connection = self._begin(connection, sender, options)
            _expect(connection.rcpt(recipient), 250, 251, 252, to="the recipient")
            _expect(connection.docmd("DATA"), 354, to="the mail")
            connection.send_body(body)
        except (OSError, smtplib.SMTPException) as error:
            raise NotSent(
                f"The mail server {settings.EMAIL_HOST} broke off before it had the mail ({_reason(error)})."
            ) from None
        # From here on the server may have the whole mail.
        try:
            reply = connection.end_body()
        except (OSError, smtplib.SMTPException) as error:
            raise Unclear(
                f"The whole mail was handed to {settings.EMAIL_HOST}, but its answer did not come ({_reason(error)})."
            ) from None
        if not 200 <= reply[0] < 300 and not 400 <= reply[0] < 600:
            raise Unclear(
                f"The whole mail was handed to {settings.EMAIL_HOST}, which answered nonsense: {_quote(reply)}"
            )
        _expect(reply, *range(200, 300), to="the mail")
        self._is_reused = True
        return len(body)

    def _begin(self, connection: "_Connection", sender: str, options: list[str]) -> "_Connection":
        """Send MAIL FROM; when the server has closed a reused connection, connect again, once."""
        if self._is_reused:
            try:
                reply = connection.mail(sender, options)
            except (OSError, smtplib.SMTPException):
                reply = (421, b"")
            if reply[0] != 421:
                _expect(reply, 250, to="the mail")
                return connection
            self._close(politely=False)
            connection = self._connect(connection.until)
        _expect(connection.mail(sender, options), 250, to="the mail")
        return connection

    def _connect(self, until: float) -> "_Connection":
        if self._down is not None:
            raise MailServerUnreachable(str(self._down))
        if self._connection is None:
            self._connection, self._is_reused = _connect(until), False
        self._connection.until = until
        return self._connection

    def _close(self, *, politely: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with suppress(OSError, smtplib.SMTPException):
            if politely:
                connection.until = time.monotonic() + 1
                connection.quit()
        connection.close()


class _Connection(smtplib.SMTP):
    """SMTP with a deadline, and with the end of a mail apart from its body."""

    until = math.inf  # by time.monotonic

    def limit(self, *, patient: bool = False) -> socket:
        """Set the timeout of the next step: MAIL_ANSWER_SECONDS, or when patient all the time until the deadline."""
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("connection closed")
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.sock.settimeout(left if patient else min(left, settings.MAIL_ANSWER_SECONDS))
        return self.sock

    def putcmd(self, cmd: str, args: str = "") -> None:
        self.limit()
        super().putcmd(cmd, args)

    def send_body(self, body: bytes) -> None:
        """Send all but the final dot: a server discards a mail without its end."""
        quoted = re.sub(rb"(?m)^\.", b"..", body)
        if not quoted.endswith(b"\r\n"):
            quoted += b"\r\n"
        try:
            for start in range(0, len(quoted), PIECE):
                self.limit().sendall(quoted[start : start + PIECE])
            # A TLS connection may be readable without a reply.
            if isinstance(self.sock, ssl.SSLSocket) or not select.select([self.sock], [], [], 0)[0]:
                return
        except OSError:
            # A server that hangs up half-way has often said why: the mail is too large.
            with suppress(OSError, smtplib.SMTPException):
                _expect(self.getreply(), to="the mail")
            raise
        # The server replied, or hung up, before the final dot.
        _expect(self.getreply(), to="the mail")

    def end_body(self) -> tuple[int, bytes]:
        """Send the final dot and return the reply."""
        self.until = time.monotonic() + WAITS_AFTER * settings.MAIL_ANSWER_SECONDS
        self.limit(patient=True).sendall(b".\r\n")
        return self.getreply()


class _TLSConnection(_Connection, smtplib.SMTP_SSL):
    """Encrypted from the start."""


def _connect(until: float) -> _Connection:
    """Connect, greet, encrypt and sign in, as EMAIL_URL says."""
    host, port = settings.EMAIL_HOST, settings.EMAIL_PORT
    tls = ssl.create_default_context()
    # Without a name smtplib looks one up, which takes seconds when there is no name server.
    name = str(DNS_NAME)
    connection: _Connection | None = None
    try:
        if settings.EMAIL_USE_SSL:
            connection = _TLSConnection(host, port, name, timeout=CONNECT_SECONDS, context=tls)
        else:
            connection = _Connection(host, port, name, timeout=CONNECT_SECONDS)
        connection.until = until
        # Otherwise the final dot, a write of its own, waits for the last acknowledgement: 40 ms a mail.
        connection.limit().setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        connection.ehlo_or_helo_if_needed()
        if settings.EMAIL_USE_TLS:
            connection.starttls(context=tls)
            connection.ehlo()
        if settings.EMAIL_HOST_USER:
            connection.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        if connection is not None:
            connection.close()
        if isinstance(error, smtplib.SMTPAuthenticationError | UnicodeError):
            # The reply may repeat what it was sent; the code is enough for an operator.
            code = f" (code {error.smtp_code})" if isinstance(error, smtplib.SMTPAuthenticationError) else ""
            raise MailServerUnreachable(
                f"The mail server {host} does not let the portal sign in{code}: "
                "an operator must look at the user and the password in EMAIL_URL."
            ) from None
        raise MailServerUnreachable(f"The mail server {host} could not be reached ({_reason(error)}).") from None
    return connection


def _expect(reply: tuple[int, bytes], *codes: int, to: str) -> None:
    """Raise NotSent or MailRefused, quoting the reply, unless it has one of these codes."""
    code = reply[0]
    if code in codes:
        return
    if code in NOT_SIGNED_IN:
        raise MailServerUnreachable(
            f"The mail server takes no mail from the portal as it signs in now: {_quote(reply)} "
            "An operator must look at EMAIL_URL."
        )
    if 500 <= code < 600:
        raise MailRefused(f"The mail server refused {to}: {_quote(reply)}")
    raise NotSent(f"The mail server does not take {to} now: {_quote(reply)}")


def _quote(reply: tuple[int, bytes]) -> str:
    """A reply as one line between quotation marks, without the password."""
    text = " ".join(reply[1].decode(errors="replace").split())
    if password := settings.EMAIL_HOST_PASSWORD:
        sent = (f"\0{settings.EMAIL_HOST_USER}\0{password}", password)
        for secret in (password, *(base64.b64encode(part.encode()).decode() for part in sent)):
            text = text.replace(secret, "…")
    text = "".join(letter if letter.isprintable() else "�" for letter in text)
    code = str(reply[0]) if reply[0] > 0 else ""
    return f"“{' '.join(filter(None, [code, text[:200]]))}”."


def _reason(error: Exception) -> str:
    # smtplib wraps a timeout into a closed connection.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not good: {error.verify_message}"
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        return _quote((error.smtp_code, text.encode() if isinstance(text, str) else text)).rstrip(".")
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "it does not offer the encryption or the sign-in that EMAIL_URL asks for"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "it closed the connection"
    return type(error).__name__


def _ascii_domain(address: str) -> str:
    """The address with its domain in ASCII (IDNA)."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        raise MailRefused(f"The domain “{domain}” cannot be written in the form that mail needs.") from None


def _bytes_of(message: EmailMessage, *, international: bool = False) -> bytes:
    """The mail as it is sent: 7-bit, which every server accepts, unless the address needs UTF-8."""
    buffer = BytesIO()
    policy = SMTP.clone(utf8=True) if international else SMTP.clone(cte_type="7bit")
    BytesGenerator(buffer, policy=policy).flatten(message)
    return buffer.getvalue()


def _write(body: bytes, folder: Path) -> int:
    """Write the mail to a file of its own, in the format of Django's file backend."""
    name = f"{timezone.now():%Y%m%d-%H%M%S}-{secrets.token_hex(8)}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body.replace(b"\r\n", b"\n") + b"\n" + b"-" * 79 + b"\n")
    except OSError as error:
        raise MailServerUnreachable(f"The mail could not be written to {folder} ({error.strerror}).") from None
    return len(body)
