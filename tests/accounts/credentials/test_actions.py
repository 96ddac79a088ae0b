import pytest
from django.db import IntegrityError, transaction
from django_scopes import scope

from accounts.audit.record import Action
from accounts.credentials import actions as credentials
from accounts.models import AuditEntry, Credential, Team, User
from expensify.pair import KeyPair
from tests.factories import make_credential

CANARY = KeyPair("canary-id-4711", "canary-secret-0815")


@pytest.fixture(autouse=True)
def open_team(acme: Team):
    with scope(team=acme):
        yield


def last_entry() -> AuditEntry:
    return AuditEntry.objects.latest("number")


def test_added_credential_is_untested_and_its_test_is_due(acme: Team, alice: User) -> None:
    credential = credentials.add(acme, "Main", CANARY, by=alice)

    credential.refresh_from_db()
    assert (credential.status, credential.is_being_checked) == (Credential.Status.UNCHECKED, True)
    assert credential.partner_pair() == CANARY
    assert (last_entry().action, last_entry().data) == (Action.CREDENTIAL_ADDED, {"name": "Main"})


def test_second_credential_of_a_name_is_refused_and_not_logged(acme: Team, alice: User) -> None:
    credentials.add(acme, "Main", CANARY, by=alice)

    with pytest.raises(IntegrityError), transaction.atomic():
        credentials.add(acme, "main", CANARY, by=alice)
    assert AuditEntry.objects.count() == 1


def test_renaming_is_logged_with_both_names(acme: Team, alice: User) -> None:
    credential = make_credential(acme, "Main")

    credentials.rename(credential, "Head office", by=alice)

    credential.refresh_from_db()
    assert credential.name == "Head office"
    assert last_entry().data == {"name": {"before": "Main", "after": "Head office"}}


def test_renaming_to_the_same_name_changes_nothing(acme: Team, alice: User) -> None:
    credentials.rename(make_credential(acme, "Main"), "Main", by=alice)

    assert AuditEntry.objects.count() == 0


def test_refused_credential_may_be_tested_again(acme: Team, alice: User) -> None:
    credential = make_credential(acme, status=Credential.Status.REFUSED)

    assert credentials.ask_for_check(credential, by=alice) is True
    credential.refresh_from_db()
    assert credential.is_being_checked is True
    assert last_entry().action == Action.CREDENTIAL_CHECK_ASKED


def test_wiping_deletes_the_pair_and_the_previous_one(acme: Team, alice: User) -> None:
    credential = make_credential(acme, previous_pair={"id": "old", "secret": "older"})

    assert credentials.wipe(credential, by=alice) is True
    kept = Credential.objects.filter(pk=credential.pk).values("pair", "previous_pair", "status", "check_due_at")
    assert kept.get() == {"pair": None, "previous_pair": None, "status": "wiped", "check_due_at": None}
    assert last_entry().action == Action.CREDENTIAL_WIPED


def test_credential_is_wiped_once(acme: Team, alice: User) -> None:
    credential = make_credential(acme)
    credentials.wipe(credential, by=alice)

    assert credentials.wipe(credential, by=alice) is False
    assert AuditEntry.objects.count() == 1


def test_wiped_credential_is_not_tested(acme: Team, alice: User) -> None:
    credential = make_credential(acme)
    credentials.wipe(credential, by=alice)

    assert credentials.ask_for_check(credential, by=alice) is False
    credential.refresh_from_db()
    assert credential.is_being_checked is False


def test_log_never_holds_a_pair(acme: Team, alice: User) -> None:
    credential = credentials.add(acme, "Main", CANARY, by=alice)
    credentials.rename(credential, "Other", by=alice)
    credentials.ask_for_check(credential, by=alice)
    credentials.wipe(credential, by=alice)

    logged = repr(list(AuditEntry.objects.values()))
    assert AuditEntry.objects.count() == 4
    assert "canary" not in logged
