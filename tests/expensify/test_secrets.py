"""A secret is sent, but an error, its traceback, a record or a repr never contains it."""

import html
import io
import json
import traceback
from functools import partial
from urllib.parse import quote, quote_plus

import pytest

from expensify.errors import ExpensifyError
from expensify.jobs.employees import EmployeeUpdateJob, FeedSftp, FeedUrl
from expensify.jobs.export import ReportExport, SftpUpload
from expensify.pair import KeyPair, scrubber
from tests.expensify.scripted import Reply, http, raw
from tests.servers import free_port

CANARY = 'c4n4ry <&"é>+/5ec2e7'
PAIR = KeyPair(f"aa_{CANARY}_id", f"{CANARY}_secret")
PASSWORD = f"{CANARY}_sftp"
JOB = ReportExport(report_ids=("50352738",), on_finish=(SftpUpload("sftp.example.com", "expensify", PASSWORD),))
BROKEN = "\r\n\r\nHTTP "


def echo(text: str) -> Reply:
    return http(json.dumps({"responseCode": 500, "responseMessage": f"Cannot read {text} at 7"}))


REPLIES = {
    "no answer": raw(),
    "not HTTP": raw(BROKEN.encode()),
    "cut": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"),
    "proxy page": http("<html>", "502 Bad Gateway"),
    "rate limited": http("", "429 Too Many Requests"),
    "redirect": http("", "302 Found", "Location: https://elsewhere.example.com/\r\n"),
    "bad redirect": http("", "302 Found", "Location: http://[broken\r\n"),
    "echo of the secret": echo(PAIR.partner_user_secret),
    "echo of the id": echo(PAIR.partner_user_id),
    "echo of the password": echo(PASSWORD),
    "echo of the job": echo(json.dumps(JOB.description(PAIR))),
    "echo of the form": echo(quote_plus(json.dumps(JOB.description(PAIR)))),
    "echo of the form in UTF-8": echo(quote_plus(json.dumps(JOB.description(PAIR), ensure_ascii=False))),
    "echo in a form": echo(quote_plus(PAIR.partner_user_secret)),
    "echo in a URL": echo(quote(PAIR.partner_user_secret, safe="")),
    "echo in a path": echo(quote(PAIR.partner_user_secret)),
    "echo in a page": echo(html.escape(PAIR.partner_user_secret)),
    "echo as a page": http(f"<html>{PAIR.partner_user_secret}</html>", "500 Internal Server Error"),
    "echo as a name": http(f"{PAIR.partner_user_secret}.csv"),
}


def shown(error: BaseException) -> str:
    """Everything that a careless log could print of an error, including the variables of all our frames."""
    parts = [str(error), repr(error), repr(error.args), repr(vars(error))]
    summary = traceback.TracebackException.from_exception(error, capture_locals=True)
    for frame in summary.stack:
        if "/tests/" not in frame.filename:
            parts.append(repr(frame.locals))
    return "\n".join(parts)


def forms_of(secret: str) -> set[str]:
    forms = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return forms | {
        write(form) for form in forms for write in (quote, partial(quote, safe=""), quote_plus, html.escape)
    }


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_failed_call_shows_no_secret_anywhere(server, caller, reply):
    server.will_answer(reply)

    with pytest.raises(ExpensifyError) as caught:
        caller.client(pair=PAIR).generate(JOB, "x")

    assert [request.form["requestJobDescription"] for request in server.requests] == [
        [json.dumps(JOB.description(PAIR))]
    ]
    everything = shown(caught.value) + repr(caller.calls) + repr(caller.calls[0].message)
    for secret in (*PAIR.secrets, PASSWORD):
        for form in forms_of(secret):
            assert form not in everything


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_error_has_no_reference_to_the_request(server, caller, reply):
    server.will_answer(reply)

    with pytest.raises(ExpensifyError) as caught:
        caller.client(pair=PAIR).generate(JOB, "x")

    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_unreachable_and_expired_have_no_reference_to_the_request(caller):
    for settings in ({"url": f"http://127.0.0.1:{free_port()}/"}, {"good_until": 0}):
        with pytest.raises(ExpensifyError) as caught:
            caller.client(pair=PAIR, **settings).generate(JOB, "x")

        assert (caught.value.__cause__, caught.value.__context__) == (None, None)
        assert PAIR.partner_user_secret not in shown(caught.value)


def test_secret_is_only_in_the_request_body(server, caller):
    server.will_answer(http("export1.csv"))

    caller.client(pair=PAIR).generate(JOB, "x")

    [request] = server.requests
    for secret in (*PAIR.secrets, PASSWORD):
        for form in forms_of(secret):
            assert form not in request.head


def test_secret_echoed_in_a_receipt_is_removed(server, caller):
    feed = FeedUrl("https://hr.example.com/?token=feed-t0ken", "hr", "feed-pa55")
    reason = f"No access to {feed.url} with feed-pa55 for {PAIR.partner_user_id}"
    server.will_answer(
        http(json.dumps({"responseCode": 200, "skippedEmployees": [{"email": "a@example.com", "reason": reason}]}))
    )

    receipt = caller.client(pair=PAIR).update_employees(EmployeeUpdateJob(dry_run=True, feed=feed), None)

    assert receipt.skipped[0].reason == "No access to [removed] with [removed] for [removed]"
    assert receipt.raw["skippedEmployees"][0]["reason"] == receipt.skipped[0].reason


def test_scrubbing_does_not_change_a_file(server, caller):
    content = f"note\n{PAIR.partner_user_id}\n".encode()
    server.will_answer(http(content))
    into = io.BytesIO()

    caller.client(pair=PAIR).download("export1.csv", into, max_bytes=1000)

    assert into.getvalue() == content


@pytest.mark.parametrize(
    "value",
    [
        PAIR,
        JOB,
        EmployeeUpdateJob(dry_run=True, feed=FeedUrl(f"https://hr.example.com/{CANARY}", "hr", CANARY)),
        EmployeeUpdateJob(dry_run=True, feed=FeedSftp("sftp.example.com", "hr", "f.json", CANARY)),
    ],
)
def test_repr_shows_no_secret(value):
    assert CANARY not in repr(value)
    assert "c4n4ry" not in repr(value)


def test_short_secrets_are_not_removed_from_a_message():
    assert scrubber(["abc", ""])("abc and all") == "abc and all"


def test_secret_with_another_as_prefix_is_removed_completely():
    assert scrubber(["portal", "portal-2026"])("portal-2026") == "[removed]"
