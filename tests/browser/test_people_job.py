"""The job of employee updates in a browser: a joiner, a leaver and a changed manager, from a file to the receipt."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django_scopes import scope
from playwright.sync_api import Page, expect

from accounts.models import Credential, Team, User
from exports.employee_updates.feed.fields import FIELDS
from sandbox.app import Sandbox
from tests.browser.pages import SignIn, follow
from tests.people import reach
from tests.workers import Processes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workers(sandbox: Sandbox, budget: Any, settings: Any, db: None, tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path, EXPENSIFY_URL=settings.EXPENSIFY_URL, SWEEP_SECONDS="0.5")
    processes.worker()
    processes.beat()
    yield processes
    processes.stop()


def feed(path: Path, policy: str, rows: list[dict[str, str]]) -> Path:
    """A file as an HR system writes it, with headings in its own order."""
    names = ["last_name", "email", "employee_id", "manager", "is_terminated"]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow([*(FIELDS[name].heading for name in names), FIELDS["policy"].heading])
        writer.writerows([*(row.get(name, "") for name in names), policy] for row in rows)
    return path


def test_a_joiner_a_leaver_and_a_changed_manager_come_from_a_file_to_the_receipt(
    page: Page,
    sign_in: SignIn,
    workers: Processes,
    sandbox: Sandbox,
    credential: Credential,
    acme: Team,
    alice: User,
    erin: User,
    tmp_path: Path,
) -> None:
    with scope(team=acme):
        policy = reach(sandbox, credential)
        acme.memberships.filter(user=erin).update(role="admin")
    members = sandbox.company.policies[policy].members
    managers = {member.submits_to for member in members.values()}
    approvers = managers | {member.forwards_to for member in members.values()}
    plain = [email for email, member in sorted(members.items()) if member.employee_id and email not in approvers]
    leaver, moving = plain[:2]
    boss = next(email for email in sorted(managers) if email in members and email != members[moving].submits_to)
    file = feed(
        tmp_path / "november.csv",
        policy,
        [
            {"email": "nina.new@acme.example", "employee_id": "N-1001", "manager": boss, "last_name": "New"},
            {"email": leaver, "employee_id": members[leaver].employee_id, "manager": boss, "is_terminated": "yes"},
            {"email": moving, "employee_id": members[moving].employee_id, "manager": boss},
        ],
    )  # fmt: skip

    sign_in(alice)
    page.goto("/t/acme/updates/new/")
    page.get_by_label("Name", exact=True).fill("November")
    page.get_by_label("File", exact=True).set_input_files(file)
    follow(page.get_by_role("button", name="Go on"))
    follow(page.get_by_role("button", name="Read the rows"))
    follow(page.get_by_role("link", name="November").or_(page.get_by_role("link", name="Go on")).first)
    page.get_by_role("button", name="Read the members").click()
    expect(page.get_by_text("Compared with the policy's members")).to_be_visible()
    meant = page.get_by_role("button", name="meant")
    if meant.is_visible():
        follow(meant)
    page.get_by_role("link", name="What changes").click()
    for words in ("nina.new@acme.example", leaver, moving):
        expect(page.get_by_role("rowheader", name=words)).to_be_visible()
    page.get_by_role("link", name="November").click()
    page.get_by_role("button", name="Dry run").click()
    expect(page.get_by_role("link", name="What Expensify would do")).to_be_visible()
    present = sandbox.company.policies[policy].members
    assert ("nina.new@acme.example" in present, leaver in present) == (False, True)
    page.get_by_role("button", name="Ask for approval").click()
    expect(page.get_by_text("Another person has to approve it")).to_be_visible()
    address = page.url

    sign_in(erin)
    page.goto(address)
    # One of seventeen is more than a team lets go unasked.
    page.get_by_label("How many people leave?").fill("1")
    page.get_by_role("button", name="Approve exactly this").click()
    expect(page.get_by_text("Erin approved exactly these rows and settings")).to_be_visible()

    sign_in(alice)
    page.goto(address)
    page.get_by_role("button", name="Apply to 3 people").click()
    follow(page.get_by_role("link", name="The receipt, person by person"))

    rows = [row.locator("th, td").all_inner_texts()[:2] for row in page.locator("main tbody").first.locator("tr").all()]
    assert [[cells[0].splitlines()[0], cells[1].strip()] for cells in rows] == [
        ["nina.new@acme.example", "Added"],
        [leaver, "Removed"],
        [moving, "Updated"],
    ]
    present = sandbox.company.policies[policy].members
    assert ("nina.new@acme.example" in present, leaver in present) == (True, False)
    assert present[moving].submits_to == boss
    assert [arrival.job["dry-run"] for arrival in sandbox.log if "dry-run" in arrival.job] == [True, False]
