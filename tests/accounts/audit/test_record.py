import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.db import DatabaseError, connection, transaction
from django_scopes import scope

from accounts.audit import record as audit
from accounts.audit import verify as audit_verify
from accounts.audit.record import PORTAL, Action, Actor
from accounts.models import AuditChain, AuditEntry, Team, User
from tests.accounts.audit.logs import without_triggers
from tests.factories import make_credential


def chain_of(team: Team | None) -> AuditChain:
    return AuditChain.objects.get(name=AuditChain.name_for(team))


def three_entries(team: Team, by: User) -> list[AuditEntry]:
    return [audit.record(Action.TEAM_CHANGED, team, by=by, step=step) for step in range(3)]


# ------------------------------------------------------------ entries


def test_entry_says_who_did_what_to_which_object_from_where(acme: Team, alice: User) -> None:
    credential = make_credential(acme)
    with audit.from_address("192.0.2.7"):
        entry = audit.record(Action.CREDENTIAL_ADDED, credential, by=alice, name="Main")

    entry.refresh_from_db()
    assert (entry.actor_id, entry.actor_name, entry.address) == (alice.pk, "Alice", "192.0.2.7")
    assert (entry.action, entry.target_type, entry.target_id) == ("credential added", "credential", credential.pk)
    assert (entry.target_name, entry.team, entry.data) == ("Main", acme, {"name": "Main"})


def test_address_is_forgotten_after_the_request(acme: Team, alice: User) -> None:
    with audit.from_address("192.0.2.7"):
        pass

    assert audit.record(Action.TEAM_CHANGED, acme, by=alice).address == ""


def test_the_portal_is_an_actor_without_an_id(acme: Team) -> None:
    entry = audit.record(Action.RUN_SUCCEEDED, acme, by=PORTAL)

    assert (entry.actor_id, entry.actor_name) == (None, "The portal")


def test_data_reads_back_with_the_same_hash(acme: Team, alice: User) -> None:
    at = datetime(2026, 11, 22, 15, 0, tzinfo=timezone(timedelta(hours=1)))
    entry = audit.record(
        Action.TEAM_CHANGED, acme, by=alice, at=at, share=0.1, ids={3, 1}, nested={1: (True, None, "ü")}
    )

    entry.refresh_from_db()
    assert entry.data == {
        "at": "2026-11-22T14:00:00.000+00:00",
        "share": "0.1",
        "ids": [1, 3],
        "nested": {"1": [True, None, "ü"]},
    }
    assert entry.hash == audit.digest(entry)


def test_changes_has_only_differences() -> None:
    before = {"name": "Acme", "zone": "UTC", "gone": 1}
    after = {"name": "Acme Ltd", "zone": "UTC", "new": 2}

    assert audit.changes(before, after) == {
        "name": {"before": "Acme", "after": "Acme Ltd"},
        "gone": {"before": 1, "after": None},
        "new": {"before": None, "after": 2},
    }


def test_log_keeps_the_name_of_a_deleted_person(acme: Team, alice: User, bob: User) -> None:
    audit.record(Action.MEMBER_REMOVED, bob, by=alice, team=acme)
    bob.delete()

    entry = acme_entries(acme).get(action=Action.MEMBER_REMOVED)
    assert entry.target_name == "Bob"
    assert list(audit_verify.faults(chain_of(acme))) == []


def test_entry_is_rolled_back_with_its_transaction(acme: Team, alice: User) -> None:
    audit.record(Action.TEAM_CHANGED, acme, by=alice)
    with transaction.atomic():
        audit.record(Action.TEAM_CHANGED, acme, by=alice)
        transaction.set_rollback(True)

    assert acme_entries(acme).count() == 1
    assert chain_of(acme).length == 1
    assert list(audit_verify.faults(chain_of(acme))) == []


def acme_entries(team: Team):
    return AuditEntry._base_manager.filter(team=team)


# ------------------------------------------------------------ the chain


def test_each_team_and_the_portal_has_a_chain_of_its_own(acme: Team, umbrella: Team, alice: User) -> None:
    numbers = [
        audit.record(Action.TEAM_CHANGED, acme, by=alice).number,
        audit.record(Action.TEAM_CHANGED, umbrella, by=PORTAL).number,
        audit.record(Action.SIGN_IN_FAILED, None, by=Actor("Somebody")).number,
        audit.record(Action.TEAM_CHANGED, acme, by=alice).number,
    ]

    assert numbers == [1, 1, 1, 2]


def test_entries_are_chained(acme: Team, alice: User) -> None:
    first, second, third = three_entries(acme, alice)

    assert [first.previous_hash, second.previous_hash, third.previous_hash] == ["0" * 64, first.hash, second.hash]
    assert list(audit_verify.faults(chain_of(acme))) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE accounts_auditentry SET actor_name = 'Mallory' WHERE number = 2",
        "UPDATE accounts_auditentry SET data = '{\"step\": 9}' WHERE number = 2",
        "UPDATE accounts_auditentry SET address = '198.51.100.1' WHERE number = 2",
        "UPDATE accounts_auditentry SET target_id = 999 WHERE number = 2",
    ],
)
def test_changed_entry_is_found(acme: Team, alice: User, change: str) -> None:
    three_entries(acme, alice)
    with without_triggers() as execute:
        execute(change)

    assert list(audit_verify.faults(chain_of(acme))) == ["Entry 2 was changed after it was written."]


def test_changed_time_is_found(acme: Team, alice: User) -> None:
    three_entries(acme, alice)
    with without_triggers() as execute:
        execute("UPDATE accounts_auditentry SET at = %s WHERE number = 2", [datetime(2020, 1, 1, tzinfo=UTC)])

    assert list(audit_verify.faults(chain_of(acme))) == ["Entry 2 was changed after it was written."]


def test_removed_entry_is_found(acme: Team, alice: User) -> None:
    three_entries(acme, alice)
    with without_triggers() as execute:
        execute("DELETE FROM accounts_auditentry WHERE number = 2")

    assert list(audit_verify.faults(chain_of(acme))) == [
        "Entries 2 to 2 are missing.",
        "Entry 3 does not follow the one before it: something was removed or rewritten.",
    ]


def test_removed_end_is_found(acme: Team, alice: User) -> None:
    three_entries(acme, alice)
    with without_triggers() as execute:
        execute("DELETE FROM accounts_auditentry WHERE number = 3")

    assert list(audit_verify.faults(chain_of(acme))) == [
        "The chain ends at entry 2, but entry 3 was the last one written."
    ]


def test_entry_rewritten_with_a_fitting_hash_is_found_by_the_next_one(acme: Team, alice: User) -> None:
    _, second, _ = three_entries(acme, alice)
    second.actor_name = "Mallory"
    with without_triggers() as execute:
        execute(
            "UPDATE accounts_auditentry SET actor_name = 'Mallory', hash = %s WHERE number = 2", [audit.digest(second)]
        )

    assert list(audit_verify.faults(chain_of(acme))) == [
        "Entry 3 does not follow the one before it: something was removed or rewritten."
    ]


def test_entry_inserted_after_the_end_is_found(acme: Team, alice: User) -> None:
    *_, third = three_entries(acme, alice)
    AuditEntry(
        chain=third.chain, number=4, at=third.at, team=acme, actor_name="Mallory", action="x", previous_hash=third.hash
    ).save()

    assert list(audit_verify.faults(chain_of(acme))) == ["There are entries after the last one that was written."]


def test_entry_moved_to_another_team_is_found(acme: Team, umbrella: Team, alice: User) -> None:
    three_entries(acme, alice)
    with without_triggers() as execute:
        execute("UPDATE accounts_auditentry SET team_id = %s WHERE number = 2", [umbrella.pk])

    assert list(audit_verify.faults(chain_of(acme))) == ["Entry 2 was changed after it was written."]


# ------------------------------------------------------------ append-only in the database


@pytest.mark.parametrize(
    "statement", ["UPDATE accounts_auditentry SET actor_name = 'Mallory'", "DELETE FROM accounts_auditentry"]
)
def test_database_refuses_to_change_or_delete_an_entry(acme: Team, alice: User, statement: str) -> None:
    audit.record(Action.TEAM_CHANGED, acme, by=alice)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_queryset_cannot_delete_entries(acme: Team, alice: User) -> None:
    audit.record(Action.TEAM_CHANGED, acme, by=alice)

    with scope(team=acme), pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEntry.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_postgres_refuses_to_truncate(acme: Team, alice: User) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite knows no TRUNCATE: it is a DELETE there")
    audit.record(Action.TEAM_CHANGED, acme, by=alice)

    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("TRUNCATE accounts_auditentry CASCADE")


# ------------------------------------------------------------ concurrent writers


@pytest.mark.django_db(transaction=True)
def test_concurrent_writers_make_one_whole_chain(acme: Team, alice: User) -> None:
    writers, each = 6, 10
    together = threading.Barrier(writers)
    failures: list[BaseException] = []

    def write() -> None:
        try:
            together.wait()
            for step in range(each):
                audit.record(Action.TEAM_CHANGED, acme, by=alice, step=step)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    numbers = list(acme_entries(acme).order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, writers * each + 1))
    assert list(audit_verify.faults(chain_of(acme))) == []


def test_growing_chain_is_whole(acme: Team, alice: User) -> None:
    three_entries(acme, alice)
    as_it_was = chain_of(acme)
    three_entries(acme, alice)

    assert list(audit_verify.faults(as_it_was)) == []
