"""For any bytes in an answer, the client returns a result or raises one of its own errors."""

import io
import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expensify.client import Client
from expensify.errors import ExpensifyError
from expensify.jobs.employees import EmployeeUpdateJob
from expensify.jobs.export import ReportExport
from expensify.wire import http_client
from tests.expensify.caller import Caller
from tests.expensify.scripted import Reply, ScriptedServer, http, raw

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "responseCode", "responseMessage", "filename", "policyList", "policyInfo", "id", "tags",
                    "categories", "diff", "diffToAdd", "skippedEmployees", "updatedEmployeesCount", "x",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)  # fmt: skip
# A verdict of success in front lets the shapes behind it be read.
OBJECT = st.builds(lambda value: {"responseCode": 200, **value} if isinstance(value, dict) else value, JSON)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "Content-Length", "Transfer-Encoding", "Content-Encoding", "Content-Type", "Retry-After",
                "Location", "Set-Cookie", "Connection", "Upgrade", "Date", "X",
            ]
        ),
        st.sampled_from(
            [
                "0", "5", "99999999999999999999", "-1", "chunked", "gzip", "br", "close", "http://[", "//:x",
                "http://ex ample/\x7f", "a=b; Expires=x; Max-Age=1e9", "Thu, 99 Foo 0000 99:99:99 +9999", "1e999",
            ]
        )
        | st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=12),
    ),
    max_size=4,
)  # fmt: skip

CALLS = [
    lambda client: client.generate(ReportExport(report_ids=("1",)), "x"),
    lambda client: client.generate(ReportExport(report_ids=("1",), file_extension="pdf"), "x"),
    lambda client: client.download("export1.csv", io.BytesIO(), max_bytes=100),
    lambda client: client.policies(),
    lambda client: client.policy(["A"], ["tags"]),
    lambda client: client.update_employees(EmployeeUpdateJob(dry_run=False), []),
]


@pytest.fixture(scope="module")
def everyone():
    server = ScriptedServer()
    with http_client() as connections:
        yield Caller(server, connections)
    server.stop()


def hold(caller: Caller, reply: Reply, call: Callable[[Client], object]) -> None:
    """Make the call; fail on any other error, and on a record or message that a database cannot store."""
    caller.calls.clear()
    caller.server.replies.clear()
    caller.server.will_answer(reply)
    told: list[str] = []
    try:
        call(caller.client())
    except ExpensifyError as error:
        told = [error.message, error.sentence, error.code]

    [recorded] = caller.calls
    for text in (*told, recorded.message):
        assert text.encode("utf-8").isascii() or text.isprintable()
        assert "\0" not in text
    assert caller.outcome in {"answered", "refused", "unanswered"}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(noise=st.binary(max_size=400), call=st.sampled_from(CALLS))
def test_random_bytes_give_a_result_or_client_error(everyone, noise, call):
    hold(everyone, raw(noise), call)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(status=st.integers(100, 599), headers=HEADERS, body=st.binary(max_size=200), call=st.sampled_from(CALLS))
def test_false_headers_give_a_result_or_client_error(everyone, status, headers, body, call):
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    hold(everyone, raw(f"HTTP/1.1 {status} x\r\n{lines}\r\n".encode("latin-1") + body), call)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    status=st.sampled_from(["200 OK", "200 OK", "404 Not Found", "429 Too Many Requests", "500 Oops"]),
    value=OBJECT,
    call=st.sampled_from(CALLS),
)
def test_json_of_any_shape_gives_a_result_or_client_error(everyone, status, value, call):
    hold(everyone, http(json.dumps(value), status, keep=True), call)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "body",
    [
        b'{"responseCode": ' + b"9" * 5000 + b"}",
        b'{"responseCode": 200, "policyList": ' + b"[" * 50_000,
        b'{"responseCode": 200, "policyInfo": ' + b'{"A":' * 600 + b"{}" + b"}" * 601,
        b'{"responseCode": Infinity}',
        b'{"responseCode": NaN, "responseMessage": NaN}',
        b'{"responseMessage": "' + b"\\ud800" * 1000 + b'", "responseCode": 500}',
        b"\xff\xfe{\x00}\x00",
    ],
)
def test_malicious_json_gives_a_result_or_client_error(everyone, call, body):
    hold(everyone, http(body), call)
