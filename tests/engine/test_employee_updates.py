"""An employee update from its rows to its receipt, against the sandbox, and every way it can go wrong."""

import json

import pytest

from accounts.models import AuditEntry, Credential, Membership, Team, User
from exports.employee_updates import actions as employee_updates
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.actions import Cannot
from exports.employee_updates.feed import cells as feed_cells
from exports.employee_updates.feed import reading, sheet
from exports.employee_updates.feed.cells import FeedRow
from exports.models import EmployeeUpdate, Run
from exports.models.employee_update import Stage
from exports.results import retention
from exports.runs import actions as runs
from exports.runs import worker
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.factories import make_update
from tests.people import approved, fresh, person, reach, tried
from tests.work import Work

pytestmark = pytest.mark.usefixtures("wide_limits")

# As Expensify's help page shows it, with the number that it forgets, and values of one's own.
RECIPE = """{
    "Employees":[
      {
        "employeeEmail": "user@domain.com",
        "managerEmail": "%s",
        "employeeID": "12345",
        "policyID": "%s",
        "isTerminated": "false",
     }
]}"""


@pytest.fixture
def policy(sandbox: Sandbox, credential: Credential) -> str:
    """A policy that the credential reaches and may administer."""
    return reach(sandbox, credential)


@pytest.fixture
def joiner(credential: Credential, alice: User, policy: str) -> EmployeeUpdate:
    return make_update(credential, alice, [person(policy, "nina.new@acme.example", "N-1001", first_name="Nina")])


@pytest.fixture
def approver(acme: Team, erin: User) -> Membership:
    """A second Admin."""
    membership = acme.memberships.get(user=erin)
    membership.role = "admin"
    membership.save(update_fields=["role"])
    return membership


def sent(sandbox: Sandbox) -> list[bool]:
    """Of each request to the updater, whether it was a dry run."""
    return [
        arrival.job["dry-run"]
        for arrival in sandbox.log
        if arrival.job.get("inputSettings", {}).get("type") == "employees"
    ]


def test_update_goes_from_dry_run_over_approval_to_its_receipt(
    joiner: EmployeeUpdate, alice: User, approver: Membership, acme: Team, work: Work, sandbox: Sandbox, policy: str
) -> None:
    update = approved(joiner, alice, approver)
    assert "nina.new@acme.example" not in sandbox.company.policies[policy].members

    run = work(employee_updates.apply(update, by=acme.memberships.get(user=alice), content_hash=update.content_hash))

    update = fresh(update)
    assert run.status == Run.Status.SUCCEEDED, run.error
    assert (update.stage, sent(sandbox)) == (Stage.APPLIED, [True, False])
    assert "nina.new@acme.example" in sandbox.company.policies[policy].members
    assert update.summary["added"] == 1
    entries = AuditEntry.objects.filter(target_type="employeeupdate").order_by("number")
    assert [entry.action for entry in entries] == [
        "employee update prepared",
        *(["employee update's warnings accepted"] if update.warning_count else []),
        "employee update sent for approval",
        "employee update approved",
    ]


def test_help_pages_recipe_goes_from_its_own_json_to_its_receipt(
    credential: Credential, alice: User, approver: Membership, acme: Team, work: Work, sandbox: Sandbox, policy: str
) -> None:
    manager = sorted(sandbox.company.policies[policy].members)[0]
    feed = reading.read_pasted(RECIPE % (manager, policy))
    update = employee_updates.prepare(credential, "Recipe", by=alice, content=feed)
    assert isinstance(feed, sheet.Feed)
    assert len(feed.repairs) > 0
    work(employee_updates.read_members(update, by=alice))
    update = approved(update, alice, approver)

    run = work(employee_updates.apply(update, by=acme.memberships.get(user=alice), content_hash=update.content_hash))

    assert run.status == Run.Status.SUCCEEDED, run.error
    sent_job = next(arrival for arrival in reversed(sandbox.log) if arrival.kind == "update_employees")
    assert json.loads(sent_job.form["data"]) == [
        {
            "employeeEmail": "user@domain.com",
            "managerEmail": manager,
            "employeeID": "12345",
            "policyID": policy,
            "isTerminated": False,
        }
    ]
    assert "user@domain.com" in sandbox.company.policies[policy].members


def test_author_cannot_approve(joiner: EmployeeUpdate, alice: User, acme: Team, work: Work) -> None:
    update = tried(joiner, alice, work)
    employee_updates.submit(update, by=alice, content_hash=update.content_hash)

    with pytest.raises(Cannot, match="Another person"):
        employee_updates.approve(update, by=acme.memberships.get(user=alice), content_hash=update.content_hash)


def test_approval_does_not_survive_a_changed_cell(
    joiner: EmployeeUpdate, alice: User, approver: Membership, acme: Team, work: Work
) -> None:
    update = approved(joiner, alice, approver)
    assert update.is_approved

    employee_updates.change_rows(update, by=alice, changed={1: {"last_name": "New"}})

    update = fresh(update)
    assert (update.is_approved, update.is_tried()) == (False, False)
    with pytest.raises(Cannot, match="dry run"):
        employee_updates.apply(update, by=acme.memberships.get(user=alice), content_hash=update.content_hash)


def test_content_that_was_changed_behind_its_approval_is_not_sent(
    joiner: EmployeeUpdate, alice: User, approver: Membership, acme: Team, work: Work, sandbox: Sandbox
) -> None:
    update = approved(joiner, alice, approver)
    run = employee_updates.apply(update, by=acme.memberships.get(user=alice), content_hash=update.content_hash)
    tampered = fresh(update)
    tampered.rows = [FeedRow(1, stored_updates.rows_of(tampered)[0].cells | {"role": "admin"}).as_json()]
    tampered.save(update_fields=["rows"])

    work(run)

    assert (run.status, run.error_code) == (Run.Status.FAILED, "not_sent")
    assert sent(sandbox) == [True]
    assert fresh(update).applied_by_run is None


LOST = [
    Fault(drop_before_work=True),
    Fault(drop_after_work=True),
    Fault(http_status=500, refuse_after_work=True),
    Fault(envelope=(500, "Internal error"), refuse_after_work=True),
]


@pytest.mark.parametrize("fault", LOST)
def test_update_without_an_answer_is_unconfirmed_and_never_repeated(
    fault: Fault, joiner: EmployeeUpdate, alice: User, approver: Membership, acme: Team, work: Work, sandbox: Sandbox
) -> None:
    update = approved(joiner, alice, approver)
    membership = acme.memberships.get(user=alice)
    sandbox.script(fault)

    run = work(employee_updates.apply(update, by=membership, content_hash=update.content_hash))

    update = fresh(update)
    assert (run.status, update.stage) == (Run.Status.UNCONFIRMED, Stage.UNCONFIRMED)
    assert sent(sandbox) == [True, False]
    with pytest.raises(Cannot):
        employee_updates.apply(update, by=membership, content_hash=update.content_hash)


def test_members_read_after_an_unconfirmed_update_show_what_happened(
    joiner: EmployeeUpdate, alice: User, approver: Membership, acme: Team, work: Work, sandbox: Sandbox, policy: str
) -> None:
    update = approved(joiner, alice, approver)
    sandbox.script(Fault(drop_after_work=True))
    work(employee_updates.apply(update, by=acme.memberships.get(user=alice), content_hash=update.content_hash))

    run = work(employee_updates.read_members(fresh(update), by=alice))

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert fresh(update).after_at is not None
    assert fresh(update).before_at is None


def test_rejected_update_changed_nobody_and_may_be_tried_again(
    joiner: EmployeeUpdate, alice: User, approver: Membership, acme: Team, work: Work, sandbox: Sandbox
) -> None:
    update = approved(joiner, alice, approver)
    membership = acme.memberships.get(user=alice)
    sandbox.script(Fault(envelope=(403, "Not authorized")))
    work(employee_updates.apply(update, by=membership, content_hash=update.content_hash))

    run = work(employee_updates.apply(fresh(update), by=membership, content_hash=update.content_hash))

    assert run.status == Run.Status.SUCCEEDED, run.error
    assert fresh(update).stage == Stage.APPLIED


def test_worker_that_dies_while_updating_leaves_it_to_a_person(
    joiner: EmployeeUpdate, alice: User, approver: Membership, acme: Team, work: Work
) -> None:
    update = approved(joiner, alice, approver)
    run = employee_updates.apply(update, by=acme.memberships.get(user=alice), content_hash=update.content_hash)
    assert run.move("queued", "updating")

    worker.give_up_on(run)

    assert (run.status, run.error_code) == (Run.Status.UNCONFIRMED, "worker_lost")


def test_cancelled_update_may_be_changed_again(
    joiner: EmployeeUpdate, alice: User, approver: Membership, acme: Team, work: Work
) -> None:
    update = approved(joiner, alice, approver)
    run = employee_updates.apply(update, by=acme.memberships.get(user=alice), content_hash=update.content_hash)

    assert runs.cancel(run, by=alice) is True

    assert fresh(update).is_open is True


def test_second_run_to_apply_is_refused_while_the_first_rests(
    joiner: EmployeeUpdate, alice: User, approver: Membership, acme: Team, work: Work
) -> None:
    update = approved(joiner, alice, approver)
    membership = acme.memberships.get(user=alice)
    employee_updates.apply(update, by=membership, content_hash=update.content_hash)

    with pytest.raises(Cannot):
        employee_updates.apply(fresh(update), by=membership, content_hash=update.content_hash)


def test_nobody_applies_without_a_second_person_unless_the_team_needs_none(
    joiner: EmployeeUpdate, alice: User, acme: Team, work: Work
) -> None:
    update = tried(joiner, alice, work)
    membership = acme.memberships.get(user=alice)
    with pytest.raises(Cannot, match="second person"):
        employee_updates.apply(update, by=membership, content_hash=update.content_hash)

    acme.two_people = False
    acme.save(update_fields=["two_people"])
    run = work(employee_updates.apply(fresh(update), by=membership, content_hash=update.content_hash))

    assert run.status == Run.Status.SUCCEEDED, run.error


def test_many_leavers_need_the_number_typed(
    credential: Credential, alice: User, approver: Membership, work: Work, sandbox: Sandbox, policy: str
) -> None:
    members = sorted(sandbox.company.policies[policy].members)[:4]
    rows = [person(policy, email, f"L-{number}", is_terminated="yes") for number, email in enumerate(members, start=1)]
    update = make_update(credential, alice, rows)
    work(employee_updates.read_members(update, by=alice))
    update = tried(update, alice, work)
    employee_updates.submit(update, by=alice, content_hash=update.content_hash)

    with pytest.raises(Cannot, match="An Admin has to type the number"):
        employee_updates.approve(update, by=approver, content_hash=update.content_hash, typed_leavers=3)
    employee_updates.approve(update, by=approver, content_hash=update.content_hash, typed_leavers=4)

    assert fresh(update).is_approved


def test_reverse_takes_a_joiner_out_again(
    joiner: EmployeeUpdate, alice: User, approver: Membership, acme: Team, work: Work, sandbox: Sandbox, policy: str
) -> None:
    work(employee_updates.read_members(joiner, by=alice))
    update = approved(joiner, alice, approver)
    work(employee_updates.apply(update, by=acme.memberships.get(user=alice), content_hash=update.content_hash))

    back = employee_updates.prepare_reverse(fresh(update), by=alice)

    people = [feed_cells.person_of(row)[0] for row in stored_updates.rows_of(fresh(back))]
    assert [(person.email, person.is_terminated) for person in people] == [("nina.new@acme.example", True)]
    assert back.reverse_of == update


def test_wiped_update_keeps_its_summary_and_nothing_about_people(
    joiner: EmployeeUpdate, alice: User, approver: Membership, acme: Team, work: Work
) -> None:
    update = approved(joiner, alice, approver)
    work(employee_updates.apply(update, by=acme.memberships.get(user=alice), content_hash=update.content_hash))

    assert retention.wipe(fresh(update), by=alice) is True

    update = fresh(update)
    assert (update.rows, update.applied_answer, update.tried_answer, update.before) == (None, None, None, None)
    assert (update.summary["added"], update.row_count, len(update.content_hash)) == (1, 1, 64)


def test_rows_with_errors_have_no_name_and_are_not_sent(
    credential: Credential, alice: User, policy: str, sandbox: Sandbox
) -> None:
    cells = person(
        policy, "nina.new@acme.example", "N-1001", approval_limit="12.345", over_limit_approver="a@b.example"
    )
    update = make_update(credential, alice, [cells])

    with pytest.raises(Cannot, match="error"):
        employee_updates.try_out(update, by=alice)

    assert (update.error_count > 0, update.content_hash, sent(sandbox)) == (True, "", [])
