"""Real SMTP servers that accept, reject, stall or hang up as a test decides."""

import asyncio
import email
import email.policy
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from django.conf import settings

from tests.servers import free_port
from tests.waiting import PATIENCE

# aiosmtpd logs everything it receives, passwords too; these are not logs of the portal.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Mail:
    sender: str
    to: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        message = email.message_from_bytes(self.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message


@dataclass
class Mailbox:
    """The mails that the server received, and its behaviour; the `…_answer` fields replace its "250"."""

    mails: list[Mail] = field(default_factory=list)
    mail_answer: str = ""
    recipients: dict[str, str] = field(default_factory=dict)
    data_answer: str = ""
    # Replies to DATA, each used once.
    once: list[str] = field(default_factory=list)
    hang_up_after_data: bool = False
    # The server never replies to this: "RCPT", or "." for the end of a mail. The portal's timeout is shortened only
    # from there on, so that a slow machine does not count as a silent server.
    silent_at: str = ""
    # Delays the reply, for the chaos campaign.
    seconds_after_data: float = 0
    connections: int = 0

    def make_portal_impatient(self) -> None:
        """Shorten the portal's timeout, before the reply after which it reads the setting again."""
        settings.MAIL_ANSWER_SECONDS = 0.05

    # aiosmtpd's hooks

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mail_answer:
            return self.mail_answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        if self.silent_at == "RCPT":
            self.make_portal_impatient()
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.silent_at == "RCPT":
            await asyncio.Event().wait()
        if address in self.recipients:
            return self.recipients[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.once:
            return self.once.pop(0)
        if self.data_answer:
            return self.data_answer
        assert isinstance(envelope.content, bytes)
        self.mails += [Mail(envelope.mail_from or "", to, envelope.content) for to in envelope.rcpt_tos]
        if self.silent_at == ".":
            await asyncio.Event().wait()
        await asyncio.sleep(self.seconds_after_data)
        if self.hang_up_after_data:
            assert server.transport is not None
            server.transport.abort()
        return "250 Caught"


class _Server(SMTP):
    async def push(self, status: str | bytes) -> None:
        mailbox: Mailbox = self.event_handler
        if mailbox.silent_at == "." and str(status).startswith("354"):
            mailbox.make_portal_impatient()
        await super().push(status)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Server(self.handler, **self.SMTP_kwargs)


@contextmanager
def other_settings(**values: Any) -> Iterator[None]:
    """Change settings and restore only these; override_settings would also undo changes that a test makes meanwhile."""
    holder = settings._wrapped
    before = {name: getattr(settings, name) for name in values}
    _change(holder, values)
    try:
        yield
    finally:
        _change(holder, before)


def _change(holder: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(holder, name, value)
        # Django caches settings here.
        settings.__dict__.pop(name, None)


@contextmanager
def mail_server(
    *, password: str = "", port: int = 0, tls: ssl.SSLContext | None = None, **options: Any
) -> Iterator[Mailbox]:
    """A server that collects mails; this process's settings point to it."""
    mailbox = Mailbox()
    if password:
        options |= {
            "authenticator": lambda server, session, envelope, mechanism, data: AuthResult(
                success=isinstance(data, LoginPassword) and data.password == password.encode(), handled=False
            ),
            "auth_require_tls": False,
        }
    controller = _Controller(
        mailbox, hostname="127.0.0.1", port=port or free_port(), tls_context=tls, ready_timeout=PATIENCE, **options
    )
    controller.start()
    try:
        with other_settings(
            EMAIL_FILE_PATH=None,
            EMAIL_HOST="localhost" if tls else "127.0.0.1",
            EMAIL_PORT=controller.port,
            EMAIL_HOST_USER="portal" if password else "",
            EMAIL_HOST_PASSWORD=password,
            EMAIL_USE_TLS=tls is not None,
            EMAIL_USE_SSL=False,
            MAIL_ANSWER_SECONDS=PATIENCE,
        ):
            yield mailbox
    finally:
        controller.stop()


@contextmanager
def rude_server(*, lines: int) -> Iterator[list[bytes]]:
    """A server that hangs up after so many lines of a mail; yields the lines that it has read."""
    read: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as line:
                line.write(b"220 rude\r\n")
                line.flush()
                for request in line:
                    command = request[:4].upper()
                    line.write(b"354 go on\r\n" if command == b"DATA" else b"250 OK\r\n")
                    line.flush()
                    if command == b"DATA":
                        read.extend(line.readline() for _ in range(lines))
                        break
                connection.shutdown(socket.SHUT_RDWR)

    threading.Thread(target=serve, daemon=True).start()
    try:
        with other_settings(
            EMAIL_FILE_PATH=None,
            EMAIL_HOST="127.0.0.1",
            EMAIL_PORT=listener.getsockname()[1],
            EMAIL_HOST_USER="",
            EMAIL_USE_TLS=False,
            EMAIL_USE_SSL=False,
            MAIL_ANSWER_SECONDS=PATIENCE,
        ):
            yield read
    finally:
        listener.close()
