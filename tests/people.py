"""Objects for tests of employee updates: a policy, rows, and an update in any stage."""

from typing import Any

from accounts.models import Credential, Membership, User
from exports.employee_updates import actions as employee_updates
from exports.models import EmployeeUpdate, Run
from sandbox.app import Sandbox
from tests.factories import make_policy
from tests.work import Work, work_off


def reach(sandbox: Sandbox, credential: Credential) -> str:
    """A policy that the credential reaches and administers, stored as by a test of the credential."""
    reached = sandbox.pairs[credential.partner_pair().partner_user_id].policies
    policy = sorted(reached)[0]
    make_policy(credential, policy, sandbox.company.policies[policy].name)
    return policy


def person(policy: str, email: str, number: str, **cells: str) -> dict[str, str]:
    """The cells of an employee who is their own manager."""
    return {"email": email, "manager": email, "employee_id": number, "policy": policy} | cells


def fresh(update: EmployeeUpdate) -> EmployeeUpdate:
    return EmployeeUpdate.objects.select_related("team", "credential", "applied_by_run").get(pk=update.pk)


def tried(update: EmployeeUpdate, by: User, work: Work = work_off) -> EmployeeUpdate:
    update = fresh(update)
    if not update.is_accepted:
        employee_updates.accept_warnings(update, by=by, content_hash=update.content_hash)
    run = work(employee_updates.try_out(update, by=by))
    assert run.status == Run.Status.SUCCEEDED, run.error
    return fresh(update)


def submitted(update: EmployeeUpdate, by: User) -> EmployeeUpdate:
    update = tried(update, by)
    employee_updates.submit(update, by=by, content_hash=update.content_hash)
    return fresh(update)


def approved(update: EmployeeUpdate, by: User, approver: Membership, **more: Any) -> EmployeeUpdate:
    update = submitted(update, by)
    employee_updates.approve(update, by=approver, content_hash=update.content_hash, **more)
    return fresh(update)


def applied(update: EmployeeUpdate, by: User, approver: Membership, **more: Any) -> EmployeeUpdate:
    """Apply the update, whatever the outcome."""
    update = approved(update, by, approver, **more)
    membership = update.team.memberships.get(user=by)
    work_off(employee_updates.apply(update, by=membership, content_hash=update.content_hash))
    return fresh(update)
