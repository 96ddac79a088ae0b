"""`python -m sandbox.mailbox`: a mail server that delivers nothing, and a page that shows the mails it received.

For the demo, which has no mail account: list, text, HTML, source and attachments of each mail. It keeps the newest
mails in memory only.
"""

import argparse
import asyncio
import email
import re
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import default
from html import escape
from typing import Any, NamedTuple
from urllib.parse import quote

from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.server import Environ, Server, StartResponse

PATH = "/mailbox/"
MOST_MAILS = 500
MOST_BYTES = 200 * 1024**2
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 64rem; padding: 1rem; color-scheme: light dark }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .5rem; vertical-align: top;
border-bottom: 1px solid #8886; overflow-wrap: anywhere } .facts th { white-space: nowrap }
pre { white-space: pre-wrap; overflow-wrap: anywhere }
iframe { width: 100%; height: 40rem; border: 1px solid #8886; background: white }
"""
# The content of a mail must neither run scripts nor load anything.
PAGE = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'"
FRAME = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"

# Matches in escaped text.
_ADDRESS = re.compile(r"https?://(?:&amp;|[^\s&<>])+")


class Mail(NamedTuple):
    number: int
    at: datetime
    to: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        message = email.message_from_bytes(self.content, policy=default)
        assert isinstance(message, EmailMessage)
        return message


class Page(NamedTuple):
    status: str
    content_type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class Mailbox:
    """Stores and shows mails: a handler for aiosmtpd and a WSGI app."""

    def __init__(self) -> None:
        self._mails: deque[Mail] = deque()
        self._bytes = self._count = 0
        self._lock = threading.Lock()

    def catch(self, to: str, content: bytes) -> None:
        with self._lock:
            self._count += 1
            self._mails.appendleft(Mail(self._count, datetime.now().astimezone(), to, content))
            self._bytes += len(content)
            while len(self._mails) > MOST_MAILS or (self._bytes > MOST_BYTES and len(self._mails) > 1):
                self._bytes -= len(self._mails.pop().content)

    @property
    def mails(self) -> list[Mail]:
        """Newest first."""
        with self._lock:
            return list(self._mails)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.original_content or b""
        for to in envelope.rcpt_tos:
            self.catch(to, content)
        return "250 Caught, and shown to nobody but the demo"

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        page = self._page(environ["PATH_INFO"])
        headers = [
            ("Content-Type", page.content_type),
            ("Content-Length", str(len(page.body))),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            *page.headers,
        ]
        start_response(page.status, headers)
        return [page.body]

    def _page(self, path: str) -> Page:
        if path == PATH:
            return _html("Mails of the demo", _list(self.mails))
        number, _, rest = path.removeprefix(PATH).partition("/")
        mail = next((mail for mail in self.mails if str(mail.number) == number), None)
        if not path.startswith(PATH) or mail is None:
            missing = f'<p>There is no such mail (any more). <a href="{PATH}">All mails</a></p>'
            return _html("Not found", missing, "404 Not Found")
        if rest == "":
            return _html(_subject(mail), _mail_page(mail))
        if rest == "html":
            body = mail.message.get_body(("html",))
            content = str(body.get_content()) if body else ""
            return Page("200 OK", "text/html; charset=utf-8", content.encode(), (("Content-Security-Policy", FRAME),))
        if rest == "source":
            return Page("200 OK", "text/plain; charset=utf-8", mail.content)
        files = dict(enumerate(mail.message.iter_attachments(), start=1))
        file_number = rest.removeprefix("file/")
        attachment = files.get(int(file_number)) if file_number.isdecimal() else None
        if attachment is None:
            return _html("Not found", "<p>This mail has no such file.</p>", "404 Not Found")
        name = quote(attachment.get_filename() or "file", safe="")
        return Page(
            "200 OK",
            "application/octet-stream",
            _bytes(attachment),
            (("Content-Disposition", f"attachment; filename*=UTF-8''{name}"),),
        )


def _html(title: str, body: str, status: str = "200 OK") -> Page:
    page = (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return Page(status, "text/html; charset=utf-8", page.encode(), (("Content-Security-Policy", PAGE),))


def _list(mails: Sequence[Mail]) -> str:
    if not mails:
        return "<p>No mail has been sent yet. Load this page again when the portal has sent one.</p>"
    rows = "".join(
        f"<tr><td>{mail.at:%H:%M:%S}</td><td>{escape(mail.to)}</td>"
        f'<th scope="row"><a href="{PATH}{mail.number}/">{escape(_subject(mail))}</a></th></tr>'
        for mail in mails
    )
    return (
        f"<p>Caught here and sent to nobody. The newest {MOST_MAILS} are kept while the demo runs.</p>"
        '<table><thead><tr><th scope="col">Time</th><th scope="col">To</th><th scope="col">Subject</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _mail_page(mail: Mail) -> str:
    message = mail.message
    names = ("From", "To", "Date", "Message-ID", "List-Unsubscribe", "Auto-Submitted")
    facts = "".join(
        f'<tr><th scope="row">{name}</th><td>{escape(str(message[name]))}</td></tr>' for name in names if message[name]
    )
    files = "".join(
        f'<li><a href="{PATH}{mail.number}/file/{number}">{escape(part.get_filename() or "file")}</a> '
        f"({len(_bytes(part)):,} bytes)</li>"
        for number, part in enumerate(message.iter_attachments(), start=1)
    )
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return (
        f'<p><a href="{PATH}">All mails</a> · <a href="{PATH}{mail.number}/source">Source</a></p>'
        f'<table class="facts"><tbody>{facts}</tbody></table>'
        + (f"<h2>Files</h2><ul>{files}</ul>" if files else "")
        + (f"<h2>Text</h2><pre>{_add_links(str(text.get_content()))}</pre>" if text else "")
        + (
            f'<h2>HTML</h2><iframe sandbox src="{PATH}{mail.number}/html" title="The mail as HTML"></iframe>'
            if html
            else ""
        )
    )


def _add_links(text: str) -> str:
    """Escape the text and link its URLs; the links in the sandboxed HTML frame do not work."""
    return _ADDRESS.sub(r'<a href="\g<0>" rel="noreferrer">\g<0></a>', escape(text))


def _subject(mail: Mail) -> str:
    return str(mail.message["Subject"] or "(no subject)")


def _bytes(part: Any) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else bytes(part)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; print the page's address and the mail server's, one per line, when both listen."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.mailbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="of the page; 0 (the default) takes a free one")
    options = parser.parse_args(arguments)
    mailbox = Mailbox()
    with Server(mailbox, options.host, options.port) as pages:
        asyncio.run(_serve_mail(mailbox, f"{pages.base_url}{PATH}"))
    return 0


async def _serve_mail(mailbox: Mailbox, page: str) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = await loop.create_server(
        lambda: SMTP(mailbox, hostname="mailbox", enable_SMTPUTF8=True, data_size_limit=MOST_BYTES, loop=loop),
        "127.0.0.1",
        0,
    )
    port = server.sockets[0].getsockname()[1]
    print(f"{page}\nsmtp://127.0.0.1:{port}", flush=True)  # noqa: T201
    await stopped.wait()
    server.close()


if __name__ == "__main__":
    sys.exit(main())
