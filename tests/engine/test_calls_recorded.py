"""Every call to Expensify has its line in the audit log, with what came of it: also a call nobody lived to tell of."""

from typing import Any

from django.utils import timezone

from accounts import clock
from accounts.audit.record import Action
from accounts.models import AuditEntry, Credential, Team, User
from exports.models import ApiCall, Run, SavedExport
from exports.runs import actions as runs
from exports.runs import queue, recorded_client, tasks, worker
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.work import Work


def told(team: Team) -> list[tuple[str, str, str | None]]:
    """Of each call in the log: about what, which kind, with which outcome."""
    entries = AuditEntry._base_manager.filter(team=team, action=Action.API_CALLED).order_by("number")
    return [(entry.target_type, entry.data["kind"], entry.data.get("outcome")) for entry in entries]


def lost_call(run: Run) -> ApiCall:
    assert run.move("queued", "generating")
    return ApiCall.objects.create(
        team=run.team, run=run, credential=run.credential, kind="generate", sent_at=timezone.now()
    )


def test_each_call_has_one_line_with_its_outcome(export: SavedExport, alice: User, acme: Team, work: Work) -> None:
    run = work(runs.start(export, by=alice))

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert told(acme) == [("run", "generate", "answered"), ("run", "download", "answered")]


def test_call_without_an_answer_says_so(
    export: SavedExport, alice: User, acme: Team, sandbox: Sandbox, settings: Any, work: Work
) -> None:
    settings.CALL_ATTEMPTS = 1
    sandbox.script(Fault(drop_after_work=True))

    work(runs.start(export, by=alice))

    assert told(acme) == [("run", "generate", "no answer")]


def test_call_whose_worker_is_gone_is_told_of_once(export: SavedExport, alice: User, acme: Team) -> None:
    run = runs.start(export, by=alice)
    call = lost_call(run)

    worker.give_up_on(Run.objects.get(pk=run.pk))
    worker.give_up_on(run)

    call.refresh_from_db()
    assert told(acme) == [("run", "generate", "worker lost")]
    assert call.message == recorded_client.LOST


def test_lost_test_of_a_credential_is_told_of_when_it_is_tested_again(credential: Credential, acme: Team) -> None:
    ApiCall.objects.create(team=acme, credential=credential, kind="policy_list", sent_at=timezone.now(), run=None)
    Credential.objects.filter(pk=credential.pk).update(check_due_at=clock.now())

    queue.sweep()
    tasks.take_turn.run(credential.fingerprint, "")

    assert told(acme) == [("credential", "policy_list", "worker lost"), ("credential", "policy_list", "answered")]
