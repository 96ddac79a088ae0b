"""Trimming replaces old entries by a signed summary, and nothing else removes entries."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from accounts import teams
from accounts.audit import record as audit
from accounts.audit import trim as audit_trim
from accounts.audit.record import Action
from accounts.audit.verify import faults
from accounts.models import AuditEntry, AuditStream, AuditSummary, Team, User
from tests.accounts.audit.logs import chain_of, entries_of, record_steps, without_triggers


@pytest.fixture
def old(acme: Team, alice: User, monkeypatch: pytest.MonkeyPatch) -> list[AuditEntry]:
    """Four entries older than Acme's retention, and two newer ones."""
    acme.audit_kept_days = 365
    acme.save(update_fields=["audit_kept_days"])
    written = record_steps(acme, alice, 4, monkeypatch, days_ago=400)
    record_steps(acme, alice, 2, monkeypatch, days_ago=300)
    return written


def trim(team: Team) -> int:
    return audit_trim.trim(team, timezone.now())


def forged(old: list[AuditEntry], **changed: Any) -> AuditSummary:
    """A summary of the four, forged by somebody without SECRET_KEY."""
    fields = {
        "chain": old[0].chain,
        "first": 1,
        "last": 4,
        "first_at": old[0].at,
        "last_at": old[3].at,
        "previous_hash": old[0].previous_hash,
        "last_hash": old[3].hash,
        "actions": {"team changed": 4},
        "made_at": timezone.now(),
        "signature": "0" * 64,
    }
    return AuditSummary(**(fields | changed))


def test_old_entries_are_replaced_by_a_summary(acme: Team, old: list[AuditEntry]) -> None:
    assert trim(acme) == 4

    summary = chain_of(acme).summaries.get()
    assert entries_of(acme) == [5, 6, 7]
    assert (summary.first, summary.last, summary.actions) == (1, 4, {"team changed": 4})
    assert (summary.first_at, summary.last_at) == (old[0].at, old[3].at)
    assert (summary.previous_hash, summary.last_hash) == ("0" * 64, old[3].hash)
    assert faults(chain_of(acme)) == []


def test_trimming_is_recorded(acme: Team, old: list[AuditEntry]) -> None:
    trim(acme)

    entry = AuditEntry._base_manager.get(team=acme, action=Action.AUDIT_TRIMMED)
    summary = chain_of(acme).summaries.get()
    assert (entry.actor_name, entry.data["count"], entry.data["last_hash"], entry.data["signature"]) == (
        "The portal",
        4,
        old[3].hash,
        summary.signature,
    )


def test_trimming_twice_removes_nothing_more(acme: Team, old: list[AuditEntry]) -> None:
    trim(acme)

    assert (trim(acme), entries_of(acme)) == (0, [5, 6, 7])


def test_next_summary_continues_after_the_last_one(
    acme: Team, old: list[AuditEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    trim(acme)
    acme.audit_kept_days = 200
    acme.save(update_fields=["audit_kept_days"])

    assert trim(acme) == 2
    assert [(summary.first, summary.last) for summary in chain_of(acme).summaries.all()] == [(1, 4), (5, 6)]
    assert faults(chain_of(acme)) == []


def test_many_entries_are_split_into_several_summaries(
    acme: Team, old: list[AuditEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_trim, "MAX_ENTRIES", 3)

    assert trim(acme) == 4
    assert [(summary.first, summary.last) for summary in chain_of(acme).summaries.all()] == [(1, 3), (4, 4)]
    assert faults(chain_of(acme)) == []


def test_team_without_retention_keeps_everything(acme: Team, old: list[AuditEntry]) -> None:
    acme.audit_kept_days = None
    acme.save(update_fields=["audit_kept_days"])

    assert audit_trim.trim_all(timezone.now()) == 0
    assert entries_of(acme) == [1, 2, 3, 4, 5, 6]


def test_other_teams_entries_stay(
    acme: Team, umbrella: Team, old: list[AuditEntry], alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_steps(umbrella, alice, 3, monkeypatch, days_ago=4000)

    audit_trim.trim_all(timezone.now())

    assert entries_of(umbrella) == [1, 2, 3]


def test_last_entry_is_kept_however_old(acme: Team, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    acme.audit_kept_days = 365
    acme.save(update_fields=["audit_kept_days"])
    record_steps(acme, alice, 3, monkeypatch, days_ago=400)

    trim(acme)

    assert entries_of(acme) == [3, 4]


def test_entries_about_trimming_alone_are_not_trimmed(
    acme: Team, old: list[AuditEntry], alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = timezone.now() - timedelta(days=500)
    with monkeypatch.context() as clock:
        clock.setattr(timezone, "now", lambda: at)
        quiet = Team.objects.create(name="Quiet", slug="quiet", audit_kept_days=365)
        audit.record(Action.AUDIT_TRIMMED, quiet, by=audit.PORTAL)
    audit.record(Action.TEAM_CHANGED, quiet, by=alice)

    assert trim(quiet) == 0


def test_unstreamed_entries_are_kept(acme: Team, old: list[AuditEntry], settings: Any) -> None:
    settings.AUDIT_STREAM = "syslog+udp://127.0.0.1:9"
    AuditStream.objects.create(chain=chain_of(acme), number=2)

    trim(acme)

    assert entries_of(acme) == [3, 4, 5, 6, 7]


def test_command_records_the_operating_system_user(
    acme: Team, old: list[AuditEntry], capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("trim_audit", "acme")

    entry = AuditEntry._base_manager.get(team=acme, action=Action.AUDIT_TRIMMED)
    assert entry.actor_name == audit.operator().name
    assert capsys.readouterr().out == "Entries of Acme replaced by a signed summary: 4.\n"


def test_command_refuses_a_team_without_retention(acme: Team) -> None:
    with pytest.raises(CommandError, match="keeps its audit log for good"):
        call_command("trim_audit", "acme")


# ------------------------------------------------------------ rejected by the database


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM accounts_auditentry WHERE number = 5",
        "UPDATE accounts_auditentry SET actor_name = 'Mallory' WHERE number = 5",
        "UPDATE accounts_auditsummary SET signature = 'x'",
        "DELETE FROM accounts_auditsummary",
    ],
)
def test_nothing_else_is_removed_or_changed(acme: Team, old: list[AuditEntry], statement: str) -> None:
    trim(acme)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.parametrize(
    "changed",
    [
        {"first": 2},  # leaves the first entry without a summary
        {"last": 5},  # an entry within the retention
        {"last": 3},  # not the hash of that entry
        {"last_hash": "f" * 64},
        {"previous_hash": "f" * 64},
        {"last": 400},  # entries that do not exist yet
    ],
)
def test_summary_that_does_not_match_the_entries_is_refused(
    acme: Team, old: list[AuditEntry], changed: dict[str, Any]
) -> None:
    with pytest.raises(DatabaseError, match="has to fit"), transaction.atomic():
        forged(old, **changed).save()


def test_summary_is_refused_for_a_team_without_retention(acme: Team, old: list[AuditEntry]) -> None:
    acme.audit_kept_days = None
    acme.save(update_fields=["audit_kept_days"])

    with pytest.raises(DatabaseError, match="has to fit"), transaction.atomic():
        forged(old).save()


def test_entries_are_summarised_once(acme: Team, old: list[AuditEntry]) -> None:
    trim(acme)

    with pytest.raises(DatabaseError, match="has to fit"), transaction.atomic():
        forged(old).save()


# ------------------------------------------------------------ found by verify_audit


def test_forged_summary_is_found(acme: Team, old: list[AuditEntry]) -> None:
    forged(old).save()
    AuditEntry._base_manager.filter(team=acme, number__lte=4).delete()

    (sentence,) = faults(chain_of(acme))
    assert sentence.startswith("The summary of entries 1 to 4 was not written by the portal")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE accounts_auditsummary SET actions = '{\"team changed\": 3}'",
        f"UPDATE accounts_auditsummary SET previous_hash = '{'f' * 64}'",
        "UPDATE accounts_auditsummary SET last_at = '2026-01-01 00:00:00+00:00'",
    ],
)
def test_changed_summary_is_found(acme: Team, old: list[AuditEntry], change: str) -> None:
    trim(acme)
    with without_triggers() as execute:
        execute(change)

    assert faults(chain_of(acme))[0].startswith("The summary of entries 1 to 4 was not written by the portal")


def test_removed_summary_is_found(acme: Team, old: list[AuditEntry]) -> None:
    trim(acme)
    with without_triggers() as execute:
        execute("DELETE FROM accounts_auditsummary")

    assert faults(chain_of(acme))[0] == "Entries 1 to 4 are missing."


def test_removed_first_of_two_summaries_is_found(
    acme: Team, old: list[AuditEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_trim, "MAX_ENTRIES", 2)
    trim(acme)
    with without_triggers() as execute:
        execute("DELETE FROM accounts_auditsummary WHERE first = 1")

    assert faults(chain_of(acme)) == ["The summary before the one of entries 3 to 4 was removed."]


def test_entry_inserted_where_entries_were_summarised_is_found(acme: Team, old: list[AuditEntry]) -> None:
    trim(acme)
    old[1].pk = None
    old[1].actor_name = "Mallory"
    old[1].save(force_insert=True)

    assert faults(chain_of(acme)) == ["Entry 2 was put in where entries had been summarised and removed."]


def test_entry_removed_after_the_summary_is_found(acme: Team, old: list[AuditEntry]) -> None:
    trim(acme)
    with without_triggers() as execute:
        execute("DELETE FROM accounts_auditentry WHERE number = 5")

    assert faults(chain_of(acme))[0] == "Entries 5 to 5 are missing."


def test_summary_signed_with_an_old_key_is_valid(acme: Team, old: list[AuditEntry], settings: Any) -> None:
    trim(acme)
    former, settings.SECRET_KEY = settings.SECRET_KEY, "demo-another-" + "z" * 50
    assert len(faults(chain_of(acme))) == 1

    settings.AUDIT_OLD_SECRET_KEYS = [former]

    assert faults(chain_of(acme)) == []


def test_command_says_how_many_are_summarised(
    acme: Team, old: list[AuditEntry], capsys: pytest.CaptureFixture[str]
) -> None:
    trim(acme)

    call_command("verify_audit", "acme")

    expected = "The log of Acme is whole (entries: 7, of which 4 are summarised).\n"
    assert capsys.readouterr().out == expected


# ------------------------------------------------------------ retention settings


def test_admin_changes_the_retention_and_it_is_logged(acme: Team, alice: User) -> None:
    teams.change(acme, audit_kept_days=400, by=alice)

    entry = AuditEntry._base_manager.filter(team=acme).latest("number")
    assert entry.data == {"audit_kept_days": {"before": None, "after": 400}}
