"""The pages of an employee update from its checks to its receipt, in Chromium: how they look, and the whole way."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django_scopes import scope
from playwright.sync_api import Page

from accounts.models import Credential, Membership, Policy, Team, User
from exports.employee_updates import actions as employee_updates
from exports.models import EmployeeUpdate
from exports.results import retention
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.browser.pages import Look, SignIn
from tests.factories import make_policy, make_update
from tests.people import applied, approved, fresh, person, reach, tried
from tests.waiting import PATIENCE
from tests.work import work_off

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def roomy(acme: Team, wide_limits: None, settings: Any) -> Iterator[None]:
    """Acme is open to the test, and the call budget is larger than what a test needs."""
    settings.EXPENSIFY_ANSWER_SECONDS, settings.RETRY_SECONDS, settings.CALL_ATTEMPTS = PATIENCE, 0, 2
    with scope(team=acme):
        yield


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


def mixed(sandbox: Sandbox, policy: str, other: str, count: int) -> list[dict[str, str]]:
    """A leaver, changed managers, somebody for another policy, and joiners up to `count`."""
    members = sandbox.company.policies[policy].members
    known = sorted(members)
    cells = [person(policy, known[0], members[known[0]].employee_id or "L-1", is_terminated="yes")]
    cells += [
        person(policy, email, members[email].employee_id or f"C-{number}", manager=known[1], custom_field_2="CC-7")
        for number, email in enumerate(known[2:5])
    ]
    cells.append(person(other, "otto.new@acme.example", "N-1", first_name="Otto"))
    cells += [
        person(
            policy, f"new.person{number}@acme.example", f"N-{number:04}", manager=known[1],
            first_name="Ada", last_name=f"Byron {number}", approval_limit="1500", over_limit_approver=known[1],
        )
        for number in range(len(cells) + 1, count + 1)
    ]  # fmt: skip
    return cells


@pytest.fixture
def full(credential: Credential, alice: User, sandbox: Sandbox, policy: str) -> EmployeeUpdate:
    id = credential.partner_pair().partner_user_id
    pair = sandbox.pairs[id]
    other = sorted(pair.policies)[1]
    make_policy(credential, other, "Closed branch")
    update = make_update(credential, alice, mixed(sandbox, policy, other, 60), "Joiners and leavers of November")
    assert work_off(employee_updates.read_members(update, by=alice)).status == "succeeded"
    sandbox.pairs[id] = replace(pair, policies=pair.policies - {other})
    return fresh(update)


def url(update: EmployeeUpdate, page: str = "") -> str:
    return f"/t/acme/updates/{update.pk}/{page}"


# ------------------------------------------------------------ how they look


def test_update_without_rows_and_with_wrong_ones(
    credential: Credential, policy: str, alice: User, sign_in: SignIn, look: Look
) -> None:
    empty = make_update(credential, alice, [], "Empty")
    wrong = make_update(
        credential,
        alice,
        [
            person(policy, "a@acme.example", "N-1", manager="b@acme.example"),
            person(policy, "b@acme.example", "N-2", manager="c@acme.example"),
            person(policy, "c@acme.example", "N-3", manager="a@acme.example", last_name="<script>alert(1)</script>"),
            person(policy, "d@acme.example", "1.2E+10", manager="nobody@acme.example"),
        ],
        "Wrong",
    )
    sign_in(alice)

    look("update-empty", url(empty))
    look("update-errors", url(wrong))
    look("update-changes-empty", url(empty, "changes/"))
    look("update-changes-wrong", url(wrong, "changes/"))
    look("update-answer-none", url(wrong, "answer/"))
    look("update-receipt-none", url(wrong, "receipt/"))


def test_update_on_its_way_to_approval(
    full: EmployeeUpdate, acme: Team, alice: User, erin: User, dora: Membership, sign_in: SignIn, look: Look
) -> None:
    acme.most_leavers = 0
    acme.save(update_fields=["most_leavers"])
    sign_in(alice)
    look("update-warnings", url(full))
    look("update-changes", url(full, "changes/"))
    look("update-changes-leavers", url(full, "changes/?kind=leaver"))
    update = tried(full, alice)
    look("update-tried", url(update))
    look("update-answer", url(update, "answer/"))
    employee_updates.submit(update, by=alice, content_hash=update.content_hash)
    look("update-waiting-author", url(update))
    look("home-waiting", "/t/acme/")
    sign_in(erin)
    look("update-waiting-approver", url(update))
    employee_updates.approve(update, by=dora, content_hash=update.content_hash, typed_leavers=1)
    look("update-approved", url(update))
    run = employee_updates.apply(fresh(update), by=dora, content_hash=update.content_hash)
    look("update-applying", url(update))
    look("run-update", f"/t/acme/runs/{run.pk}/")


def test_applied_update_and_its_receipt(
    full: EmployeeUpdate, alice: User, dora: Membership, page: Page, sign_in: SignIn, look: Look
) -> None:
    update = applied(full, alice, dora)
    Policy.objects.filter(name="Closed branch").delete()
    work_off(employee_updates.read_members(update, by=alice))
    sign_in(alice)

    look("update-applied", url(update))
    look("update-receipt", url(update, "receipt/"))
    look("update-present", url(update, "present/"))
    look("update-receipt-all", url(update, "receipt/?all=1"))
    page.emulate_media(media="print")
    hidden = page.locator(".side, .actions, .tabs, .no-print")
    assert [hidden.nth(number).is_visible() for number in range(hidden.count())] == [False] * hidden.count()
    assert update.content_hash in page.locator("main").inner_text()


def test_unconfirmed_update(
    full: EmployeeUpdate, acme: Team, alice: User, dora: Membership, sandbox: Sandbox, sign_in: SignIn, look: Look
) -> None:
    update = approved(full, alice, dora)
    sandbox.script(Fault(drop_after_work=True))
    work_off(employee_updates.apply(update, by=acme.memberships.get(user=alice), content_hash=update.content_hash))
    sign_in(alice)

    look("update-unconfirmed", url(update))
    look("home-unconfirmed", "/t/acme/")
    look("update-present-none", url(update, "present/"))
    Policy.objects.filter(name="Closed branch").delete()
    work_off(employee_updates.read_members(fresh(update), by=alice))
    look("update-unconfirmed-read", url(update))
    look("update-present-after", url(update, "present/"))


def test_closed_updates_and_a_team_without_the_second_person(
    full: EmployeeUpdate, acme: Team, alice: User, audrey: User, sign_in: SignIn, look: Look
) -> None:
    acme.two_people = False
    acme.save(update_fields=["two_people"])
    update = tried(full, alice)
    sign_in(alice)
    look("update-alone", url(update))
    look("team-alone", "/t/acme/team/")
    look("team-settings", "/t/acme/team/edit/")
    retention.wipe(update, by=alice)
    sign_in(audrey)
    look("update-wiped", url(update))
    look("update-changes-wiped", url(update, "changes/"))
