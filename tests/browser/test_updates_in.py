"""The pages on which an employee update is prepared, in Chromium: how they look, and by keyboard."""

from collections.abc import Callable
from typing import Any

import pytest
from django_scopes import scope
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Credential, Team, User
from exports.employee_updates import actions as employee_updates
from exports.employee_updates import intake
from exports.employee_updates import stored as stored_updates
from exports.employee_updates.feed import reading
from exports.models import EmployeeUpdate
from tests.browser.pages import Look, SignIn
from tests.factories import POLICY, make_credential, make_policy, make_update

pytestmark = pytest.mark.django_db(transaction=True)

CSV = "\n".join(
    [
        "Work Email;Vorgesetzter;Personalnummer;Vorname;Nachname;Kostenstelle;Schuhgröße;Work Email",
        *(
            f"person{number}@acme.example;boss@acme.example;E-{number:04d};Ada;Byron{number};CC-{number % 7};38;"
            for number in range(1, 61)
        ),
    ]
)


@pytest.fixture(autouse=True)
def empty_queue(budget: Any) -> None:
    """Runs that are started have a line to stand in."""


@pytest.fixture
def main(acme: Team) -> Credential:
    credential = make_credential(acme, "Headquarters")
    for number, name in enumerate(["Sales", "Marketing and events"]):
        make_policy(credential, f"0123456789ABCDE{number}", name)
    make_policy(credential, POLICY, "Research")
    return credential


def person(number: int, **cells: str) -> dict[str, str]:
    return {
        "email": f"person{number}@acme.example",
        "manager": "boss@acme.example",
        "employee_id": f"E-{number:04d}",
        "policy": POLICY,
        "first_name": "Ada",
        "last_name": f"Byron {number}",
    } | cells


BAD = [
    person(1, email="Person1@ACME.example"),
    person(2, email="no address", role="boss"),
    person(3, employee_id="1.2E+10"),
    person(4, approval_limit="1.500", over_limit_approver=""),
    person(5, policy="Research", is_terminated="perhaps"),
    person(6, first_name="=HYPERLINK(1)", custom_field_2="<script>alert(1)</script>"),
    person(1, role="admin"),
    {"email": "somebody.with.a.very.long.name.that.goes.on@subsidiary.department.acme.example"},
]


@pytest.fixture
def uploaded(main: Credential, alice: User) -> EmployeeUpdate:
    """A table whose columns have no names yet."""
    with scope(team=main.team):
        return intake.prepare(main, "December", reading.read_file(CSV.encode()), by=alice).update


# ------------------------------------------------------------ how they look


def test_pages_of_a_team_without_updates(main: Credential, alice: User, sign_in: SignIn, look: Look) -> None:
    sign_in(alice)

    look("updates-none", "/t/acme/updates/")
    look("update-new", "/t/acme/updates/new/")


@pytest.mark.parametrize("way", ["paste", "grid", "members", "url", "sftp"])
def test_each_way_in(way: str, main: Credential, alice: User, page: Page, sign_in: SignIn, look: Look) -> None:
    sign_in(alice)
    page.goto("/t/acme/updates/new/")
    page.locator(f"input[value={way}]").check()

    look(f"update-new-{way}")


def test_refused_file(main: Credential, alice: User, page: Page, sign_in: SignIn, look: Look) -> None:
    sign_in(alice)
    page.goto("/t/acme/updates/new/")
    page.get_by_label("Name", exact=True).fill("December")
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "people.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
    )
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("This is a PDF.")).to_be_visible()

    look("update-new-refused")


def test_columns(uploaded: EmployeeUpdate, alice: User, page: Page, sign_in: SignIn, look: Look) -> None:
    sign_in(alice)
    look("update-columns", f"/t/acme/updates/{uploaded.pk}/columns/")
    page.get_by_label("Personalnummer").select_option("")
    page.get_by_role("button", name="Read the rows").click()
    expect(page.get_by_role("alert")).to_contain_text("No column is chosen for")

    look("update-columns-lacking")


def test_rows_without_any(main: Credential, alice: User, sign_in: SignIn, look: Look) -> None:
    update = make_update(main, alice, [], "Empty")
    sign_in(alice)

    look("update-rows-empty", f"/t/acme/updates/{update.pk}/rows/")


def test_many_rows(main: Credential, alice: User, audrey: User, sign_in: SignIn, look: Look) -> None:
    update = make_update(main, alice, [person(number) for number in range(1, 121)], "Many")
    sign_in(alice)
    look("update-rows-many", f"/t/acme/updates/{update.pk}/rows/?page=2")
    sign_in(audrey)

    look("update-rows-read-only", f"/t/acme/updates/{update.pk}/rows/")


def test_rows_with_findings(main: Credential, alice: User, sign_in: SignIn, look: Look) -> None:
    update = make_update(main, alice, BAD, "Wrong")
    sign_in(alice)

    look("update-rows-wrong", f"/t/acme/updates/{update.pk}/rows/")
    look("update-rows-errors", f"/t/acme/updates/{update.pk}/rows/?show=errors&column=worker_status")


def test_settings_and_list(main: Credential, alice: User, sign_in: SignIn, look: Look) -> None:
    update = make_update(main, alice, BAD, "Wrong")
    make_update(main, alice, [person(1)], "One joiner")
    sign_in(alice)

    look("update-settings", f"/t/acme/updates/{update.pk}/settings/")
    look("updates", "/t/acme/updates/")
    look("updates-filtered", "/t/acme/updates/?stage=applied")


# ------------------------------------------------------------ by keyboard, and without JavaScript


def test_cells_of_a_spreadsheet_spread_over_the_table(
    main: Credential, alice: User, page: Page, sign_in: SignIn, context: BrowserContext
) -> None:
    update = make_update(main, alice, [], "Empty")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(alice)
    page.goto(f"/t/acme/updates/{update.pk}/rows/")
    copied = f"ann@acme.example\tann@acme.example\tE-1\t{POLICY}\nben@acme.example\tann@acme.example\tE-2\t{POLICY}\n"
    page.evaluate("text => navigator.clipboard.writeText(text)", copied)

    page.get_by_label("E-mail, new row 1").focus()
    page.keyboard.press("Control+V")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("E-mail, new row 2")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("status")).to_contain_text("Saved.")
    with scope(team=main.team):
        rows = stored_updates.rows_of(EmployeeUpdate.objects.get())
    assert [(row.cells["email"], row.cells["employee_id"]) for row in rows] == [
        ("ann@acme.example", "E-1"),
        ("ben@acme.example", "E-2"),
    ]


def test_file_becomes_checked_rows_without_javascript(
    main: Credential, alice: User, sign_in: SignIn, without_javascript: Callable[[], Page]
) -> None:
    sign_in(alice)
    page = without_javascript()

    page.goto("/t/acme/updates/new/")
    page.get_by_label("Name", exact=True).fill("December")
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": CSV.encode()}
    )
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Policy of rows without one").select_option(label=f"Research ({POLICY})")
    page.get_by_role("button", name="Read the rows").click()
    expect(page.get_by_role("status").first).to_contain_text("60 rows are read and checked.")
    page.get_by_label("Employee ID, row 2", exact=True).fill("1.2E+10")
    page.get_by_role("button", name="Save the rows").click()
    page.get_by_role("link", name="1 error", exact=True).click()

    expect(page.get_by_label("Employee ID, row 2", exact=True)).to_have_value("1.2E+10")
    expect(page.get_by_text("and digits are lost")).to_be_visible()


def test_members_show_by_themselves_once_they_are_read(
    main: Credential, alice: User, page: Page, sign_in: SignIn
) -> None:
    update = make_update(main, alice, [], "Members")
    with scope(team=main.team):
        run = employee_updates.read_members(update, by=alice, policies=[POLICY])
    sign_in(alice)
    page.goto(f"/t/acme/updates/{update.pk}/rows/")
    expect(page.get_by_text("The members are being read at Expensify.")).to_be_visible()

    with scope(team=main.team):
        update.before = {POLICY: [{"email": "ann@acme.example", "submitsTo": "ann@acme.example"}]}
        update.save(update_fields=["before"])
        assert run.move("queued", "reading")
        assert run.move("reading", "succeeded")

    expect(page.get_by_text("1 member is there")).to_be_visible()
    page.get_by_role("button", name="Start with these members").click()
    expect(page.get_by_label("E-mail, row 1", exact=True)).to_have_value("ann@acme.example")
