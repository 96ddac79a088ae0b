"""One mail to one address over SMTP, phase by phase, so that one thing is always known: may it have left or not.

Django's own backend serves sign-in's mails; it cannot tell a mail that surely did not leave, which may be tried again,
from one whose last answer was lost, which may not.
"""

import base64
import re
import secrets
import select
import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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

# Seconds to reach a server: it is there or it is not.
CONNECT_SECONDS = 15
# What may pass before the final dot, and then until its answer, in waits of MAIL_ANSWER_SECONDS: servers look for
# viruses after the dot, RFC 5321 grants them ten minutes, and giving up there is what makes a mail unclear.
WAITS_BEFORE, WAITS_AFTER = 5, 10
ADDRESS = re.compile(r"[^\s<>,]+@[^\s<>,@]+")
# RFC 4954: who is not signed in, or not well enough, may not send at all.
NOT_SIGNED_IN = {530, 534, 535, 538}
# A server hears the body in pieces, so that one which stops reading is noticed.
PIECE = 64 * 1024


class MailError(Exception):
    """A mail that is not known to be sent; the message is a sentence for people, without a secret."""


class NotSent(MailError):
    """It surely did not leave, and may later."""


class MailServerUnreachable(NotSent):
    """No mail can be handed over now, whatever it is: the server is away or does not let the portal in."""


class MailRefused(MailError):
    """The server said no, to this address or this mail, for good."""


class Unclear(MailError):
    """It may have left: the server had all of it and no answer came."""


class Post:
    """A way to the mail server for one round of mails: `with Post() as post: post.send(message, "bob@acme.example")`.

    The connection is made with the first mail, kept while all goes well and given up after any error. A server that
    cannot be reached is asked once a round: all further mails of the round are unreachable too.
    """

    def __init__(self) -> None:
        self._smtp: smtplib.SMTP | None = None
        self._used = False
        self._down: MailServerUnreachable | None = None

    def __enter__(self) -> "Post":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(politely=error is None)

    def send(self, message: EmailMessage, to: str) -> int:
        """Hand over the mail; the bytes it had. Raises NotSent, Refused or Unclear."""
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
        smtp = self._connected()
        international = not recipient.isascii()
        if international and not smtp.has_extn("smtputf8"):
            raise MailRefused(
                f"The mail server {settings.EMAIL_HOST} takes no address with letters beyond ASCII before its @."
            )
        try:
            body = _bytes_of(message, international=international)
        except (LookupError, TypeError, ValueError):
            # One such mail must not take the others of its round with it.
            log.exception("mail cannot be written")
            raise NotSent(
                "The mail could not be written as mail; the portal's log tells the operators why."
            ) from None
        options = ["BODY=8BITMIME", "SMTPUTF8"] if international else []
        if smtp.has_extn("size"):
            options.append(f"size={len(body)}")
        sender = _ascii_domain(parseaddr(str(message["From"]))[1])
        with _surely_not_sent():
            _wait(smtp, until)
            smtp = self._begin(smtp, sender, options, until)
            _wait(smtp, until)
            _expect(smtp.rcpt(recipient), 250, 251, 252, to="the recipient")
            _wait(smtp, until)
            _expect(smtp.docmd("DATA"), 354, to="the mail")
            self._body(smtp, body, until)
        # From here on the server may have the whole mail.
        try:
            _wait(smtp, time.monotonic() + WAITS_AFTER * settings.MAIL_ANSWER_SECONDS, patient=True)
            _sock(smtp).sendall(b".\r\n")
            answer = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise Unclear(
                f"The whole mail was handed to {settings.EMAIL_HOST}, but its answer did not come ({_reason(error)})."
            ) from None
        code = answer[0]
        if not 200 <= code < 300 and not 400 <= code < 600:
            raise Unclear(
                f"The whole mail was handed to {settings.EMAIL_HOST}, which answered nonsense: {_words(answer)}"
            )
        _expect(answer, *range(200, 300), to="the mail")
        self._used = True
        return len(body)

    def _begin(self, smtp: smtplib.SMTP, sender: str, options: list[str], until: float) -> smtplib.SMTP:
        """MAIL FROM; a kept connection that the server has closed meanwhile is made anew, once."""
        if self._used:
            try:
                answer = smtp.mail(sender, options)
            except (OSError, smtplib.SMTPException):
                answer = (421, b"")
            if answer[0] != 421:
                _expect(answer, 250, to="the mail")
                return smtp
            self._close(politely=False)
            smtp = self._connected()
            _wait(smtp, until)
        _expect(smtp.mail(sender, options), 250, to="the mail")
        return smtp

    def _body(self, smtp: smtplib.SMTP, body: bytes, until: float) -> None:
        """All but the final dot: what has no end is no mail, and a server throws it away."""
        quoted = re.sub(rb"(?m)^\.", b"..", body)
        if not quoted.endswith(b"\r\n"):
            quoted += b"\r\n"
        try:
            for start in range(0, len(quoted), PIECE):
                _wait(smtp, until)
                _sock(smtp).sendall(quoted[start : start + PIECE])
            # An encrypted line may be readable for reasons of its own.
            if isinstance(smtp.sock, ssl.SSLSocket) or not select.select([smtp.sock], [], [], 0)[0]:
                return
        except OSError:
            # A server that hangs up half-way has often said why: the mail is too large.
            with suppress(OSError, smtplib.SMTPException):
                _expect(smtp.getreply(), to="the mail")
            raise
        # It spoke, or hung up, before it had the dot.
        _expect(smtp.getreply(), to="the mail")

    # The connection

    def _connected(self) -> smtplib.SMTP:
        if self._down is not None:
            raise MailServerUnreachable(str(self._down))
        if self._smtp is None:
            self._smtp = _connect()
            self._used = False
        return self._smtp

    def _close(self, *, politely: bool) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        with suppress(OSError, smtplib.SMTPException):
            if politely:
                if smtp.sock is not None:
                    smtp.sock.settimeout(1)
                smtp.quit()
        smtp.close()


def _connect() -> smtplib.SMTP:
    """Connect, greet, encrypt and sign in, as EMAIL_URL says."""
    host, port = settings.EMAIL_HOST, settings.EMAIL_PORT
    tls = ssl.create_default_context()
    # The name is given, or smtplib would look for it, which takes seconds without a name server.
    name = str(DNS_NAME)
    smtp: smtplib.SMTP | None = None
    try:
        if settings.EMAIL_USE_SSL:
            smtp = smtplib.SMTP_SSL(host, port, name, timeout=CONNECT_SECONDS, context=tls)
        else:
            smtp = smtplib.SMTP(host, port, name, timeout=CONNECT_SECONDS)
        _wait(smtp, time.monotonic() + settings.MAIL_ANSWER_SECONDS)
        # The final dot is a write of its own; it would wait for the acknowledgement of the one before, 40 ms a mail.
        _sock(smtp).setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        smtp.ehlo_or_helo_if_needed()
        if settings.EMAIL_USE_TLS:
            smtp.starttls(context=tls)
            smtp.ehlo()
        if settings.EMAIL_HOST_USER:
            smtp.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
    except (smtplib.SMTPAuthenticationError, UnicodeError) as error:
        _hang_up(smtp)
        # What the server says may repeat what it was sent; the code is enough for an operator.
        code = f" (code {error.smtp_code})" if isinstance(error, smtplib.SMTPAuthenticationError) else ""
        raise MailServerUnreachable(
            f"The mail server {host} does not let the portal sign in{code}: "
            "an operator must look at the user and the password in EMAIL_URL."
        ) from None
    except (OSError, smtplib.SMTPException) as error:
        _hang_up(smtp)
        raise MailServerUnreachable(
            f"The mail server {host} could not be reached ({_reason(error)})."
        ) from None
    return smtp


def _hang_up(smtp: smtplib.SMTP | None) -> None:
    if smtp is not None:
        smtp.close()


def _sock(smtp: smtplib.SMTP) -> socket:
    if smtp.sock is None:
        raise smtplib.SMTPServerDisconnected("connection closed")
    return smtp.sock


def _wait(smtp: smtplib.SMTP, until: float, *, patient: bool = False) -> None:
    """Let the next answer take MAIL_ANSWER_SECONDS but not beyond `until`; a patient one, all the time until then."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    _sock(smtp).settimeout(left if patient else min(left, settings.MAIL_ANSWER_SECONDS))


@contextmanager
def _surely_not_sent() -> Iterator[None]:
    try:
        yield
    except (OSError, smtplib.SMTPException) as error:
        raise NotSent(
            f"The mail server {settings.EMAIL_HOST} broke off before it had the mail ({_reason(error)})."
        ) from None


def _expect(answer: tuple[int, bytes], *codes: int, to: str) -> None:
    """Nothing for one of these codes; otherwise NotSent or Refused, with what the server said."""
    code = answer[0]
    if code in codes:
        return
    if code in NOT_SIGNED_IN:
        raise MailServerUnreachable(
            f"The mail server takes no mail from the portal as it signs in now: {_words(answer)} "
            "An operator must look at EMAIL_URL."
        )
    if 500 <= code < 600:
        raise MailRefused(f"The mail server refused {to}: {_words(answer)}")
    raise NotSent(f"The mail server does not take {to} now: {_words(answer)}")


def _words(answer: tuple[int, bytes]) -> str:
    """An answer as one line between quotation marks, without the password."""
    said = " ".join(answer[1].decode(errors="replace").split())
    for secret in _forms_of_the_password():
        said = said.replace(secret, "…")
    said = "".join(letter if letter.isprintable() else "�" for letter in said)
    code = str(answer[0]) if answer[0] > 0 else ""
    return f"“{' '.join(filter(None, [code, said[:200]]))}”."


def _forms_of_the_password() -> list[str]:
    user, password = settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD
    if not password:
        return []
    sent = [f"\0{user}\0{password}", password]
    return [password, *(base64.b64encode(each.encode()).decode() for each in sent)]


def _reason(error: Exception) -> str:
    # smtplib wraps a timeout into a closed connection.
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not good: {error.verify_message}"
    if isinstance(error, smtplib.SMTPResponseException):
        return _words((error.smtp_code, _as_bytes(error.smtp_error))).rstrip(".")
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "it does not offer the encryption or the sign-in that EMAIL_URL asks for"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "it closed the connection"
    return type(error).__name__


def _as_bytes(said: bytes | str) -> bytes:
    return said.encode() if isinstance(said, str) else said


def _ascii_domain(address: str) -> str:
    """An address as it travels: a domain in letters of its own is sent in its ASCII form."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        raise MailRefused(f"The domain “{domain}” cannot be written in the form that mail needs.") from None


def _bytes_of(message: EmailMessage, *, international: bool = False) -> bytes:
    """What is sent. Seven bits, unless the address itself needs more: any server on the way takes that."""
    buffer = BytesIO()
    policy = SMTP.clone(utf8=True) if international else SMTP.clone(cte_type="7bit")
    BytesGenerator(buffer, policy=policy).flatten(message)
    return buffer.getvalue()


def _write(body: bytes, folder: Path) -> int:
    """A file in the folder for each mail, in the form of Django's own backend for files."""
    name = f"{timezone.now():%Y%m%d-%H%M%S}-{secrets.token_hex(8)}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body.replace(b"\r\n", b"\n") + b"\n" + b"-" * 79 + b"\n")
    except OSError as error:
        raise MailServerUnreachable(
            f"The mail could not be written to {folder} ({error.strerror})."
        ) from None
    return len(body)
