"""Send a request: its format, its permit, and the outcome when it fails."""

import datetime as dt
import itertools
import json
import math
import socket
import ssl
import time
from types import SimpleNamespace

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import expensify.budget.permit
import expensify.wire
from expensify.errors import OutcomeUnknown, PermitExpired, RateLimited, Unreachable
from expensify.jobs.employees import EmployeeUpdateJob
from expensify.jobs.export import MarkAsExported, ReportExport
from expensify.wire import http_client
from tests.expensify.caller import PAIR, Caller
from tests.expensify.scripted import ScriptedServer, http, raw
from tests.servers import free_port
from tests.waiting import wait_until

JOB = ReportExport(report_ids=("R00bCluvcO4T",))
MARKING = ReportExport(report_ids=("R00bCluvcO4T",), on_finish=(MarkAsExported("ERP"),))
TEMPLATE = "${report.total} + 5% & <#t>\n“ü”"


@pytest.fixture
def tls(tmp_path):
    """A server's side of TLS with a certificate that nobody trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


# ------------------------------------------------------------ the request


def test_request_is_a_form_post_with_job_and_template(server, caller):
    server.will_answer(http("export1.csv"))

    caller.client().generate(JOB, TEMPLATE)

    [request] = server.requests
    assert request.line == "POST /Integration-Server/ExpensifyIntegrations HTTP/1.1"
    assert request.form == {"requestJobDescription": [json.dumps(JOB.description(PAIR))], "template": [TEMPLATE]}


def test_request_has_exactly_the_expected_headers(server, caller):
    server.will_answer(http("export1.csv"))

    caller.client().generate(JOB, "x")

    headers = server.requests[0].headers
    assert headers == {
        "host": f"127.0.0.1:{server.port}",
        "content-type": "application/x-www-form-urlencoded",
        "content-length": str(len(server.requests[0].body)),
        "user-agent": "expensify-portal/1",
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "keep-alive",
    }


def test_second_call_reuses_the_connection(server, caller):
    server.will_answer(http("export1.csv", keep=True), http("export2.csv"))

    caller.client().generate(JOB, "x")
    caller.client().generate(JOB, "x")

    assert (len(server.requests), server.connections) == (2, 1)


def test_connection_closed_by_the_server_while_idle_is_replaced(server, caller):
    server.will_answer(http("export1.csv", headers="Connection: keep-alive\r\n"), http("export2.csv"))

    caller.client().generate(JOB, "x")
    wait_until(lambda: server.closed == 1)

    assert caller.client().generate(JOB, "x") == ["export2.csv"]


def test_cookies_are_not_sent_back(server, caller):
    server.will_answer(
        http("export1.csv", headers="Set-Cookie: session=acme; Path=/\r\n", keep=True), http("export2.csv")
    )

    caller.client().generate(JOB, "x")
    caller.client().generate(JOB, "x")

    assert ["cookie" in request.headers for request in server.requests] == [False, False]


def test_proxy_of_the_environment_is_not_used(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    server.will_answer(http("export1.csv"))

    with http_client() as connections:
        assert Caller(server, connections).client().generate(JOB, "x") == ["export1.csv"]


def test_redirect_is_not_followed(server, caller):
    server.will_answer(http(status="307 Temporary Redirect", headers=f"Location: {server.url}\r\n"))

    with pytest.raises(OutcomeUnknown) as caught:
        caller.client().generate(JOB, "x")

    assert (caught.value.code, caught.value.http_status) == ("no_verdict", 307)
    assert len(server.requests) == 1


# ------------------------------------------------------------ the permit


def test_answered_call_uses_its_permit(server, caller):
    server.will_answer(http("export1.csv"))

    caller.client().generate(JOB, "x")

    assert caller.outcome == "answered"


def test_expired_permit_sends_nothing(server, caller):
    with pytest.raises(PermitExpired):
        caller.client(good_until=-math.inf).generate(JOB, "x")

    assert server.requests == []
    assert caller.outcome == "not_sent"
    assert caller.calls == []


def test_permit_is_used_after_the_handshake(tls, monkeypatch):
    clock = SimpleNamespace(now=0.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(expensify.budget.permit, "time", clock)
    server = ScriptedServer(tls=tls, before_handshake=lambda: setattr(clock, "now", 0.6))
    server.will_answer(http("export1.csv"))

    with http_client(verify=False) as connections:
        caller = Caller(server, connections)
        with pytest.raises(PermitExpired):
            caller.client(good_until=0.5).generate(JOB, "x")

    assert (server.connections, server.requests) == (1, [])
    assert caller.outcome == "not_sent"


def test_client_makes_one_call_only(server, caller):
    server.will_answer(http("export1.csv"), http("export2.csv"))
    client = caller.client()
    client.generate(JOB, "x")

    with pytest.raises(RuntimeError):
        client.generate(JOB, "x")

    assert (len(server.requests), len(caller.calls)) == (1, 1)


def test_permit_used_elsewhere_sends_nothing(server, caller):
    client = caller.client()
    caller.permit.use()

    with pytest.raises(RuntimeError):
        client.generate(JOB, "x")

    assert server.requests == []


def test_transport_without_trace_events_is_rejected(caller):
    deaf = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, text="export1.csv")))

    with pytest.raises(RuntimeError):
        caller.client(http=deaf).generate(JOB, "x")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Retry-After: 17\r\n", 17.0),
        ("Retry-After: 0\r\n", 0.0),
        ("Retry-After: Thu, 01 Jan 2015 00:00:00 GMT\r\n", 0.0),
        ("Retry-After: soon\r\n", None),
        ("Retry-After: -5\r\n", None),
        ("Retry-After: inf\r\n", None),
        ("", None),
    ],
)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("429 Too Many Requests", "<html>slow down</html>"),
        ("200 OK", '{"responseCode": 429, "responseMessage": "You have been rate-limited."}'),
        ("429 Too Many Requests", '{"responseCode": "429", "responseMessage": "You have been rate-limited."}'),
    ],
)
def test_both_forms_of_429_pass_retry_after_to_the_permit(server, caller, status, body, header, seconds):
    server.will_answer(http(body, status, header))

    with pytest.raises(RateLimited) as caught:
        caller.client().policies()

    assert caught.value.retry_after == seconds
    assert caller.permit.done is not None
    assert (caller.permit.done.outcome, caller.permit.done.retry_after) == ("refused", seconds)


def test_retry_after_as_a_date_counts_from_now(server, caller):
    before = dt.datetime.now(dt.UTC)
    at = (before + dt.timedelta(hours=1)).replace(microsecond=0)
    header = f"Retry-After: {at:%a, %d %b %Y %H:%M:%S} GMT\r\n"
    server.will_answer(http("", "429 Too Many Requests", header))

    with pytest.raises(RateLimited) as caught:
        caller.client().policies()

    after = dt.datetime.now(dt.UTC)
    assert caught.value.retry_after is not None
    assert (at - after).total_seconds() <= caught.value.retry_after <= (at - before).total_seconds()


@pytest.mark.parametrize("hours", [-1, 1])
def test_retry_after_as_a_date_counts_from_the_servers_clock(server, caller, hours):
    theirs = dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)
    until = theirs + dt.timedelta(seconds=45)
    header = "".join(
        f"{name}: {at:%a, %d %b %Y %H:%M:%S} GMT\r\n" for name, at in {"Date": theirs, "Retry-After": until}.items()
    )
    server.will_answer(http("", "429 Too Many Requests", header))

    with pytest.raises(RateLimited) as caught:
        caller.client().policies()

    assert caught.value.retry_after == 45


def test_429_with_truncated_body_is_rate_limited(server, caller):
    server.will_answer(raw(b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 500\r\n\r\n{"))

    with pytest.raises(RateLimited):
        caller.client().policies()


# ------------------------------------------------------------ never left, or no answer


def test_refused_connection_sends_nothing(caller):
    url = f"http://127.0.0.1:{free_port()}/"

    with pytest.raises(Unreachable):
        caller.client(url=url).generate(MARKING, "x")

    assert caller.outcome == "not_sent"


def test_unknown_host_sends_nothing(caller):
    with pytest.raises(Unreachable):
        caller.client(url="http://portal.invalid/").generate(MARKING, "x")

    assert caller.outcome == "not_sent"


def test_untrusted_certificate_sends_nothing(tls):
    server = ScriptedServer(tls=tls)
    with http_client() as connections:
        caller = Caller(server, connections)
        with pytest.raises(Unreachable):
            caller.client().generate(MARKING, "x")

    assert server.requests == []
    assert caller.outcome == "not_sent"


def test_connection_timeout_sends_nothing(caller):
    # A full backlog: the kernel answers nothing to further handshakes.
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        impatient = httpx.Client(trust_env=False, event_hooks={"request": [_hurry]})

        with impatient, pytest.raises(Unreachable):
            caller.client(http=impatient, url=f"http://127.0.0.1:{full.getsockname()[1]}/").generate(MARKING, "x")

    assert caller.outcome == "not_sent"


def _hurry(request: httpx.Request) -> None:
    request.extensions["timeout"]["connect"] = 0.3


@pytest.mark.parametrize(
    "reply",
    [raw(), raw(b"HTTP/1.1 200"), raw(b"\x00\x01 not HTTP at all \r\n\r\n")],
    ids=["closed", "cut in the status line", "not HTTP"],
)
def test_request_without_an_answer_has_an_unknown_outcome(server, caller, reply):
    server.will_answer(reply)

    with pytest.raises(OutcomeUnknown) as caught:
        caller.client().generate(MARKING, "x")

    assert (caught.value.code, caught.value.http_status) == ("no_answer", None)
    assert len(server.requests) == 1
    assert caller.outcome == "unanswered"


def test_timeout_after_a_request_has_an_unknown_outcome(server, caller):
    server.will_answer(raw(server.silence))

    with pytest.raises(OutcomeUnknown) as caught:
        caller.client(answer_seconds=0.2).generate(MARKING, "x")

    assert (caught.value.code, caught.value.http_status) == ("no_answer", None)
    assert caller.outcome == "unanswered"
    wait_until(lambda: len(server.requests) == 1)
    assert server.closed == 0


def test_slow_answer_is_stopped(server, caller, monkeypatch):
    """A tenth of the time passes whenever the client reads its clock: at the start and after each piece."""
    looks = itertools.count()
    seen = [0]

    def monotonic():
        seen[0] = next(looks)
        return 10.0 * seen[0]

    def drip():
        for number, character in enumerate(b"export1.csv"):
            yield bytes([character])
            yield lambda number=number: server.wait_for(lambda: seen[0] > number)

    monkeypatch.setattr(expensify.wire, "time", SimpleNamespace(monotonic=monotonic))
    server.will_answer(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", *drip()))

    with pytest.raises(OutcomeUnknown) as caught:
        caller.client(answer_seconds=45).generate(MARKING, "x")

    assert caught.value.code == "too_slow"
    assert caller.calls[0].bytes_received == 5


def test_interrupted_call_is_reported_and_recorded(server, caller):
    class TimeLimit(BaseException):
        pass

    def interrupt(_: int) -> None:
        raise TimeLimit

    server.will_answer(http(b"a,b\n"))

    with open("/dev/null", "wb") as nowhere, pytest.raises(TimeLimit):
        caller.client().download("export1.csv", nowhere, max_bytes=100, progress=interrupt)

    assert caller.outcome == "answered"
    assert [call.message for call in caller.calls] == ["The portal aborted the call."]


# ------------------------------------------------------------ what is said and recorded


def test_unknown_outcome_of_a_marking_job_needs_a_person(server, caller):
    server.will_answer(raw())

    with pytest.raises(OutcomeUnknown) as caught:
        caller.client().generate(MARKING, "x")

    assert caught.value.sentence == (
        "The request was sent, but Expensify did not answer. It may or may not have been carried out. "
        "Look in Expensify whether the change was made before you repeat it."
    )


@pytest.mark.parametrize("job", [JOB, EmployeeUpdateJob(dry_run=True)])
def test_unknown_outcome_of_a_read_only_job_is_repeatable(server, caller, job):
    server.will_answer(raw())
    client = caller.client()

    with pytest.raises(OutcomeUnknown) as caught:
        client.generate(job, "x") if isinstance(job, ReportExport) else client.update_employees(job, [])

    assert caught.value.sentence == (
        "The request was sent, but Expensify did not answer. "
        "It can be repeated without harm: nothing at Expensify is marked or changed by it."
    )


def test_successful_call_is_recorded(server, caller):
    server.will_answer(http('{"responseCode": 200, "responseMessage": "OK", "policyList": []}'))
    before, began = dt.datetime.now(dt.UTC), time.monotonic()

    caller.client().policies()

    after, took = dt.datetime.now(dt.UTC), time.monotonic() - began
    [call] = caller.calls
    assert (call.kind, call.http_status, call.response_code, call.message, call.bytes_received) == (
        "policy_list", 200, 200, "OK", 64,
    )  # fmt: skip
    assert before <= call.sent_at <= after
    assert 0 < call.seconds <= took


def test_rejected_call_is_recorded_with_the_apis_message(server, caller):
    server.will_answer(http('{"responseCode": 410, "responseMessage": "Required parameter\\n is missing"}'))

    with pytest.raises(Exception, match="Required"):
        caller.client().generate(JOB, "x")

    [call] = caller.calls
    assert (call.kind, call.http_status, call.response_code, call.message) == (
        "generate", 200, 410, "Required parameter is missing",
    )  # fmt: skip


def test_unsent_call_is_recorded_with_the_portals_sentence(caller):
    with pytest.raises(Unreachable):
        caller.client(url=f"http://127.0.0.1:{free_port()}/").generate(JOB, "x")

    [call] = caller.calls
    assert (call.http_status, call.response_code, call.message) == (None, None, Unreachable().sentence)


def test_recorded_message_is_cut_at_500_characters(server, caller):
    server.will_answer(http(json.dumps({"responseCode": 500, "responseMessage": "long" * 400})))

    with pytest.raises(Exception, match="long"):
        caller.client().generate(JOB, "x")

    assert len(caller.calls[0].message) == 500
