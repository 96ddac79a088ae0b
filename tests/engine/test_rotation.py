"""A new pair takes over: what becomes of runs that rest, wait, or have a file of the old pair's."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.audit.record import Action
from accounts.credentials import actions as credentials
from accounts.credentials import rotation as rotation_actions
from accounts.models import AuditEntry, Credential, Notice, Rotation, Team, User
from expensify.pair import KeyPair
from exports.models import Run, SavedExport
from exports.runs import actions as runs
from exports.runs import download_again as downloads
from exports.runs import queue, tasks
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.factories import make_export, pair_of
from tests.work import Work

pytestmark = pytest.mark.usefixtures("wide_limits")
NEW = KeyPair("aa_acme_new", "n" * 40)


@pytest.fixture
def work() -> Work:
    """Do what workers and the sweep do, in this process, whichever pair's line the run stands in."""

    def work(run: Run) -> Run:
        for _ in range(20):
            run = Run.objects.get(pk=run.pk)
            if not run.is_resting:
                break
            step(run)
        run.refresh_from_db()
        return run

    return work


def step(run: Run) -> Run:
    run = Run.objects.get(pk=run.pk)
    queue.enqueue(run)
    tasks.take_turn.run(run.budget_key, "")
    return Run.objects.get(pk=run.pk)


def test_of(rotation: Rotation) -> Rotation:
    queue.sweep()
    tasks.take_turn.run(rotation.fingerprint, "")
    rotation.refresh_from_db()
    return rotation


test_of.__test__ = False  # type: ignore[attr-defined]


@pytest.fixture
def new_pair(sandbox: Sandbox, credential: Credential) -> KeyPair:
    """A second pair of the same Expensify account, as its page hands one out."""
    old = sandbox.pairs[credential.partner_pair().partner_user_id]
    sandbox.add_pair(NEW.partner_user_id, NEW.partner_user_secret, account=old.account, policies=old.policies)
    return NEW


@pytest.fixture
def ready(credential: Credential, new_pair: KeyPair, alice: User) -> Rotation:
    return test_of(rotation_actions.start_rotation(credential, new_pair, by=alice))


def switched(rotation: Rotation, by: User) -> Credential:
    rotation_actions.switch(rotation, at=None, by=by)
    return Credential.objects.get(pk=rotation.credential_id)


def made_by(sandbox: Sandbox, kind: str) -> list[str]:
    return [arrival.pair for arrival in sandbox.log if arrival.kind == kind]


def test_a_new_pair_is_tested_by_one_call_of_its_own(ready: Rotation, sandbox: Sandbox) -> None:
    assert (ready.status, ready.message) == (Rotation.Status.READY, "")
    assert [(arrival.kind, arrival.pair) for arrival in sandbox.log] == [("policy_list", "aa_acme_new")]
    assert {policy["policy_id"] for policy in ready.reach} == sandbox.pairs["aa_acme_new"].policies
    assert ready.credential.partner_pair() == pair_of(ready.team)


def test_a_refused_new_pair_is_forgotten_and_changes_nothing(
    credential: Credential, alice: User, sandbox: Sandbox
) -> None:
    rotation = test_of(rotation_actions.start_rotation(credential, KeyPair("aa_nobody", "x" * 40), by=alice))

    credential.refresh_from_db()
    assert (rotation.status, rotation.pair) == (Rotation.Status.REFUSED, None)
    assert rotation.message.startswith("Expensify does not accept this credential.")
    assert (credential.status, credential.pair_number) == (Credential.Status.WORKING, 1)


def test_the_new_pair_makes_every_call_after_it_took_over(
    ready: Rotation, export: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    resting = runs.start(export, by=alice)

    credential = switched(ready, alice)
    done = work(resting)

    assert done.status == Run.Status.SUCCEEDED
    assert made_by(sandbox, "generate") + made_by(sandbox, "download") == ["aa_acme_new"] * 2
    assert credential.partner_pair() == NEW
    assert credential.previous_partner_pair() == pair_of(credential.team)
    assert (credential.status, credential.pair_number) == (Credential.Status.WORKING, 2)


def test_a_file_of_the_old_pair_is_fetched_by_the_new_one_where_that_may(
    ready: Rotation, export: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = step(runs.start(export, by=alice))
    switched(ready, alice)

    run = work(run)

    assert (run.status, run.by_previous) == (Run.Status.SUCCEEDED, False)
    assert made_by(sandbox, "download") == ["aa_acme_new"]


def test_a_file_of_the_old_pair_is_fetched_by_it_when_the_new_one_is_refused_for_it(
    ready: Rotation, export: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    sandbox.state.choices = replace(sandbox.choices, download_by="pair")
    run = step(runs.start(export, by=alice))
    old = run.credential.partner_pair().partner_user_id
    switched(ready, alice)

    run = work(run)

    assert (run.status, run.attempts) == (Run.Status.SUCCEEDED, 0)
    assert made_by(sandbox, "download") == ["aa_acme_new", old]
    assert made_by(sandbox, "generate") == [old]


@pytest.mark.parametrize("gone", ["refused", "wiped"])
def test_a_file_that_no_pair_gets_is_made_again_when_that_marks_nothing(
    gone: str, ready: Rotation, export: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    sandbox.state.choices = replace(sandbox.choices, download_by="pair")
    run = step(runs.start(export, by=alice))
    old = run.credential.partner_pair().partner_user_id
    switched(ready, alice)
    run = step(run)
    assert run.by_previous
    if gone == "refused":
        sandbox.revoke(old)
    else:
        rotation_actions.wipe_previous(timezone.now() + timedelta(days=2))

    run = work(run)

    assert run.status == Run.Status.SUCCEEDED
    assert made_by(sandbox, "generate") == [old, "aa_acme_new"]


def test_a_marked_file_that_no_pair_gets_fails_and_is_not_made_again(
    ready: Rotation, credential: Credential, alice: User, work: Work, sandbox: Sandbox
) -> None:
    sandbox.state.choices = replace(sandbox.choices, download_by="pair")
    marking = make_export(credential, alice, "Marks", mark_as="Ledger")
    run = step(runs.start(marking, by=alice))
    switched(ready, alice)
    sandbox.revoke(pair_of(credential.team).partner_user_id)

    run = work(run)

    assert (run.status, run.error_code) == (Run.Status.FAILED, "pair_replaced")
    assert "marking the reports as “Ledger” has happened" in run.error
    assert len(sandbox.generated) == 1


def test_a_pair_refused_while_its_successor_waits_holds_the_runs_until_that_takes_over(
    ready: Rotation, export: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    sandbox.revoke(pair_of(ready.team).partner_user_id)
    first, second = runs.start(export, by=alice), runs.start(export, by=alice)

    first, second = step(first), step(second)

    assert (first.status, first.error_code) == (Run.Status.QUEUED, "waits_for_pair")
    assert (second.status, second.error_code) == (Run.Status.QUEUED, "waits_for_pair")
    assert made_by(sandbox, "generate") == [pair_of(ready.team).partner_user_id]
    switched(ready, alice)
    assert [work(run).status for run in (first, second)] == [Run.Status.SUCCEEDED] * 2


def test_runs_fail_with_the_reason_when_the_new_pair_is_given_up(
    ready: Rotation, export: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    sandbox.revoke(pair_of(ready.team).partner_user_id)
    run = step(runs.start(export, by=alice))

    rotation_actions.cancel(ready, by=alice)
    run = work(run)

    assert (run.status, run.error_code) == (Run.Status.FAILED, "credential_refused")


def test_a_refusal_of_the_old_pair_after_the_switch_does_not_touch_the_new_one(ready: Rotation, alice: User) -> None:
    before = Credential.objects.get(pk=ready.credential_id)
    switched(ready, alice)

    credentials.refuse(before, rotation_actions.Unauthorized("Authentication error"))

    assert Credential.objects.get(pk=before.pk).status == Credential.Status.WORKING


def test_going_back_puts_the_old_pair_in_place_again(
    ready: Rotation, export: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    switched(ready, alice)
    ready.refresh_from_db()

    rotation_actions.roll_back(ready, by=alice)
    run = work(runs.start(export, by=alice))

    assert run.status == Run.Status.SUCCEEDED
    assert made_by(sandbox, "generate") == [pair_of(ready.team).partner_user_id]
    ready.refresh_from_db()
    assert ready.status == Rotation.Status.ROLLED_BACK


def test_the_old_pair_is_wiped_when_its_time_is_over_and_that_is_on_record(ready: Rotation, alice: User) -> None:
    credential = switched(ready, alice)

    assert rotation_actions.wipe_previous(credential.previous_pair_until - timedelta(seconds=1)) == 0
    assert rotation_actions.wipe_previous(credential.previous_pair_until) == 1
    assert rotation_actions.wipe_previous(credential.previous_pair_until) == 0

    credential.refresh_from_db()
    ready.refresh_from_db()
    assert (credential.previous_pair, ready.status) == (None, Rotation.Status.DONE)
    assert AuditEntry.objects.filter(action=Action.PREVIOUS_PAIR_WIPED).count() == 1
    with pytest.raises(rotation_actions.CannotRotate):
        rotation_actions.roll_back(ready, by=alice)


def test_a_planned_switch_comes_at_its_time_and_once(ready: Rotation, alice: User) -> None:
    at = timezone.now() + timedelta(hours=3)
    rotation_actions.switch(ready, at=at, by=alice)

    assert rotation_actions.switch_due(at - timedelta(seconds=1)) == 0
    assert rotation_actions.switch_due(at) == 1
    assert rotation_actions.switch_due(at) == 0

    assert Credential.objects.get(pk=ready.credential_id).pair_number == 2


def test_where_two_admins_are_needed_one_alone_does_not_switch(
    ready: Rotation, acme: Team, alice: User, erin: User
) -> None:
    Team.objects.filter(pk=acme.pk).update(two_admins=True)

    with pytest.raises(rotation_actions.CannotRotate, match="second Admin"):
        rotation_actions.switch(ready, at=None, by=alice)
    with pytest.raises(rotation_actions.CannotRotate, match="yourself"):
        rotation_actions.approve(ready, by=alice)
    rotation_actions.approve(ready, by=erin)

    assert switched(ready, alice).pair_number == 2


def test_a_leaked_pair_makes_no_further_call(
    ready: Rotation, export: SavedExport, alice: User, work: Work, sandbox: Sandbox
) -> None:
    run = step(runs.start(export, by=alice))
    sandbox.log.clear()

    assert rotation_actions.leaked(ready.credential, by=alice)
    run = work(run)

    credential = Credential.objects.get(pk=ready.credential_id)
    assert (credential.status, credential.pair) == (Credential.Status.WIPED, None)
    assert (run.status, run.error_code) == (Run.Status.FAILED, "credential_wiped")
    ready.refresh_from_db()
    assert (ready.status, ready.pair) == (Rotation.Status.CANCELLED, None)
    assert sandbox.log == []
    assert Notice.objects.filter(subject__contains="leaked").count() == 1


def test_a_wiped_credential_lives_again_by_a_new_pair(
    credential: Credential, new_pair: KeyPair, export: SavedExport, alice: User, work: Work
) -> None:
    rotation_actions.leaked(credential, by=alice)

    rotation = test_of(rotation_actions.start_rotation(credential, new_pair, by=alice))
    switched(rotation, alice)

    assert work(runs.start(export, by=alice)).status == Run.Status.SUCCEEDED
    assert Credential.objects.get(pk=credential.pk).previous_pair is None


def test_admins_are_told_of_a_refused_pair_once(
    export: SavedExport, alice: User, work: Work, sandbox: Sandbox, credential: Credential
) -> None:
    sandbox.revoke(pair_of(credential.team).partner_user_id)

    work(runs.start(export, by=alice))
    credentials.ask_for_check(credential, by=alice)
    queue.sweep()
    tasks.take_turn.run(credential.fingerprint, "")

    assert len(sandbox.log) == 2
    assert [notice.address for notice in Notice.objects.all()] == [alice.email]


def test_a_trial_runs_as_a_test_with_the_new_pair_and_marks_nothing(
    ready: Rotation, credential: Credential, alice: User, work: Work, sandbox: Sandbox
) -> None:
    marking = make_export(credential, alice, "Marks", mark_as="Ledger")

    run = work(runs.try_pair(marking, ready, by=alice))

    assert run.status == Run.Status.SUCCEEDED
    assert made_by(sandbox, "generate") == made_by(sandbox, "download") == ["aa_acme_new"]
    assert [generation.label for generation in sandbox.generated] == [""]
    assert run.job["test"] == "true"


def test_a_call_that_was_refused_during_the_switch_is_made_again_with_the_new_pair(
    ready: Rotation, export: SavedExport, alice: User, work: Work, sandbox: Sandbox, monkeypatch: Any
) -> None:
    sandbox.script(Fault(envelope=(404, "Authentication error")), on="generate")
    run = runs.start(export, by=alice)
    send = queue.worker.Client.generate

    def switch_meanwhile(client: Any, *arguments: Any) -> Any:
        monkeypatch.setattr(queue.worker.Client, "generate", send)
        switched(ready, alice)
        return send(client, *arguments)

    monkeypatch.setattr(queue.worker.Client, "generate", switch_meanwhile)
    run = work(run)

    assert run.status == Run.Status.SUCCEEDED
    assert made_by(sandbox, "generate") == [pair_of(ready.team).partner_user_id, "aa_acme_new"]
    assert Credential.objects.get(pk=ready.credential_id).status == Credential.Status.WORKING


@pytest.mark.parametrize("by", ["pair", "account"])
def test_failed_download_is_taken_up_again_after_the_pair_was_replaced(
    by: Any, ready: Rotation, credential: Credential, alice: User, work: Work, sandbox: Sandbox
) -> None:
    sandbox.state.choices = replace(sandbox.choices, download_by=by)
    marking = make_export(credential, alice, "Marking", mark_as="ERP")
    sandbox.script(Fault(not_ready="404"), on="download", times=99)
    failed = work(runs.start(marking, by=alice))
    sandbox.unscript()
    switched(ready, alice)

    run = work(downloads.download_again(Run.objects.get(pk=failed.pk), by=alice))

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert made_by(sandbox, "generate") == [pair_of(run.team).partner_user_id]
    assert made_by(sandbox, "download")[3] == "aa_acme_new"
