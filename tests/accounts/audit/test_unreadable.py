"""Rows of the audit log that somebody damaged: each is named, and the check goes on behind it."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.audit import record as audit
from accounts.audit import verify as audit_verify
from accounts.audit.record import Action
from accounts.models import AuditEntry, Team, User
from tests.accounts.audit.logs import chain_of, without_triggers

WHOLE = {
    "data": "'{not json'",
    "at": "'yesterday'",
    "hash": "'short'",
    "actor_name": "CAST(x'ff00ff' AS TEXT)",
    "target_id": "'a word'",
}


@pytest.mark.parametrize("column", WHOLE)
def test_unreadable_row_is_named_and_hides_nothing(acme: Team, alice: User, column: str) -> None:
    if connection.vendor == "postgresql":
        pytest.skip("Postgres stores no value of another type.")
    numbers = [audit.record(Action.TEAM_CHANGED, acme, by=alice, step=step).number for step in range(5)]
    with without_triggers() as execute:
        execute("PRAGMA ignore_check_constraints = ON")
        execute(f"UPDATE accounts_auditentry SET {column} = {WHOLE[column]} WHERE number = %s", [numbers[1]])
        execute("UPDATE accounts_auditentry SET target_name = 'other' WHERE number = %s", [numbers[3]])
        execute("PRAGMA ignore_check_constraints = OFF")

    sentences = audit_verify.faults(chain_of(acme))

    assert any(sentence.startswith(f"Entry {numbers[1]} ") for sentence in sentences)
    assert f"Entry {numbers[3]} was changed after it was written." in sentences
    assert not [sentence for sentence in sentences if sentence.startswith(f"Entry {numbers[0]} ")]


def test_command_names_the_row_and_checks_the_other_logs(acme: Team, umbrella: Team, alice: User) -> None:
    if connection.vendor == "postgresql":
        pytest.skip("Postgres stores no value of another type.")
    number = audit.record(Action.TEAM_CHANGED, acme, by=alice).number
    audit.record(Action.TEAM_CHANGED, umbrella, by=alice)
    with without_triggers() as execute:
        execute("PRAGMA ignore_check_constraints = ON")
        execute(
            "UPDATE accounts_auditentry SET actor_name = CAST(x'ff00ff' AS TEXT) WHERE number = %s AND team_id = %s",
            [number, acme.pk],
        )
        execute("PRAGMA ignore_check_constraints = OFF")
    output = io.StringIO()

    with pytest.raises(CommandError, match=r"^1 of \d logs are not whole\.$"):
        call_command("verify_audit", stdout=output)

    assert f"Entry {number} cannot be read" in output.getvalue()
    assert "The log of Umbrella is whole" in output.getvalue()


def test_chunks_meet(acme: Team, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_verify, "CHUNK", 2)
    for step in range(5):
        audit.record(Action.TEAM_CHANGED, acme, by=alice, step=step)

    assert audit_verify.faults(chain_of(acme)) == []
    assert AuditEntry._base_manager.filter(team=acme).count() == 5
