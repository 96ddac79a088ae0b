"""Heads of chains outside of the database reveal a log that was rewritten to its end."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from accounts.audit import anchor as audit_anchor
from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.audit.verify import Head, NoHeads, faults, faults_by_heads, read_heads
from accounts.models import AuditEntry, AuditHeads, Team, User
from tests.accounts.audit.logs import chain_of, without_triggers
from tests.accounts.audit.receivers import KEY, WebReceiver

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def kept(tmp_path: Path, settings: Any) -> Path:
    """The file that AUDIT_HEADS names."""
    file = tmp_path / "heads.jsonl"
    settings.AUDIT_HEADS = f"file://{file}"
    return file


def record(team: Team, by: User, count: int) -> None:
    for step in range(count):
        audit.record(Action.TEAM_CHANGED, team, by=by, step=step)


def rewrite_from(team: Team, number: int) -> None:
    """Change an entry and recompute all hashes after it, as somebody with write access could."""
    chain = chain_of(team)
    entries = AuditEntry._base_manager.filter(chain=chain)
    previous = entries.get(number=number).previous_hash
    with without_triggers() as execute:
        for entry in entries.filter(number__gte=number).order_by("number"):
            entry.actor_name, entry.previous_hash = "Mallory", previous
            previous = audit.digest(entry)
            execute(
                "UPDATE accounts_auditentry SET actor_name = %s, previous_hash = %s, hash = %s WHERE id = %s",
                [entry.actor_name, entry.previous_hash, previous, entry.pk],
            )
        execute("UPDATE accounts_auditchain SET head = %s WHERE id = %s", [previous, chain.pk])


def verified(file: Path) -> list[str]:
    """The faults that verify_audit finds in Acme's log, compared with the file."""
    with pytest.raises(CommandError):
        call_command("verify_audit", "acme", heads=str(file))
    return [*faults(chain_of(Team.objects.get(slug="acme")))]


def test_heads_are_appended_to_a_file(acme: Team, umbrella: Team, alice: User, kept: Path) -> None:
    record(acme, alice, 3)
    record(umbrella, alice, 1)

    assert audit_anchor.write(NOON) == 1

    assert [json.loads(line) for line in kept.read_text().splitlines()] == [
        {"day": "2026-11-22", "chain": chain.name, "team": chain.team.slug, "number": chain.length, "hash": chain.head}
        for chain in (chain_of(acme), chain_of(umbrella))
    ]


def test_heads_are_stored_once_a_day(acme: Team, alice: User, kept: Path) -> None:
    record(acme, alice, 1)
    audit_anchor.write(NOON)
    record(acme, alice, 1)
    audit_anchor.write(NOON + timedelta(hours=1))
    audit_anchor.write(NOON + timedelta(days=1))

    assert [(head.day, head.number) for head in read_heads(kept.read_text())] == [("2026-11-22", 1), ("2026-11-23", 2)]


def test_without_audit_heads_nothing_is_written(acme: Team, alice: User, settings: Any) -> None:
    settings.AUDIT_HEADS = ""

    assert audit_anchor.write(NOON) == 0
    assert AuditHeads.objects.count() == 0


def test_undelivered_heads_are_delivered_later_unchanged(
    acme: Team, alice: User, settings: Any, tmp_path: Path
) -> None:
    settings.AUDIT_HEADS = f"file://{tmp_path}/later/heads.jsonl"
    record(acme, alice, 1)
    assert audit_anchor.write(NOON) == 0
    assert AuditHeads.objects.get().error.endswith("heads.jsonl cannot be written: No such file or directory.")
    record(acme, alice, 1)
    (tmp_path / "later").mkdir()

    assert audit_anchor.write(NOON + timedelta(days=1)) == 2

    heads = read_heads((tmp_path / "later/heads.jsonl").read_text())
    assert [(head.day, head.number) for head in heads] == [("2026-11-22", 1), ("2026-11-23", 2)]


def test_heads_are_mailed(acme: Team, alice: User, settings: Any) -> None:
    settings.AUDIT_HEADS = "mailto:audit@acme.example,board@acme.example"
    record(acme, alice, 2)

    audit_anchor.write(NOON)

    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (
        ["audit@acme.example", "board@acme.example"],
        "Heads of the audit log on 2026-11-22",
    )
    chain = chain_of(acme)
    assert read_heads(sent.body) == [Head("2026-11-22", chain.name, 2, chain.head)]


def test_heads_go_to_a_webhook_signed(acme: Team, alice: User, web: WebReceiver, settings: Any) -> None:
    settings.AUDIT_HEADS = f"{web.url}/heads"
    record(acme, alice, 2)

    assert audit_anchor.write(NOON) == 1

    (request,) = web.taken
    at, _, signature = request.headers["X-Portal-Signature"].removeprefix("t=").partition(",v1=")
    signed = hmac.new(KEY.encode(), f"{at}.".encode() + request.body, hashlib.sha256).hexdigest()
    assert (request.path, signature) == ("/heads", signed)
    assert [head.number for head in read_heads(request.body.decode())] == [2]


def test_refused_webhook_is_sent_again(acme: Team, alice: User, web: WebReceiver, settings: Any) -> None:
    settings.AUDIT_HEADS = f"{web.url}/heads"
    record(acme, alice, 1)
    web.answers = [503]

    assert audit_anchor.write(NOON) == 0
    assert AuditHeads.objects.get().error == "127.0.0.1 answered 503."
    assert audit_anchor.write(NOON + timedelta(hours=1)) == 1


# ------------------------------------------------------------ verification


def test_whole_log_matches_its_heads(acme: Team, alice: User, kept: Path) -> None:
    record(acme, alice, 2)
    audit_anchor.write(NOON)
    record(acme, alice, 2)

    call_command("verify_audit", heads=str(kept))


def test_rewritten_end_is_found_with_its_position(
    acme: Team, alice: User, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for day in range(3):
        record(acme, alice, 3)
        audit_anchor.write(NOON + timedelta(days=day))
    rewrite_from(acme, 5)

    assert verified(kept) == []  # without heads the log looks whole
    assert capsys.readouterr().out.splitlines()[1].strip() == (
        "Entry 6 is not the one that was the last on 2026-11-23: the log was rewritten after entry 3 (of 2026-11-22), "
        "which is still the same, and no later than entry 6."
    )


def test_removed_end_is_found(acme: Team, alice: User, kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(acme, alice, 3)
    audit_anchor.write(NOON)
    with without_triggers() as execute:
        execute("DELETE FROM accounts_auditentry WHERE number = 3")
        execute("UPDATE accounts_auditchain SET length = 2, head = %s", [AuditEntry._base_manager.get(number=2).hash])

    assert verified(kept) == []
    assert capsys.readouterr().out.splitlines()[1].strip() == (
        "On 2026-11-22 the log had 3 entries, and now it ends at entry 2: its end was removed."
    )


def test_removed_log_is_found(acme: Team, kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept.write_text(json.dumps({"day": "2026-11-22", "chain": "team 4711", "number": 3, "hash": "a" * 64}))

    with pytest.raises(CommandError):
        call_command("verify_audit", heads=str(kept))
    assert "The log “team 4711” is gone" in capsys.readouterr().out


def test_head_of_another_chain_is_ignored(acme: Team, umbrella: Team, alice: User) -> None:
    record(acme, alice, 1)
    record(umbrella, alice, 1)
    head = Head("2026-11-22", chain_of(umbrella).name, 1, chain_of(umbrella).head)

    assert list(faults_by_heads(chain_of(acme), [head])) == []


@pytest.mark.parametrize("text", ["", "nothing of that kind\n", '{"day": "2026-11-22"}\n', "{broken\n"])
def test_file_without_heads_stops_the_command(text: str) -> None:
    with pytest.raises(NoHeads):
        read_heads(text)


def test_file_that_cannot_be_read_stops_the_command(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("verify_audit", heads=str(tmp_path / "nowhere"))
