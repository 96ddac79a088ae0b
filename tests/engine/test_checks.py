"""Testing a credential: one `policyList` call through the line, and what it says on the row."""

from typing import Any

import pytest

from accounts.credentials import actions as credentials
from accounts.models import AuditEntry, Credential, Team, User
from expensify.pair import KeyPair
from exports.runs import queue, tasks
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.factories import pair_of


@pytest.fixture
def fresh(acme: Team, alice: User) -> Credential:
    return credentials.add(acme, "Main", pair_of(acme), by=alice)


def sweep_and_call(credential: Credential) -> Credential:
    queue.sweep()
    tasks.take_turn.run(credential.fingerprint, "")
    credential.refresh_from_db()
    return credential


def test_a_new_credential_is_tested_by_one_call_and_its_policies_are_kept(fresh: Credential, sandbox: Sandbox) -> None:
    sweep_and_call(fresh)

    assert (fresh.status, fresh.message, fresh.is_being_checked) == (Credential.Status.WORKING, "", False)
    assert [arrival.kind for arrival in sandbox.log] == ["policy_list"]
    reached = {policy.policy_id: policy.name for policy in fresh.policies.all()}
    assert reached == {
        policy.id: policy.name
        for policy in sandbox.company.policies.values()
        if policy.id in sandbox.pairs[fresh.partner_pair().partner_user_id].policies
    }
    assert [call.kind for call in fresh.calls.all()] == ["policy_list"]


def test_a_wrong_pair_is_refused_in_plain_words(acme: Team, alice: User) -> None:
    wrong = credentials.add(acme, "Wrong", KeyPair("aa_nobody", "0" * 40), by=alice)

    sweep_and_call(wrong)

    assert wrong.status == Credential.Status.REFUSED
    assert wrong.message.startswith("Expensify does not accept this credential.")
    last = AuditEntry.objects.filter(target_type="credential").order_by("-number").first()
    assert last.action == "credential refused"


def test_a_refused_credential_works_again_after_a_good_test(fresh: Credential, alice: User) -> None:
    Credential.objects.filter(pk=fresh.pk).update(status=Credential.Status.REFUSED, check_due_at=None)

    credentials.ask_for_check(fresh, by=alice)
    sweep_and_call(fresh)

    assert fresh.status == Credential.Status.WORKING


def test_a_test_that_finds_nobody_leaves_the_status_and_says_so(fresh: Credential, settings: Any) -> None:
    settings.EXPENSIFY_URL = "http://127.0.0.1:9/"

    sweep_and_call(fresh)

    assert (fresh.status, fresh.is_being_checked) == (Credential.Status.UNCHECKED, False)
    assert fresh.message.startswith("Expensify could not be reached")


def test_a_test_that_meets_a_429_waits_for_its_next_turn(fresh: Credential, sandbox: Sandbox) -> None:
    sandbox.script(Fault(rate_limited="both"), on="policy_list")

    sweep_and_call(fresh)

    assert (fresh.status, fresh.is_being_checked) == (Credential.Status.UNCHECKED, True)


def test_a_test_under_way_is_not_made_a_second_time(fresh: Credential, sandbox: Sandbox) -> None:
    queue.sweep()
    queue.sweep()
    tasks.take_turn.run(fresh.fingerprint, "")

    sweep_and_call(fresh)

    assert len(sandbox.log) == 1


def test_a_credential_wiped_during_its_test_stays_wiped(fresh: Credential, alice: User) -> None:
    stale = Credential.objects.get(pk=fresh.pk)
    credentials.wipe(fresh, by=alice)

    credentials._store_outcome(stale, status=Credential.Status.WORKING)

    fresh.refresh_from_db()
    assert (fresh.status, fresh.pair) == (Credential.Status.WIPED, None)


def test_a_pair_that_does_not_open_is_not_sent_and_the_page_says_why(
    fresh: Credential, sandbox: Sandbox, settings: Any
) -> None:
    settings.CREDENTIAL_KEYS = [b"another key of thirty-two bytes!"]

    sweep_and_call(fresh)

    assert (fresh.status, fresh.is_being_checked) == (Credential.Status.UNCHECKED, False)
    assert fresh.message.endswith("Nothing was sent. An operator has to look at the keys.")
    assert sandbox.log == []


def test_teams_that_hold_the_same_pair_share_one_budget(acme: Team, umbrella: Team, alice: User) -> None:
    ours = credentials.add(acme, "Ours", pair_of(acme), by=alice)
    theirs = credentials.add(umbrella, "Theirs", pair_of(acme), by=alice)

    assert ours.fingerprint == theirs.fingerprint
