"""Streaming entries: in order, at least once, and again after an outage."""

import datetime
import ipaddress
import json
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.test import Client
from django.utils import timezone

from accounts import webhooks
from accounts.audit import record as audit
from accounts.audit import stream as audit_stream
from accounts.audit.record import PORTAL, Action
from accounts.models import AuditEntry, AuditStream, Team, User
from tests.accounts.audit.logs import chain_of
from tests.accounts.audit.receivers import SyslogReceiver, WebReceiver, serving
from tests.waiting import wait_until

HEAD = re.compile(
    rb"<110>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00 localhost portal - audit - (\{.*\})", re.DOTALL
)


@pytest.fixture
def syslog(settings: Any) -> Iterator[SyslogReceiver]:
    with serving(SyslogReceiver()) as receiver:
        settings.AUDIT_STREAM = f"syslog+tcp://127.0.0.1:{receiver.port}"
        yield receiver


def record(team: Team, by: User, *steps: str) -> None:
    for step in steps:
        audit.record(Action.TEAM_CHANGED, team, by=by, step=step)


def steps_of(messages: list[bytes]) -> list[str]:
    steps = []
    for message in messages:
        matched = HEAD.fullmatch(message)
        assert matched, message
        steps.append(json.loads(matched[1])["data"]["step"])
    return steps


def arrived(receiver: SyslogReceiver, count: int) -> list[bytes]:
    """Wait until a server in another thread has received this many, and return them."""
    wait_until(lambda: len(receiver.messages) >= count, seconds=120, every=0.01)
    return receiver.messages


def lines_of(web: WebReceiver) -> list[dict[str, Any]]:
    return [json.loads(line) for request in web.taken for line in request.body.decode().splitlines()]


# ------------------------------------------------------------ order and progress


def test_entries_arrive_once_and_in_order(acme: Team, alice: User, syslog: SyslogReceiver) -> None:
    record(acme, alice, "a", "b", "c")

    assert audit_stream.stream() == 3
    assert audit_stream.stream() == 0
    record(acme, alice, "d")
    audit_stream.stream()

    assert steps_of(arrived(syslog, 4)) == ["a", "b", "c", "d"]
    assert AuditStream.objects.get(chain=chain_of(acme)).number == 4


def test_each_chain_is_streamed(acme: Team, umbrella: Team, alice: User, web: WebReceiver, settings: Any) -> None:
    settings.AUDIT_STREAM = f"{web.url}/audit"
    record(acme, alice, "ours")
    record(umbrella, alice, "theirs")
    audit.record(Action.SIGN_IN_FAILED, None, by=PORTAL, step="the portal's")

    audit_stream.stream()

    entries = [(line["chain"], line["data"]["step"]) for line in lines_of(web)]
    assert entries == [(chain_of(acme).name, "ours"), (chain_of(umbrella).name, "theirs"), ("portal", "the portal's")]


def test_many_entries_are_split_into_several_requests(
    acme: Team, alice: User, web: WebReceiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.AUDIT_STREAM = web.url
    monkeypatch.setattr(audit_stream, "BATCH", 2)
    record(acme, alice, *"abcde")

    assert audit_stream.stream() == 5
    assert [len(request.body.splitlines()) for request in web.taken] == [2, 2, 1]


def test_receiver_gets_everything_after_an_outage(acme: Team, alice: User, syslog: SyslogReceiver) -> None:
    record(acme, alice, "a")
    syslog.resets = 1

    assert audit_stream.stream() == 0
    assert "did not take it" in AuditStream.objects.get().error
    record(acme, alice, "b")
    assert audit_stream.backlog() == 2

    assert audit_stream.stream() == 2
    assert steps_of(arrived(syslog, 2)) == ["a", "b"]
    assert (audit_stream.backlog(), AuditStream.objects.get().error) == (0, "")


def test_refused_request_is_sent_again_unchanged(
    acme: Team, alice: User, web: WebReceiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.AUDIT_STREAM = web.url
    monkeypatch.setattr(audit_stream, "BATCH", 2)
    record(acme, alice, *"abcd")
    web.answers = [200, 500]

    assert audit_stream.stream() == 2
    assert audit_stream.stream() == 2
    assert [line["data"]["step"] for line in lines_of(web)] == ["a", "b", "c", "d"]
    assert [request.body for request in web.refused] == [web.taken[1].body]


def test_chain_claimed_by_another_worker_is_skipped(acme: Team, alice: User, syslog: SyslogReceiver) -> None:
    record(acme, alice, "a")
    AuditStream.objects.create(chain=chain_of(acme), claimed_at=timezone.now())

    assert audit_stream.stream() == 0


def test_chain_of_a_dead_worker_is_claimed_again(acme: Team, alice: User, syslog: SyslogReceiver) -> None:
    record(acme, alice, "a")
    long_ago = timezone.now() - audit_stream.CLAIM - datetime.timedelta(minutes=1)
    AuditStream.objects.create(chain=chain_of(acme), claimed_at=long_ago)

    assert audit_stream.stream() == 1


def test_without_audit_stream_nothing_is_streamed(acme: Team, alice: User, settings: Any) -> None:
    settings.AUDIT_STREAM = ""
    record(acme, alice, "a")

    assert audit_stream.stream() == 0
    assert AuditStream.objects.count() == 0


# ------------------------------------------------------------ messages


def test_receiver_can_compute_the_hash_of_an_entry(acme: Team, alice: User, web: WebReceiver, settings: Any) -> None:
    settings.AUDIT_STREAM = web.url
    with audit.from_address("192.0.2.7"):
        record(acme, alice, "über")

    audit_stream.stream()

    (line,) = lines_of(web)
    entry = AuditEntry._base_manager.get(team=acme)
    again = AuditEntry(
        number=line["number"],
        at=datetime.datetime.fromisoformat(line["at"]),
        team_id=line["team"],
        actor_id=line["actor"],
        actor_name=line["actor_name"],
        address=line["address"],
        action=line["action"],
        target_type=line["target_type"],
        target_id=line["target"],
        target_name=line["target_name"],
        data=line["data"],
        previous_hash=line["previous_hash"],
    )
    assert audit.digest(again) == line["hash"] == entry.hash


def test_text_cannot_inject_a_syslog_message(acme: Team, alice: User, syslog: SyslogReceiver) -> None:
    record(acme, alice, "a\n<110>1 forged\r\n")

    audit_stream.stream()

    (message,) = arrived(syslog, 1)
    assert b"\n" not in message
    assert steps_of([message]) == ["a\n<110>1 forged\r\n"]


def test_syslog_over_udp(acme: Team, alice: User, settings: Any) -> None:
    with serving(SyslogReceiver(datagrams=True)) as receiver:
        settings.AUDIT_STREAM = f"syslog+udp://127.0.0.1:{receiver.port}"
        record(acme, alice, "a", "b")

        assert audit_stream.stream() == 2
        assert steps_of(arrived(receiver, 2)) == ["a", "b"]


def test_entry_too_long_for_a_datagram_is_sent_without_data(acme: Team, alice: User, settings: Any) -> None:
    with serving(SyslogReceiver(datagrams=True)) as receiver:
        settings.AUDIT_STREAM = f"syslog+udp://127.0.0.1:{receiver.port}"
        record(acme, alice, "x" * 70_000)

        audit_stream.stream()

        (message,) = arrived(receiver, 1)
        assert json.loads(HEAD.fullmatch(message)[1])["data"] == {"too_long": True}  # type: ignore[index]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = timezone.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "syslog.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + certificate.public_bytes(pem))
    return file


def test_syslog_over_tls(acme: Team, alice: User, settings: Any, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(SyslogReceiver(tls=context)) as receiver:
        settings.AUDIT_STREAM = f"syslog+tls://127.0.0.1:{receiver.port}"
        settings.AUDIT_STREAM_CA = str(certificate)
        record(acme, alice, "a", "b")

        assert audit_stream.stream() == 2
        assert steps_of(arrived(receiver, 2)) == ["a", "b"]


def test_server_with_an_untrusted_certificate_gets_nothing(
    acme: Team, alice: User, settings: Any, certificate: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(SyslogReceiver(tls=context)) as receiver:
        settings.AUDIT_STREAM = f"syslog+tls://127.0.0.1:{receiver.port}"
        record(acme, alice, "a")

        assert audit_stream.stream() == 0
        assert receiver.messages == []


# ------------------------------------------------------------ refused webhooks


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://0.0.0.0/",
    ],
)
def test_webhook_on_a_private_network_is_refused(settings: Any, url: str) -> None:
    settings.AUDIT_ALLOW_PRIVATE, settings.AUDIT_WEBHOOK_KEY = False, "k" * 32

    with pytest.raises(webhooks.CannotPost, match="on a private network"):
        webhooks.post(url, b"{}", content_type="application/json")


def test_webhook_without_tls_is_refused(settings: Any) -> None:
    settings.AUDIT_ALLOW_PRIVATE, settings.AUDIT_WEBHOOK_KEY = False, "k" * 32

    with pytest.raises(webhooks.CannotPost, match="needs https"):
        webhooks.post("http://93.184.216.34/", b"{}", content_type="application/json")


def test_redirect_is_not_followed(acme: Team, alice: User, web: WebReceiver, settings: Any) -> None:
    settings.AUDIT_STREAM = web.url
    web.answers, web.location = [307], f"{web.url}/elsewhere"
    record(acme, alice, "a")

    assert audit_stream.stream() == 0
    assert ([request.path for request in web.refused], web.taken) == (["/"], [])


# ------------------------------------------------------------ what operators see


def test_readyz_shows_the_backlog(
    acme: Team, alice: User, client: Client, settings: Any, syslog: SyslogReceiver
) -> None:
    record(acme, alice, "a")
    syslog.resets = 1
    audit_stream.stream()

    waiting = client.get("/readyz").json()["audit stream"]
    audit_stream.stream()

    assert waiting.startswith("1 entries wait. 127.0.0.1 did not take it")
    assert client.get("/readyz").json()["audit stream"] == "ok"
