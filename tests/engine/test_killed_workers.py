"""Workers killed by SIGKILL at every point of a run: real Celery, real Redis, real beat, real HTTP."""

import hashlib
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from django_scopes import scope, scopes_disabled

from accounts.models import Team, User
from exports.employee_updates import actions as employee_updates
from exports.models import Result, Run
from exports.runs import actions as runs
from tests.engine.crashing import OF_UPDATES, POINTS, STEPS
from tests.engine.storage import empty_storage, in_storage
from tests.engine.trap import Trap
from tests.factories import make_credential, make_export, make_update
from tests.people import fresh, person, reach, tried
from tests.waiting import wait_until
from tests.workers import Processes

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def team(processes: Processes, fast_sandbox: Any, budget: Any, acme: Team) -> Iterator[Team]:
    fast_sandbox.reset()
    empty_storage()
    with scope(team=acme):
        yield acme


@pytest.fixture
def trap(processes: Processes) -> Trap:
    return Trap(processes)


def finished(run: Run, processes: Processes) -> Run:
    def is_final() -> bool:
        run.refresh_from_db()
        return run.is_final

    with scopes_disabled():
        wait_until(is_final, log=lambda: f"{run} is still {run.status}\n{processes.logs()}")
    return run


# Between two points nothing but time passes, so “before” is near to “after” the point before it.
EVERYWHERE = [
    pytest.param(f"before {name}", marks=[] if name in {"take", "generate"} else [pytest.mark.thorough])
    for name in POINTS
] + [pytest.param(f"after {name}", marks=[pytest.mark.smoke] if name == "generate" else []) for name in POINTS]


@pytest.mark.smoke
def test_a_run_takes_two_calls_of_a_real_worker(
    team: Team, alice: User, fast_sandbox: Any, processes: Processes
) -> None:
    run = finished(runs.start(make_export(make_credential(team), alice), by=alice), processes)

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert [arrival.kind for arrival in fast_sandbox.log] == ["generate", "download"]
    with run.result.file.open() as file:
        assert hashlib.sha256(file.read()).hexdigest() == run.result.sha256


@pytest.mark.parametrize("point", EVERYWHERE)
def test_a_killed_worker_loses_and_doubles_nothing(
    point: str, team: Team, alice: User, fast_sandbox: Any, processes: Processes, trap: Trap
) -> None:
    credential = make_credential(team)
    plain = make_export(credential, alice, "Plain")
    marking = make_export(credential, alice, "Marking", mark_as="ERP")

    trap.set(point)
    run = runs.start(plain, by=alice)
    trap.catch()
    finished(run, processes)
    trap.set(point)
    careful = runs.start(marking, by=alice)
    trap.catch()
    finished(careful, processes)

    assert run.status == Run.Status.SUCCEEDED, run.error
    marked = [made for made in fast_sandbox.generated if made.label]
    assert len(marked) <= 1
    if careful.status == Run.Status.UNCONFIRMED:
        assert point in {"after claim", "before generate", "after generate", "after note", "before note"}
    else:
        assert careful.status == Run.Status.SUCCEEDED, careful.error
        assert len(marked) == 1
    for row in Result.objects.all():
        with row.file.open() as file:
            assert len(file.read()) == row.size
    finals = {row.file.name for row in Result.objects.all()}
    wait_until(lambda: in_storage() == finals)  # the last thing a worker does for a run
    assert Result.objects.count() == Run.objects.filter(status=Run.Status.SUCCEEDED).count()
    assert fast_sandbox.refused == 0


IN_FIVE_CALLS = [f"{when} {name}" for name, when in itertools.product((*STEPS, "request to mark"), ("before", "after"))]


@pytest.mark.parametrize("point", IN_FIVE_CALLS)
def test_a_killed_worker_marks_only_what_is_safe(
    point: str, team: Team, alice: User, fast_sandbox: Any, processes: Processes, trap: Trap
) -> None:
    credential = make_credential(team)
    export = make_export(credential, alice, "Safe", mark_as="ERP", mark_when="safe", period="last_month", report_ids=[])

    trap.set(point)
    run = runs.start(export, by=alice)
    trap.catch()
    finished(run, processes)

    marked = [made for made in fast_sandbox.generated if made.label]
    assert len(marked) <= 1
    if run.status == Run.Status.UNCONFIRMED:
        assert point in {"before MARK", "before request to mark", "after request to mark"}
    else:
        assert run.status == Run.Status.SUCCEEDED, run.error
        assert len(marked) == 1
    with run.result.file.open() as file:
        assert hashlib.sha256(file.read()).hexdigest() == run.result.sha256
    for made in marked:
        assert list(made.report_ids) == [report["id"] for report in run.selection["reports"]]
    wait_until(lambda: in_storage() == {run.result.file.name})
    assert fast_sandbox.refused == 0


@pytest.mark.parametrize(
    "point", [f"{when} {name}" for name, when in itertools.product(OF_UPDATES, ("before", "after"))]
)
def test_a_killed_worker_never_sends_an_employee_update_twice(
    point: str, team: Team, alice: User, fast_sandbox: Any, processes: Processes, trap: Trap
) -> None:
    team.two_people = False
    team.save(update_fields=["two_people"])
    credential = make_credential(team)
    cells = person(reach(fast_sandbox, credential), "nina.new@acme.example", "N-1001")
    update = make_update(credential, alice, [cells])
    tried(update, alice, lambda run: finished(run, processes))
    membership = team.memberships.get(user=alice)

    trap.set(point)
    run = employee_updates.apply(fresh(update), by=membership, content_hash=fresh(update).content_hash)
    trap.catch()
    finished(run, processes)

    sent = [
        arrival
        for arrival in fast_sandbox.log
        if arrival.job.get("inputSettings", {}).get("type") == "employees" and not arrival.job["dry-run"]
    ]
    assert len(sent) <= 1
    if run.status == Run.Status.UNCONFIRMED:
        assert point != "after APPLY"
        assert fresh(update).stage == "unconfirmed"
    else:
        assert run.status == Run.Status.SUCCEEDED, run.error
        assert (len(sent), fresh(update).stage) == (1, "applied")
