"""From a policy's present members to an update of exactly those that changed, over the pages and the sandbox."""

from accounts.models import Credential, Team, User
from exports.employee_updates import actions as employee_updates
from exports.employee_updates import stored as stored_updates
from exports.models import EmployeeUpdate, Run
from sandbox.app import Sandbox
from tests.clients import signed_in
from tests.factories import make_policy
from tests.work import Work


def test_only_the_member_that_was_edited_is_sent(
    acme: Team, erin: User, credential: Credential, sandbox: Sandbox, work: Work
) -> None:
    policy = sorted(sandbox.pairs[credential.partner_pair().partner_user_id].policies)[0]
    make_policy(credential, policy)
    client = signed_in(erin)

    client.post(
        "/t/acme/updates/new/", {"name": "One", "credential": credential.pk, "way": "members", "policy": policy}
    )
    update = EmployeeUpdate.objects.get()
    assert work(update.runs.get()).status == Run.Status.SUCCEEDED
    rows = f"/t/acme/updates/{update.pk}/rows/"
    client.post(f"{rows}members/")
    members = sandbox.company.policies[policy].members
    taken = stored_updates.rows_of(EmployeeUpdate.objects.get())
    assert [row.cells["email"] for row in taken] == list(members)
    chosen = next(row for row in taken if row.cells.get("employee_id"))
    client.post(f"{rows}change/", {f"cell-{chosen.number}-custom_field_2": "CC-99"})
    client.post(f"{rows}keep/")

    update = EmployeeUpdate.objects.select_related("team", "credential").get()
    assert (update.row_count, update.error_count) == (1, 0), stored_updates.analyse(update).checked.errors
    if not update.is_accepted:
        employee_updates.accept_warnings(update, by=erin, content_hash=update.content_hash)
    run = work(employee_updates.try_out(update, by=erin))
    assert run.status == Run.Status.SUCCEEDED, run.error
    receipt = stored_updates.receipt_of(EmployeeUpdate.objects.get(), "tried_answer")
    assert [(line.email, line.outcome) for line in receipt.lines] == [(chosen.cells["email"], "updated")]
