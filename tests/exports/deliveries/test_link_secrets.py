"""The token and the code of a link are not stored or logged anywhere."""

import io
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import redis
import structlog
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from accounts.models import Team, User
from exports.deliveries import download_links
from exports.models import SavedExport
from portal.logs import blank_secrets
from tests.clients import signed_in
from tests.error_reporter import REPORTER
from tests.factories import make_delivery_of_file, make_recipient, make_schedule
from tests.workers import ROOT

pytestmark = pytest.mark.django_db(transaction=True)


class Hunted(NamedTuple):
    token: str
    out: str
    code: str

    def found_in(self, text: str) -> list[str]:
        return [each for each in self if each.lower() in text.lower()]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the portal's own handler writes, from DEBUG on."""
    stream = io.StringIO()
    root = logging.getLogger()
    (form,) = {
        each.formatter for each in root.handlers if isinstance(each.formatter, structlog.stdlib.ProcessorFormatter)
    }
    handler = logging.StreamHandler(stream)
    handler.setFormatter(form)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def hunted(written: io.StringIO, redis_client: redis.Redis, acme: Team, alice: User, export: SavedExport) -> Hunted:
    """A link has gone every way there is: wrong and right codes, fetched, signed in to, taken back, unsubscribed."""
    acme.recipient_domains = "acme.example"
    acme.save()
    with scope(team=acme):
        schedule = make_schedule(export, alice)
        delivery = make_delivery_of_file(make_recipient(schedule, "nina@acme.example"))
        token, out = (download_links.make(delivery), download_links.unsubscribe_url(delivery.recipient).split("/")[-2])
    client = Client(raise_request_exception=False)
    page = reverse("exports:link", args=[token])
    client.get(page)
    client.post(reverse("exports:link-code", args=[token]))
    (code,) = re.findall(r"^\d{8}$", str(mail.outbox[-1].body), re.M)
    client.post(page, {"code": "1"})
    client.post(page, {"code": code})
    b"".join(client.get(reverse("exports:link-file", args=[token])).streaming_content)  # type: ignore[attr-defined]
    Client(enforce_csrf_checks=True).post(page, {"code": code})
    client.put(page)
    Team.objects.update(link_proof="sign_in")
    signed_in(alice).get(page)
    client.post(f"/account/login/?next={page}", {"login": "nina@acme.example", "password": "wrong"})
    client.get(reverse("exports:unsubscribe", args=[out]))
    client.post(reverse("exports:unsubscribe", args=[out]))
    with scope(team=acme):
        download_links.revoke(delivery.link, by=alice)
    client.get(page)
    return Hunted(token, out, code)


def test_no_log_line_table_or_key_holds_a_token_or_code(
    hunted: Hunted, written: io.StringIO, redis_client: redis.Redis
) -> None:
    lines = written.getvalue()
    assert "/l/[removed]/code/" in lines
    assert "/u/[removed]/" in lines
    assert hunted.found_in(lines) == []

    kept = {key: repr(redis_client.dump(key)) for key in redis_client.scan_iter() if redis_client.type(key)}
    assert {key: hunted.found_in(text) for key, text in kept.items() if hunted.found_in(text)} == {}

    rows: dict[str, str] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            rows[table] = "\n".join(map(str, cursor.fetchall()))
    assert "link opened" in rows["accounts_auditentry"]
    assert {table: hunted.found_in(text) for table, text in rows.items() if hunted.found_in(text)} == {}


def test_session_holds_no_token(acme: Team, alice: User, export: SavedExport) -> None:
    """A session lies in its table encoded, so that the hunt above would not see it."""
    acme.recipient_domains = "acme.example"
    acme.save()
    with scope(team=acme):
        token = download_links.make(
            make_delivery_of_file(make_recipient(make_schedule(export, alice), "nina@acme.example"))
        )
    client = Client()
    client.post(reverse("exports:link-code", args=[token]))
    (code,) = re.findall(r"^\d{8}$", str(mail.outbox[-1].body), re.M)
    client.post(reverse("exports:link", args=[token]), {"code": code})

    kept = str(dict(client.session.items()))

    assert "links" in kept
    assert Hunted(token, token, code).found_in(kept) == []


def test_error_report_holds_no_token() -> None:
    token = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-AbCdE"
    reporter = REPORTER.replace(
        'raise RuntimeError(f"unforeseen, with partnerUserSecret={secret} for exp_" + "0a" * 20)',
        'raise RuntimeError(f"unforeseen at https://portal.example/l/{secret}/file/")',
    )
    assert reporter != REPORTER

    reported = subprocess.run(
        [sys.executable, "-c", reporter], input=token, capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout

    assert "unforeseen at" in reported
    assert token not in reported


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("GET /l/AbCdEfGhIjKlMnOp/file/", "GET /l/[removed]/file/"),
        ("GET /u/12.AbCdEf_GhIj-KlMnOp/", "GET /u/[removed]/"),
        ("/account/login/?next=%2Fl%2FAbCdEfGhIjKlMnOp%2F", "/account/login/?next=%2Fl%2F[removed]%2F"),
        ("Referer: https://portal.example/l/AbCdEfGhIjKlMnOp/", "Referer: https://portal.example/l/[removed]/"),
        ("GET /t/acme/runs/12/", "GET /t/acme/runs/12/"),
        ("/usr/lib/python3/site-packages/x.py", "/usr/lib/python3/site-packages/x.py"),
    ],
)
def test_secret_path_is_blanked_everywhere(told: str, kept: str) -> None:
    assert blank_secrets(told) == kept


def test_web_server_lines_are_blanked_too() -> None:
    """Gunicorn names the request that it could not answer, and with an access log every one, by handlers of its own."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    for name in ("gunicorn.error", "gunicorn.access"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        try:
            logger.warning("Error handling request %s", "/l/AbCdEfGhIjKlMnOp/file/")
            logger.warning('%(h)s "%(r)s"', {"h": "192.0.2.7", "r": "GET /u/12.AbCdEfGhIjKlMnOp/ HTTP/1.1"})
        finally:
            logger.removeHandler(handler)

    assert (
        stream.getvalue().splitlines()
        == ["Error handling request /l/[removed]/file/", '192.0.2.7 "GET /u/[removed]/ HTTP/1.1"'] * 2
    )
