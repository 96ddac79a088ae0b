"""The demo's mail server as a process: it receives and shows mails, and runs nothing in them."""

import re
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from urllib.parse import urlsplit

import httpx
import pytest

from sandbox.mailbox import MOST_MAILS, Mailbox
from tests.servers import die_with_parent
from tests.waiting import PATIENCE
from tests.workers import ROOT


def get(url: str) -> httpx.Response:
    return httpx.get(url, timeout=PATIENCE, trust_env=False, verify=False)


@pytest.fixture(scope="module")
def addresses() -> Iterator[list[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox.mailbox"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    )
    assert process.stdout
    yield [process.stdout.readline().strip(), process.stdout.readline().strip()]
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    process.stdout.close()


@pytest.fixture(scope="module")
def mail_page(addresses: list[str]) -> httpx.Response:
    """The page of a mail in HTML and text, with a file, all of it hostile."""
    message = EmailMessage()
    message["From"], message["To"] = "portal@acme.example", "bob@acme.example"
    message["Subject"] = "Über <script>alert(1)</script>"
    message.set_content("Zeile <b>eins</b>\n<https://portal.example/l/x/?a=1&b='><script>\n")
    message.add_alternative("<p>Łódź</p><script>alert(2)</script>", subtype="html")
    message.add_attachment("a,b\n", filename='Größe "1".csv')
    server = urlsplit(addresses[1])
    with smtplib.SMTP(server.hostname or "", server.port or 0) as smtp:
        smtp.send_message(message, to_addrs=["bob@acme.example", "erin@acme.example"])
    page, listed = addresses[0], get(addresses[0])
    links = re.findall(r'href="/mailbox/(\d+)/"', listed.text)
    assert len(links) == 2
    return get(f"{page}{links[-1]}/")


def test_the_list_and_the_mail_show_text_as_text(addresses: list[str], mail_page: httpx.Response) -> None:
    listed = get(addresses[0]).text

    for text in (listed, mail_page.text):
        assert "Über &lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "<script" not in text
    assert "erin@acme.example" in listed
    assert "Zeile &lt;b&gt;eins&lt;/b&gt;" in mail_page.text
    assert "default-src 'none'" in mail_page.headers["Content-Security-Policy"]


def test_addresses_in_the_text_can_be_clicked(mail_page: httpx.Response) -> None:
    address = "https://portal.example/l/x/?a=1&amp;b="

    assert f'&lt;<a href="{address}" rel="noreferrer">{address}</a>&#x27;&gt;&lt;script&gt;' in mail_page.text


def test_the_html_of_a_mail_is_sandboxed(mail_page: httpx.Response) -> None:
    assert '<iframe sandbox src="/mailbox/1/html"' in mail_page.text

    html = get(f"{mail_page.url}html")

    assert "<p>Łódź</p>" in html.text
    assert html.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none';")


def test_files_are_downloaded_and_never_shown(mail_page: httpx.Response) -> None:
    file = get(f"{mail_page.url}file/1")

    assert file.text.replace("\r\n", "\n") == "a,b\n"
    assert file.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%221%22.csv"
    assert file.headers["Content-Type"] == "application/octet-stream"
    assert file.headers["X-Content-Type-Options"] == "nosniff"


def test_the_source_is_plain_text(mail_page: httpx.Response) -> None:
    source = get(f"{mail_page.url}source")

    assert "To: bob@acme.example" in source.text
    assert source.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("path", ["9/", "1/file/7", "1/file/x", "1/file/", "1/nothing", "x/", "../"])
def test_unknown_pages_are_not_found(addresses: list[str], mail_page: httpx.Response, path: str) -> None:
    assert get(addresses[0] + path).status_code == 404


def test_the_oldest_mails_are_deleted() -> None:
    mailbox = Mailbox()
    for number in range(MOST_MAILS + 5):
        mailbox.catch(f"n{number}@acme.example", b"Subject: x\r\n\r\nx")

    assert [mailbox.mails[0].to, len(mailbox.mails)] == [f"n{MOST_MAILS + 4}@acme.example", MOST_MAILS]
