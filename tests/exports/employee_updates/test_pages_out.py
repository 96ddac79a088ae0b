"""The pages of an employee update from its checked rows to its receipt: what they say, to whom, and what they do."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit.record import Action
from accounts.models import AuditEntry, Credential, Membership, Team, User
from exports.employee_updates import actions as employee_updates
from exports.models import EmployeeUpdate, Run
from exports.models.employee_update import Stage
from exports.results import retention
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.clients import signed_in
from tests.factories import make_policy, make_update
from tests.html import tidy
from tests.people import applied, approved, fresh, person, reach, submitted, tried
from tests.waiting import PATIENCE
from tests.work import work_off


@pytest.fixture(autouse=True)
def opened(acme_open: Team, wide_limits: None, settings: Any) -> None:
    """Acme is open to the test, and the call budget is larger than what a test needs."""
    settings.EXPENSIFY_ANSWER_SECONDS, settings.RETRY_SECONDS, settings.CALL_ATTEMPTS = PATIENCE, 0, 2


@pytest.fixture
def policy(sandbox: Sandbox, credential: Credential) -> str:
    return reach(sandbox, credential)


@pytest.fixture
def dora(acme: Team, erin: User) -> Membership:
    """A second Admin: Erin, with another role."""
    membership = acme.memberships.get(user=erin)
    membership.role = "admin"
    membership.save(update_fields=["role"])
    return membership


@pytest.fixture
def joiner(credential: Credential, alice: User, policy: str) -> EmployeeUpdate:
    return make_update(
        credential, alice, [person(policy, "nina.new@acme.example", "N-1001", first_name="Nina")], "Joiner"
    )


@pytest.fixture
def as_alice(alice: User) -> Client:
    return signed_in(alice)


def url(update: EmployeeUpdate, page: str = "") -> str:
    return f"/t/acme/updates/{update.pk}/{page}"


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return tidy(response.content.decode())


def post(client: Client, update: EmployeeUpdate, act: str, **given: Any) -> str:
    """Press a button; what the page says then."""
    response = client.post(url(update, f"{act}/"), given, follow=True)
    assert response.status_code == 200
    return tidy(response.content.decode())


def test_update_goes_through_its_pages_from_warnings_to_receipt(
    as_alice: Client, joiner: EmployeeUpdate, dora: Membership, erin: User, sandbox: Sandbox, policy: str
) -> None:
    as_erin = signed_in(erin)
    given = {"content_hash": joiner.content_hash}
    if joiner.warning_count:
        post(as_alice, joiner, "accept", **given)
    post(as_alice, joiner, "try")
    work_off(joiner.runs.get(kind="dry_run"))
    post(as_alice, joiner, "submit", **given)
    assert "Approve exactly this" not in text(as_alice, url(joiner))
    assert "Approve exactly this" in text(as_erin, url(joiner))
    post(as_erin, joiner, "approve", **given)
    post(as_alice, joiner, "apply", **given)
    work_off(joiner.runs.get(kind="apply"))

    page = text(as_alice, url(joiner, "receipt/"))

    assert fresh(joiner).stage == Stage.APPLIED
    assert "nina.new@acme.example" in sandbox.company.policies[policy].members
    assert "Added to Acme Inc.<" in page


# ------------------------------------------------------------ who may do what, and why not


def test_author_is_told_why_another_person_has_to_approve(
    as_alice: Client, joiner: EmployeeUpdate, alice: User, dora: Membership
) -> None:
    submitted(joiner, alice)

    page = text(as_alice, url(joiner))

    assert "You prepared this update. Another person has to approve it." in page
    assert "/approve/" not in page


def test_author_who_sends_the_approval_anyway_is_refused(as_alice: Client, joiner: EmployeeUpdate, alice: User) -> None:
    update = submitted(joiner, alice)

    page = post(as_alice, update, "approve", content_hash=update.content_hash)

    assert "You prepared this update. Another person has to approve it." in page
    assert fresh(update).approved_at is None


def test_admin_who_changed_a_cell_cannot_approve(
    joiner: EmployeeUpdate, alice: User, erin: User, dora: Membership
) -> None:
    employee_updates.change_rows(joiner, by=erin, changed={1: {"last_name": "New"}})
    update = submitted(joiner, alice)

    page = post(signed_in(erin), update, "approve", content_hash=update.content_hash)

    assert "You changed this update after it was prepared. Another person has to approve it." in page
    assert fresh(update).approved_at is None


def test_editor_reads_that_the_role_does_not_approve(joiner: EmployeeUpdate, alice: User, erin: User) -> None:
    submitted(joiner, alice)

    page = text(signed_in(erin), url(joiner))

    assert "Your role does not include approving employee updates." in page
    assert "/approve/" not in page


def test_auditor_sees_the_update_without_a_single_button(joiner: EmployeeUpdate, alice: User, audrey: User) -> None:
    submitted(joiner, alice)

    page = text(signed_in(audrey), url(joiner))

    assert "Your role lets you look at employee updates, not change them." in page
    main = page.partition('<main id="main"')[2]
    assert main.count('method="post"') == 0


def test_viewer_sees_nothing_of_updates(joiner: EmployeeUpdate, alice: User, bob: User) -> None:
    update = submitted(joiner, alice)
    run = update.runs.get()
    as_bob = signed_in(bob)

    pages = [text(as_bob, "/t/acme/"), text(as_bob, "/t/acme/runs/")]

    assert [("Joiner" in page, "updates/" in page) for page in pages] == [(False, False)] * 2
    assert as_bob.get(f"/t/acme/runs/{run.pk}/").status_code == 404
    assert as_bob.get(f"/t/acme/runs/{run.pk}/timeline/").status_code == 404
    assert as_bob.get(url(update)).status_code == 403


def test_approval_of_content_that_was_changed_meanwhile_is_refused(
    joiner: EmployeeUpdate, alice: User, erin: User, dora: Membership
) -> None:
    seen = submitted(joiner, alice).content_hash
    employee_updates.change_rows(joiner, by=alice, changed={1: {"last_name": "New"}})
    submitted(joiner, alice)

    page = post(signed_in(erin), joiner, "approve", content_hash=seen)

    assert "The update was changed since you opened this page. Look at it again." in page
    assert fresh(joiner).approved_at is None


def test_approver_can_withdraw_the_request(joiner: EmployeeUpdate, alice: User, erin: User, dora: Membership) -> None:
    submitted(joiner, alice)
    as_erin = signed_in(erin)
    assert "Send it back" in text(as_erin, url(joiner))

    post(as_erin, joiner, "withdraw")

    assert fresh(joiner).stage == Stage.TRIED


def test_pages_say_that_the_two_person_rule_is_off(
    as_alice: Client, joiner: EmployeeUpdate, alice: User, acme: Team
) -> None:
    update = tried(joiner, alice)
    acme.two_people = False
    acme.save(update_fields=["two_people"])

    page = text(as_alice, url(update))
    post(as_alice, update, "apply", content_hash=update.content_hash)

    assert "The two-person rule is off in this team" in page
    assert "Apply to 1 person" in page
    assert work_off(update.runs.get(kind="apply")).status == Run.Status.SUCCEEDED


def test_pages_tell_of_an_update_that_was_sent_what_the_rule_was_then(
    as_alice: Client, joiner: EmployeeUpdate, alice: User, acme: Team
) -> None:
    """The rule is switched on again afterwards: nobody has approved the update all the same."""
    update = tried(joiner, alice)
    Team.objects.filter(pk=acme.pk).update(two_people=False)
    post(as_alice, update, "apply", content_hash=update.content_hash)
    work_off(update.runs.get(kind="apply"))
    Team.objects.filter(pk=acme.pk).update(two_people=True)

    page = text(as_alice, url(update))

    assert "Approval by a second person" not in page
    assert "Nobody: the two-person rule was off" in page


# ------------------------------------------------------------ guards


@pytest.fixture
def leavers(credential: Credential, alice: User, sandbox: Sandbox, policy: str) -> EmployeeUpdate:
    """Four members who leave, compared with the members as they are."""
    members = sorted(sandbox.company.policies[policy].members)[:4]
    cells = [person(policy, email, f"L-{number}", is_terminated="yes") for number, email in enumerate(members, start=1)]
    update = make_update(credential, alice, cells, "Leavers")
    work_off(employee_updates.read_members(update, by=alice))
    return update


def test_many_leavers_are_approved_only_with_their_number(
    leavers: EmployeeUpdate, alice: User, erin: User, dora: Membership
) -> None:
    update = submitted(leavers, alice)
    as_erin = signed_in(erin)
    assert "How many people leave?" in text(as_erin, url(update))

    refused = post(as_erin, update, "approve", content_hash=update.content_hash, leavers="3")
    still_waiting = fresh(update).stage
    post(as_erin, update, "approve", content_hash=update.content_hash, leavers="4")

    assert "An Admin has to type the number." in refused
    assert (still_waiting, fresh(update).stage) == (Stage.WAITING, Stage.APPROVED)


def test_approver_of_few_leavers_need_not_count_them(
    leavers: EmployeeUpdate, alice: User, erin: User, dora: Membership, acme: Team
) -> None:
    acme.most_leavers, acme.most_leavers_percent = 10, 100
    acme.save(update_fields=["most_leavers", "most_leavers_percent"])
    submitted(leavers, alice)

    assert "How many people leave?" not in text(signed_in(erin), url(leavers))


# ------------------------------------------------------------ what changes


def test_changes_show_before_and_after_by_kind(
    as_alice: Client, credential: Credential, alice: User, sandbox: Sandbox, policy: str
) -> None:
    members = sandbox.company.policies[policy].members
    known = sorted(members)[0]
    boss = sorted(members)[1]
    cells = [
        person(policy, "nina.new@acme.example", "N-1"),
        person(policy, known, members[known].employee_id or "K-1", manager=boss),
    ]
    update = make_update(credential, alice, cells)
    work_off(employee_updates.read_members(update, by=alice))

    everything = text(as_alice, url(update, "changes/"))
    joiners = text(as_alice, url(update, "changes/?kind=joiner"))

    assert [email in everything for email in ("nina.new@acme.example", known)] == [True, True]
    assert f"<ins>{boss}</ins>" in everything
    assert ("nina.new@acme.example" in joiners, "row 2" in joiners) == (True, False)


def test_wrong_chain_is_drawn_as_a_tree(as_alice: Client, credential: Credential, alice: User, policy: str) -> None:
    cells = [
        person(policy, "a@acme.example", "N-1", manager="b@acme.example"),
        person(policy, "b@acme.example", "N-2", manager="a@acme.example"),
    ]
    update = make_update(credential, alice, cells)

    page = text(as_alice, url(update, "changes/"))

    assert "a chain goes round in a circle" in page
    assert "again: the circle closes here" in page


def test_hr_text_is_shown_and_never_run(as_alice: Client, credential: Credential, alice: User, policy: str) -> None:
    evil = "<script>alert(1)</script>"
    update = make_update(credential, alice, [person(policy, "x@acme.example", "N-1", last_name=evil)], evil)
    work_off(employee_updates.read_members(update, by=alice))

    pages = [text(as_alice, url(update, page)) for page in ("", "changes/", "answer/", "present/")]

    assert [evil in page for page in pages] == [False] * 4
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages[1]


# ------------------------------------------------------------ answers


def test_dry_run_is_shown_person_by_person(as_alice: Client, credential: Credential, alice: User, policy: str) -> None:
    cells = [
        person(policy, "nina.new@acme.example", "N-1"),
        person(policy, "otto.new@acme.example", "N-2", manager="nina.new@acme.example"),
    ]
    update = tried(make_update(credential, alice, cells), alice)

    page = text(as_alice, url(update, "answer/"))

    assert page.count("Would be added") >= 2
    assert ["nina.new@acme.example" in page, "otto.new@acme.example" in page] == [True, True]


def skipping(credential: Credential, alice: User, policy: str) -> EmployeeUpdate:
    """An update of which Expensify takes one row and skips the other, for a policy it does not know."""
    make_policy(credential, "0000GONE00000000", "Gone")
    cells = [person(policy, "nina.new@acme.example", "N-1"), person("0000GONE00000000", "otto.new@acme.example", "N-2")]
    return make_update(credential, alice, cells)


def test_receipt_says_why_somebody_was_skipped_and_what_to_do(
    as_alice: Client, credential: Credential, alice: User, dora: Membership, policy: str
) -> None:
    update = applied(skipping(credential, alice, policy), alice, dora)

    everybody = text(as_alice, url(update, "receipt/"))
    skipped = text(as_alice, url(update, "receipt/?outcome=skipped")).partition("</table>")[0]

    assert "There is no policy “0000GONE00000000” that this credential may change." in everybody
    assert "Enter the identifier of a policy, not its name" in everybody
    assert ("otto.new@" in skipped, "nina.new@" in skipped) == (True, False)


def test_receipt_file_is_safe_for_spreadsheets_and_its_download_is_on_record(
    as_alice: Client, credential: Credential, alice: User, dora: Membership, policy: str
) -> None:
    update = applied(skipping(credential, alice, policy), alice, dora)
    update.applied_answer = {
        "responseCode": 200,
        "updatedEmployeesCount": 1,
        "skippedEmployees": [{"email": "otto.new@acme.example", "reason": "=HYPERLINK(1)"}],
    }
    update.save(update_fields=["applied_answer"])

    response = as_alice.get(url(update, "receipt.csv"))
    content = b"".join(response.streaming_content).decode("utf-8-sig")

    rows = list(csv.reader(io.StringIO(content)))
    assert rows[0] == ["Row", "Person", "Outcome", "What Expensify says", "Reason as given", "What to do"]
    assert [row[1] for row in rows[1:3]] == ["nina.new@acme.example", "otto.new@acme.example"]
    assert rows[2][4] == "'=HYPERLINK(1)"
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))] == []
    entry = AuditEntry.objects.filter(action=Action.RECEIPT_DOWNLOADED).get()
    assert (entry.actor_id, entry.target_id, entry.data["rows"]) == (alice.pk, update.pk, 2)


def test_update_that_was_not_applied_has_no_receipt_to_download(as_alice: Client, joiner: EmployeeUpdate) -> None:
    assert as_alice.get(url(joiner, "receipt.csv")).headers["Location"] == url(joiner)
    assert AuditEntry.objects.filter(action=Action.RECEIPT_DOWNLOADED).count() == 0


def test_receipt_on_one_page_names_who_prepared_and_approved_and_the_whole_hash(
    as_alice: Client, joiner: EmployeeUpdate, alice: User, dora: Membership
) -> None:
    update = applied(joiner, alice, dora)

    page = text(as_alice, url(update, "receipt/?all=1"))

    assert update.content_hash in page
    assert [f"<dd>{name}, " in page for name in ("Alice", "Erin")] == [True, True]


# ------------------------------------------------------------ a lost answer


@pytest.mark.parametrize(
    ("fault", "told"), [(Fault(drop_after_work=True), "There as wanted"), (Fault(drop_before_work=True), "Not there")]
)
def test_unconfirmed_update_is_compared_with_the_members(
    as_alice: Client,
    joiner: EmployeeUpdate,
    alice: User,
    dora: Membership,
    acme: Team,
    sandbox: Sandbox,
    fault: Fault,
    told: str,
) -> None:
    update = approved(joiner, alice, dora)
    sandbox.script(fault)
    work_off(employee_updates.apply(update, by=acme.memberships.get(user=alice), content_hash=update.content_hash))
    assert "Read the members now" in text(as_alice, url(update))
    assert "needs attention" in text(as_alice, "/t/acme/").lower()

    post(as_alice, update, "members")
    work_off(update.runs.get(kind="members"))
    page = text(as_alice, url(update, "present/"))

    assert told in page.partition("<tbody>")[2]


# ------------------------------------------------------------ the way back, the end, and the log


def test_reverse_is_prepared_as_a_new_update(
    as_alice: Client, joiner: EmployeeUpdate, alice: User, dora: Membership
) -> None:
    work_off(employee_updates.read_members(joiner, by=alice))
    update = applied(joiner, alice, dora)

    page = post(as_alice, update, "reverse")

    back = EmployeeUpdate.objects.get(reverse_of=update)
    assert "Reverse of Joiner" in page
    assert url(back) in text(as_alice, url(update))


def test_receipt_says_what_cannot_go_back(
    as_alice: Client, joiner: EmployeeUpdate, alice: User, dora: Membership
) -> None:
    work_off(employee_updates.read_members(joiner, by=alice))
    update = applied(joiner, alice, dora)

    assert "An invitation cannot be taken back." in text(as_alice, url(update, "receipt/"))


def test_history_names_who_did_what(as_alice: Client, joiner: EmployeeUpdate, alice: User, dora: Membership) -> None:
    update = applied(joiner, alice, dora)

    history = text(as_alice, url(update)).partition(">History<")[2]

    assert 'Employee update prepared <span class="quiet">by Alice' in history
    assert 'Employee update approved <span class="quiet">by Erin' in history
    assert f'title="{update.content_hash}"' in history


def test_home_shows_updates_that_wait_until_they_are_approved(
    as_alice: Client, joiner: EmployeeUpdate, alice: User, erin: User, dora: Membership
) -> None:
    update = submitted(joiner, alice)
    waiting = [text(as_alice, "/t/acme/"), text(signed_in(erin), "/t/acme/")]

    employee_updates.approve(update, by=dora, content_hash=update.content_hash)

    assert ["Waits for approval" in page for page in waiting] == [True, True]
    assert "You prepared it, so another person has to approve it." in waiting[0]
    assert "Waits for approval" not in text(as_alice, "/t/acme/")


def test_discarded_update_is_closed(as_alice: Client, joiner: EmployeeUpdate) -> None:
    post(as_alice, joiner, "discard")

    page = post(as_alice, joiner, "try")

    assert fresh(joiner).stage == Stage.DISCARDED
    assert "This employee update is closed" in page
    assert joiner.runs.count() == 0


def test_pages_of_a_wiped_update_keep_what_was_done_and_nobody_in_it(
    as_alice: Client, joiner: EmployeeUpdate, alice: User, dora: Membership
) -> None:
    update = applied(joiner, alice, dora)
    retention.wipe(update, by=alice)

    pages = [text(as_alice, url(update, page)) for page in ("", "changes/", "answer/", "receipt/", "present/")]

    assert ["nina" in page.lower() for page in pages] == [False] * 5
    assert "1 added" in pages[0]
    assert ["The rows were wiped" in page for page in pages[1:]] == [True] * 4


# ------------------------------------------------------------ keeping


def test_rows_are_deleted_after_the_teams_retention(
    joiner: EmployeeUpdate, credential: Credential, alice: User, policy: str, acme: Team
) -> None:
    acme.updates_kept_days = 30
    acme.save(update_fields=["updates_kept_days"])
    young = make_update(credential, alice, [person(policy, "otto.new@acme.example", "N-2")])
    now = timezone.now()
    EmployeeUpdate.objects.filter(pk=joiner.pk).update(created_at=now - timedelta(days=31))
    EmployeeUpdate.objects.filter(pk=young.pk).update(created_at=now - timedelta(days=29))

    assert retention.wipe_old(now) == 1

    assert [fresh(update).rows is None for update in (joiner, young)] == [True, False]
    assert fresh(joiner).stage == Stage.DISCARDED


def test_retention_of_an_applied_update_starts_when_it_was_sent(
    joiner: EmployeeUpdate, alice: User, dora: Membership
) -> None:
    update = applied(joiner, alice, dora)
    now = timezone.now()
    EmployeeUpdate.objects.filter(pk=update.pk).update(created_at=now - timedelta(days=400))

    assert retention.wipe_old(now) == 0
    assert retention.wipe_old(now + timedelta(days=366)) == 1


def test_update_that_is_being_sent_is_not_deleted(
    joiner: EmployeeUpdate, alice: User, dora: Membership, acme: Team
) -> None:
    update = approved(joiner, alice, dora)
    employee_updates.apply(update, by=acme.memberships.get(user=alice), content_hash=update.content_hash)

    assert retention.wipe_old(timezone.now() + timedelta(days=400)) == 0
    assert fresh(update).rows is not None


# ------------------------------------------------------------ cost, and a run under way


def test_page_polls_while_a_run_is_active(as_alice: Client, joiner: EmployeeUpdate) -> None:
    post(as_alice, joiner, "members")
    during = text(as_alice, url(joiner, "course/"))
    work_off(joiner.runs.get())
    after = text(as_alice, url(joiner, "course/"))

    assert ["hx-trigger" in during, "hx-trigger" in after] == [True, False]
    assert "update-news" in after


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_pages_cost_the_same_with_one_row_and_with_many(
    as_alice: Client, credential: Credential, alice: User, dora: Membership, policy: str
) -> None:
    def made(number: int) -> EmployeeUpdate:
        cells = [person(policy, f"n{each}.new@acme.example", f"N-{each}") for each in range(number)]
        update = make_update(credential, alice, cells)
        work_off(employee_updates.read_members(update, by=alice))
        return approved(update, alice, dora)

    pages = ["", "course/", "changes/", "answer/", "receipt/", "present/"]
    one, many = made(1), made(120)

    def costs(update: EmployeeUpdate) -> list[int]:
        for page in pages:
            as_alice.get(url(update, page))
        return [queries(as_alice, url(update, page)) for page in pages]

    assert costs(many) == costs(one)


def test_long_lists_are_paged(as_alice: Client, credential: Credential, alice: User, policy: str) -> None:
    cells = [person(policy, f"n{each:03}.new@acme.example", f"N-{each}") for each in range(120)]
    update = make_update(credential, alice, cells)

    pages = [text(as_alice, url(update, f"changes/?page={number}")) for number in (1, 3, 99)]

    assert [page.count('scope="row"') for page in pages] == [50, 20, 20]
    assert "101 to 120 of 120" in pages[1]
    assert "n119.new@acme.example" in pages[1]
