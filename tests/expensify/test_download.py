"""Download a file completely or not at all; an error never becomes a file."""

import hashlib
import io
import json
import zlib

import pytest

from expensify.answers import Download
from expensify.errors import ExpensifyError, NotAllowed, NotFound, OutcomeUnknown, TooLarge, Unauthorized
from tests.expensify.caller import PAIR
from tests.expensify.scripted import Reply, http, raw

CSV = "Merchant,Amount\n“Café”,12.50\n".encode()
LARGE = bytes(range(256)) * 4096  # a megabyte


def fetch(caller, into, *, max_bytes=10_000_000, name="export1.csv", **rest):
    return caller.client().download(name, into, max_bytes=max_bytes, **rest)


def chunked(*chunks: bytes, ended: bool = True) -> Reply:
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + (b"0\r\n\r\n" if ended else b""))


@pytest.mark.parametrize("content", [CSV, LARGE, b"\n", b"x" * 65535, b"x" * 65536, b"x" * 65537])
@pytest.mark.parametrize("send", [http, chunked], ids=["length", "chunked"])
def test_file_arrives_byte_for_byte(server, caller, send, content):
    server.will_answer(send(content))
    into = io.BytesIO()

    download = fetch(caller, into)

    assert into.getvalue() == content
    assert download == Download(len(content), hashlib.sha256(content).hexdigest(), "text/csv")
    assert caller.calls[0].bytes_received == len(content)


def test_file_ended_by_connection_close_is_complete(server, caller):
    server.will_answer(raw(b"HTTP/1.1 200 OK\r\n\r\n" + CSV))
    into = io.BytesIO()

    assert fetch(caller, into).size == len(CSV)
    assert into.getvalue() == CSV


def test_unrequested_compression_is_decompressed(server, caller):
    server.will_answer(http(zlib.compress(CSV), headers="Content-Encoding: deflate\r\n"))
    into = io.BytesIO()

    fetch(caller, into)

    assert into.getvalue() == CSV


def test_job_names_the_file_and_its_file_system(server, caller):
    server.will_answer(http(CSV))

    fetch(caller, io.BytesIO(), name="is_reconciliation_5.csv", file_system="reconciliation")

    [request] = server.requests
    assert list(request.form) == ["requestJobDescription"]
    assert json.loads(request.form["requestJobDescription"][0]) == {
        "type": "download",
        "credentials": PAIR.credentials(),
        "fileName": "is_reconciliation_5.csv",
        "fileSystem": "reconciliation",
    }


def test_progress_counts_to_the_size(server, caller):
    server.will_answer(http(LARGE))
    heard: list[int] = []

    fetch(caller, io.BytesIO(), progress=heard.append)

    assert heard == sorted(heard)
    assert (len(heard) > 1, heard[-1]) == (True, len(LARGE))


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.csv", "text/csv"),
        ("a.PDF", "application/pdf"),
        ("a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.html", "application/octet-stream"),
    ],
)
def test_media_type_follows_the_name_not_the_server(server, caller, name, media_type):
    server.will_answer(http(CSV, headers="Content-Type: text/html\r\n"))

    assert fetch(caller, io.BytesIO(), name=name).media_type == media_type


# ------------------------------------------------------------ errors in the place of a file


@pytest.mark.parametrize(
    ("reply", "expected", "code"),
    [
        (http('{"responseMessage": "File not found", "responseCode": 404}'), NotFound, "not_found"),
        (http('{"responseMessage": "Authentication error", "responseCode": 404}'), Unauthorized, "unauthorized"),
        (http('{"responseMessage": "No", "responseCode": "403.0"}'), NotAllowed, "not_allowed"),
        (http('{"responseMessage": "Broken"}'), OutcomeUnknown, "server_error"),
        (chunked(b'{"responseCode": 500, ', b'"responseMessage": "Broken"}'), OutcomeUnknown, "server_error"),
        (http(b""), NotFound, "not_ready"),
        (chunked(), NotFound, "not_ready"),
        (http("<html>Not found</html>", "404 Not Found"), NotFound, "not_found"),
        (http("<html>Oops</html>", "500 Internal Server Error"), OutcomeUnknown, "no_verdict"),
        (http("<html>Oops</html>", "502 Bad Gateway"), OutcomeUnknown, "no_verdict"),
        (http(LARGE, "404 Not Found"), NotFound, "not_found"),
        (http("", "301 Moved Permanently", "Location: /elsewhere\r\n"), OutcomeUnknown, "no_verdict"),
    ],
)
def test_error_is_raised_and_leaves_nothing_in_the_file(server, caller, reply, expected, code):
    server.will_answer(reply)
    into = io.BytesIO()

    with pytest.raises(ExpensifyError) as caught:
        fetch(caller, into)

    assert (type(caught.value), caught.value.code) == (expected, code)
    assert into.getvalue() == b""


@pytest.mark.parametrize(
    "content",
    [
        b'{"reports": [{"id": "R00bCluvcO4T"}]}',
        b'[{"responseCode": 404}]',
        b'{"report": {"responseCode": 404}}',
        b'{"responseCode": 200, "reports": []}',
        b'{"responseCode": 404, "padding": "' + b"x" * 65536 + b'"}',
        b"responseCode,404\n",
        b"null",
    ],
)
def test_export_resembling_an_error_is_a_file(server, caller, content):
    server.will_answer(http(content))
    into = io.BytesIO()

    fetch(caller, into, name="export1.json")

    assert into.getvalue() == content


# ------------------------------------------------------------ broken off, and too large


@pytest.mark.parametrize(
    "reply",
    [
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + LARGE),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + CSV),
        chunked(LARGE, ended=False),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nabc"),
        http(b"not compressed", headers="Content-Encoding: gzip\r\n"),
    ],
    ids=["large by length", "small by length", "between chunks", "in a chunk", "not what it says"],
)
def test_truncated_body_is_detected(server, caller, reply):
    server.will_answer(reply)

    with pytest.raises(OutcomeUnknown) as caught:
        fetch(caller, io.BytesIO())

    assert (caught.value.code, caught.value.http_status) == ("truncated", 200)
    assert caller.outcome == "answered"


def test_stalled_body_is_truncated(server, caller):
    def hurry(response):
        """Shorten the timeout only after the headers, which may be slow on a busy machine."""
        response.request.extensions["timeout"]["read"] = 0.1

    server.will_answer(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nabc", server.silence))
    caller.http.event_hooks = {"response": [hurry]}

    with pytest.raises(OutcomeUnknown) as caught:
        fetch(caller, io.BytesIO())

    assert (caught.value.code, caught.value.http_status) == ("truncated", 200)
    assert server.closed == 0


def test_lost_download_is_harmless_to_repeat(server, caller):
    server.will_answer(raw())

    with pytest.raises(OutcomeUnknown) as caught:
        fetch(caller, io.BytesIO())

    assert "repeated without harm" in caught.value.sentence


def test_file_of_exactly_the_limit_is_accepted(server, caller):
    server.will_answer(http(LARGE))

    assert fetch(caller, io.BytesIO(), max_bytes=len(LARGE)).size == len(LARGE)


def test_file_with_content_length_over_the_limit_is_not_read(server, caller):
    server.will_answer(http(LARGE))
    into = io.BytesIO()

    with pytest.raises(TooLarge):
        fetch(caller, into, max_bytes=len(LARGE) - 1)

    assert into.getvalue() == b""


def test_file_growing_over_the_limit_is_stopped(server, caller):
    server.will_answer(chunked(*[LARGE] * 10))
    into = io.BytesIO()

    with pytest.raises(TooLarge):
        fetch(caller, into, max_bytes=300_000)

    assert len(into.getvalue()) <= 300_000
    assert caller.calls[0].bytes_received < len(LARGE)


def test_error_longer_than_the_limit_is_raised(server, caller):
    server.will_answer(http('{"responseMessage": "File not found", "responseCode": 404}'))

    with pytest.raises(NotFound):
        fetch(caller, io.BytesIO(), max_bytes=10)


def test_full_disk_is_not_an_expensify_error(server, caller):
    server.will_answer(http(CSV))

    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(OSError, match="No space left"):
        fetch(caller, full)

    assert caller.outcome == "answered"
