"""Success or error: the meaning of an answer, whatever its HTTP status and content type."""

import json
import pickle

import pytest

from expensify import errors
from expensify.errors import (
    Invalid,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    PermitExpired,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreachable,
)
from expensify.jobs.export import ReportExport
from tests.expensify.scripted import http, raw

JOB = ReportExport(report_ids=("50352738",))


def envelope(code: object, message: str) -> str:
    return json.dumps({"responseMessage": message, "responseCode": code})


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (404, "Authentication error", Unauthorized),
        (403, "No authentication method specified", Unauthorized),
        (404, "File not found", NotFound),
        (404, "Policy not found", NotFound),
        (403, "Authentication error", NotAllowed),
        (404, "No authentication method specified", NotFound),
        (403, "You are not an administrator of this domain", NotAllowed),
        (410, "Argument 'type' is missing or malformed", Invalid),
        (429, "You have been rate-limited.", RateLimited),
        (500, "Not authorized to authenticate as user user@domain.com", Rejected),
        (666, "Rule already exists with those actions, please update rule 7", Rejected),
        (500, "Column EmployeeEmail not found in CSV header", Rejected),
        (500, "Required parameter 'policyName' is missing", Rejected),
        (410, "Not one of the known messages", Invalid),
        (400, "Bad request", Rejected),
        (
            500,
            "You have been rate-limited. Please try again later or contact help@expensify.com for assistance.",
            RateLimited,
        ),
        (500, "", OutcomeUnknown),
        (500, "Internal error", OutcomeUnknown),
        (500, "Required parameter 'x' is missing, after 3 reports were marked", OutcomeUnknown),
        (500, "Error encountered while trying to write reconcilation report to file.", OutcomeUnknown),
        (503, "Later", OutcomeUnknown),
        (666, "Something else", OutcomeUnknown),
        (207, "Some were skipped", OutcomeUnknown),
        (0, "", OutcomeUnknown),
    ],
)
@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "500 Internal Server Error"])
def test_code_in_the_envelope_outranks_the_http_status(server, caller, status, code, message, expected):
    server.will_answer(http(envelope(code, message), status))

    with pytest.raises(errors.ExpensifyError) as caught:
        caller.client().generate(JOB, "x")

    error = caught.value
    assert (type(error), error.message, error.response_code) == (expected, message, code)
    assert error.http_status == int(status[:3])


@pytest.mark.parametrize("code", [410, "410", "410.0", 410.0, " 410 "])
def test_code_may_be_a_number_or_text(server, caller, code):
    server.will_answer(http(envelope(code, "Malformed date")))

    with pytest.raises(Invalid) as caught:
        caller.client().policies()

    assert caught.value.response_code == 410


@pytest.mark.parametrize("code", [200, "200", "200.0", 200.0])
def test_success_may_be_a_number_or_text(server, caller, code):
    server.will_answer(http(json.dumps({"responseCode": code, "policyList": []})))

    assert caller.client().policies() == []


@pytest.mark.parametrize("code", [None, True, "", "two hundred", 200.5, "2e2", [200], {}, 10**30])
def test_non_numeric_code_has_an_unknown_outcome(server, caller, code):
    server.will_answer(http(json.dumps({"responseCode": code, "filename": "export1.csv"})))

    with pytest.raises(OutcomeUnknown) as caught:
        caller.client().generate(JOB, "x")

    assert caught.value.code == "unreadable"


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        ("200 OK", "Something went wrong", OutcomeUnknown),
        ("200 OK", "You have been rate-limited.", RateLimited),
        ("200 OK", "Authentication error", Unauthorized),
        ("403 Forbidden", "Not your domain", NotAllowed),
        ("429 Too Many Requests", "Later", RateLimited),
        ("500 Internal Server Error", "Error", OutcomeUnknown),
        ("500 Internal Server Error", "Malformed date '16-01-01'. Expected format is yyyy-MM-dd", Rejected),
    ],
)
def test_message_without_a_code_is_an_error(server, caller, status, message, expected):
    server.will_answer(http(json.dumps({"responseMessage": message}), status))

    with pytest.raises(errors.ExpensifyError) as caught:
        caller.client().generate(JOB, "x")

    assert (type(caught.value), caught.value.message) == (expected, message)


@pytest.mark.parametrize("body", ["<html><h1>Error</h1></html>", "", "export1.csv", envelope(200, "OK")])
@pytest.mark.parametrize(
    ("status", "expected", "code"),
    [
        ("400 Bad Request", Rejected, "rejected"),
        ("401 Unauthorized", Rejected, "rejected"),
        ("403 Forbidden", NotAllowed, "not_allowed"),
        ("404 Not Found", NotFound, "not_found"),
        ("410 Gone", Invalid, "invalid"),
        ("429 Too Many Requests", RateLimited, "rate_limited"),
        ("500 Internal Server Error", OutcomeUnknown, "no_verdict"),
        ("503 Service Unavailable", OutcomeUnknown, "no_verdict"),
        ("504 Gateway Timeout", OutcomeUnknown, "no_verdict"),
        ("302 Found", OutcomeUnknown, "no_verdict"),
    ],
)
def test_http_error_without_an_error_envelope_counts_by_its_status(server, caller, status, expected, code, body):
    server.will_answer(http(body, status))

    with pytest.raises(errors.ExpensifyError) as caught:
        caller.client().generate(JOB, "x")

    assert (type(caught.value), caught.value.code) == (expected, code)


@pytest.mark.parametrize("status", ["200 OK", "500 Internal Server Error", "503 Service Unavailable"])
def test_rate_limit_as_plain_text_means_wait(server, caller, status):
    sentence = "You have been rate-limited. Please try again later or contact help@expensify.com for assistance."
    server.will_answer(http(f"{sentence}\n", status))

    with pytest.raises(RateLimited) as caught:
        caller.client().generate(JOB, "x")

    assert caught.value.message == sentence
    assert caller.outcome == "refused"


def test_truncated_http_error_counts_by_its_status(server, caller):
    server.will_answer(raw(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 500\r\n\r\n<html"))

    with pytest.raises(NotAllowed):
        caller.client().generate(JOB, "x")


def test_truncated_answer_has_an_unknown_outcome(server, caller):
    server.will_answer(raw(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"responseCode": 410}'))

    with pytest.raises(OutcomeUnknown) as caught:
        caller.client().generate(JOB, "x")

    assert (caught.value.code, caught.value.http_status) == ("truncated", 200)


def test_message_is_one_printable_line(server, caller):
    server.will_answer(http(envelope(500, "a\r\nb\t\0c\u202ed \ud800e")))

    with pytest.raises(OutcomeUnknown) as caught:
        caller.client().policies()

    assert caught.value.message == "a b \ufffdc d \ufffde"


def test_envelope_with_a_byte_order_mark_and_wrong_bytes_is_read(server, caller):
    server.will_answer(http(b'\xef\xbb\xbf{"responseCode": 410, "responseMessage": "Z\xfcrich"}'))

    with pytest.raises(Invalid) as caught:
        caller.client().policies()

    assert caught.value.message == "Z�rich"


@pytest.mark.parametrize(
    "error",
    [
        RateLimited("slow", retry_after=3.5, http_status=429),
        OutcomeUnknown(code="truncated", http_status=200),
        NotFound("gone", code="not_ready", happened="Gone.", advice="Wait.", response_code=404),
        PermitExpired(),
        Unreachable(),
    ],
)
def test_error_can_be_pickled(error):
    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
    assert (copy.code, copy.sentence) == (error.code, error.sentence)
