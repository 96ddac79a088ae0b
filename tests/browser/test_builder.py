"""Columns and templates in Chromium: built, previewed, saved, run, and opened as a file."""

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django_scopes import scope
from playwright.sync_api import Page, expect

from accounts.models import Team, User
from exports.models import Run, SavedExport
from exports.saved_exports import actions as saved_exports
from exports.saved_exports.job import ExportSettings
from exports.saved_exports.starter_templates import EXPENSES
from tests.browser.pages import Look, SignIn, follow
from tests.factories import make_credential, make_export
from tests.work import work_off

pytestmark = pytest.mark.django_db(transaction=True)

LOOP = '<#list reports as report><#list report.transactionList as expense>"{}"</#list></#list>\n'


@pytest.fixture(autouse=True)
def empty_queue(budget: Any) -> None:
    """The pages have something to ask."""


def test_person_who_knows_no_freemarker_gets_a_correct_file(
    acme: Team, alice: User, sandbox: Any, settings: Any, page: Page, sign_in: SignIn
) -> None:
    settings.RETRY_SECONDS = 0
    make_credential(acme, "Headquarters")
    sign_in(alice)
    page.goto("/t/acme/exports/new/")
    preview = page.get_by_role("region", name="Preview as a table")

    page.get_by_label("Name", exact=True).fill("For the ledger")
    page.get_by_label("Period", exact=True).select_option("")
    page.get_by_label("Report IDs").fill("50352738")
    page.get_by_label("Find a field").fill("transaction id")
    page.get_by_role("button", name="Add Expense ID").first.click()
    expect(preview.get_by_role("columnheader")).to_have_text(["Expense ID"])
    for words, label in [
        ("date", "Add Date, final.created"),
        ("merchant", "Add Merchant, final.merchant"),
        ("amount", "Add Amount in report currency, final.reportAmount"),
        ("billable", "Add Billable, expense.billable"),
        ("approver", "Add Approver e-mail, report.managerEmail"),
    ]:
        page.get_by_label("Find a field").fill(words)
        page.get_by_role("button", name=label).click()
        expect(page.locator(".picked-title").last).to_contain_text(label.partition(", ")[2])
    page.get_by_role("textbox", name="Heading").nth(3).fill("Amount in EUR")
    page.get_by_label("Written as").nth(1).select_option("0.00")
    expect(preview.get_by_role("columnheader").nth(3)).to_have_text("Amount in EUR")
    expect(preview.get_by_role("row").nth(1).get_by_role("cell").nth(3)).to_have_text("89.90")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("is saved as version 1.")).to_be_visible()
    follow(page.get_by_role("button", name="Run now"))
    with scope(team=acme):
        result = work_off(Run.objects.get()).result

    with default_storage.open(result.file.name) as file:
        rows = list(csv.reader(io.StringIO(file.read().decode(), newline="")))
    assert rows[0] == ["Expense ID", "Date", "Merchant", "Amount in EUR", "Billable", "Approver e-mail"]
    assert [(row[0], *row[2:]) for row in rows[1:3]] == [
        ("'4000000000000007920", "Cafe Central", "12.34", "No", "grace.vandenberg@acme.example"),
        ("'4000000000000015839", "Cafe Central Wien", "26.50", "No", "grace.vandenberg@acme.example"),
    ]
    # The sandbox's days move with the clock.
    assert [len(row) for row in rows] == [6] * 6
    assert all(date.fromisoformat(row[1]) for row in rows[1:])


def test_how_columns_and_templates_look(acme: Team, alice: User, page: Page, sign_in: SignIn, look: Look) -> None:
    credential = make_credential(acme, "Headquarters")
    text = make_export(credential, alice, "As text", template=EXPENSES + "${expense.merchnt}\n${report.total}")
    sign_in(alice)

    look("builder-empty", "/t/acme/exports/new/")
    page.get_by_role("button", name="Tax and VAT").click()
    expect(page.get_by_role("region", name="Preview as a table")).to_be_visible()
    look("builder-tax")
    look("editor", f"/t/acme/exports/{text.pk}/edit/")
    page.get_by_role("textbox", name="Template").press("Control+End")
    page.keyboard.type("${")
    expect(page.get_by_text("Mistake", exact=True)).to_be_visible()
    look("editor-mistake")


def test_how_versions_look_side_by_side(acme: Team, alice: User, page: Page, sign_in: SignIn, look: Look) -> None:
    export = make_export(make_credential(acme), alice, template=EXPENSES)
    with scope(team=acme):
        saved_exports.save(
            export,
            settings=ExportSettings.from_json(export.version.settings | {"limit": 5}),
            template=EXPENSES.replace("Merchant,", "Shop,") + "The end\n${",
            sftp_password=None,
            by=alice,
        )
    sign_in(alice)

    look("compare", f"/t/acme/exports/{export.pk}/compare/")
    look("export-old-version", f"/t/acme/exports/{export.pk}/?version=1")
    look("exports-with-draft", "/t/acme/exports/")


# ------------------------------------------------------------ the editor


def test_editor_completes_names_marks_lines_and_keeps_what_was_typed(
    acme: Team, alice: User, page: Page, sign_in: SignIn
) -> None:
    export = make_export(make_credential(acme), alice, template=LOOP.format("${expense.merchnt}"))
    sign_in(alice)
    page.goto(f"/t/acme/exports/{export.pk}/edit/")
    editor = page.get_by_role("textbox", name="Template")

    expect(page.locator(".cm-lint-marker")).to_have_count(1)
    page.get_by_role("button", name="expense.merchant").click()
    expect(editor).to_contain_text("${expense.merchant}")
    expect(page.get_by_text("merchnt")).to_have_count(0)
    editor.press("Control+End")
    page.keyboard.type("${report.manag")
    page.get_by_role("option", name="report.managerEmail").click()
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("is saved as version 2.")).to_be_visible()

    with scope(team=acme):
        template = SavedExport.objects.get().version.template
    assert template == LOOP.format("${expense.merchant}") + "${report.managerEmail\t}"


def test_keyboard_can_leave_the_editor(acme: Team, alice: User, page: Page, sign_in: SignIn) -> None:
    export = make_export(make_credential(acme), alice, template="x")
    sign_in(alice)
    page.goto(f"/t/acme/exports/{export.pk}/edit/")
    editor = page.get_by_role("textbox", name="Template")

    editor.click()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")

    expect(editor).not_to_be_focused()


def test_hand_edit_is_warned_of_and_leads_back(acme: Team, alice: User, page: Page, sign_in: SignIn) -> None:
    make_credential(acme)
    sign_in(alice)
    page.goto("/t/acme/exports/new/")
    page.get_by_role("button", name="Report summary").click()
    expect(page.locator(".picked-one")).to_have_count(12)
    page.get_by_role("button", name="Template", exact=True).click()
    expect(page.get_by_text("This is what your columns write.")).to_be_visible()

    page.locator(".cm-content").press("Control+End")
    page.keyboard.type("The end")
    expect(page.get_by_text("This text is no longer what the columns write.")).to_be_visible()
    page.get_by_role("button", name="Go back to the columns").click()

    expect(page.locator(".picked-one")).to_have_count(12)
    page.get_by_role("button", name="Go back to the template").click()
    expect(page.locator("#id_template")).to_have_value(re.compile("The end$"))


# ------------------------------------------------------------ the builder by hand


def test_rows_move_by_keyboard_and_by_dragging(acme: Team, alice: User, page: Page, sign_in: SignIn) -> None:
    make_credential(acme)
    sign_in(alice)
    page.goto("/t/acme/exports/new/")
    page.get_by_role("button", name="Totals by category").click()
    titles = page.locator(".picked-title code")
    expect(titles.nth(0)).to_have_text("report.reportID")

    page.get_by_role("button", name="Move Report ID down").focus()
    page.keyboard.press("Enter")
    expect(titles.nth(1)).to_have_text("report.reportID")
    expect(page.get_by_role("button", name="Move Report ID down")).to_be_focused()
    page.keyboard.press("Enter")
    expect(titles.nth(2)).to_have_text("report.reportID")
    page.locator(".picked-title").nth(2).drag_to(page.locator(".picked-title").nth(0))

    expect(titles.nth(0)).to_have_text("report.reportID")


def test_columns_are_built_and_saved_without_javascript(
    acme: Team, alice: User, sign_in: SignIn, without_javascript: Callable[[], Page]
) -> None:
    make_credential(acme)
    sign_in(alice)
    page = without_javascript()
    page.goto("/t/acme/exports/new/")

    page.get_by_label("Find a field").fill("merchant")
    follow(page.get_by_role("button", name="Find fields"))
    follow(page.get_by_role("button", name="Add Merchant, final.merchant"))
    follow(page.get_by_role("button", name="Add Merchant category code, final.mcc"))
    page.get_by_role("textbox", name="Heading").first.fill("Shop")
    follow(page.get_by_role("button", name="Move Merchant category code up"))
    page.get_by_role("button", name="Preview", exact=True).click()
    table = page.get_by_role("region", name="Preview as a table")
    expect(table.get_by_role("columnheader")).to_have_text(["Merchant category code", "Shop"])
    page.get_by_label("Name", exact=True).fill("Shops")
    page.get_by_role("button", name="Save").last.click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Shops")
    with scope(team=acme):
        columns = SavedExport.objects.get().version.columns["columns"]
    assert [column["name"] for column in columns] == ["final.mcc", "final.merchant"]


def test_template_is_a_plain_text_area_without_javascript(
    acme: Team, alice: User, sign_in: SignIn, without_javascript: Callable[[], Page]
) -> None:
    export = make_export(make_credential(acme), alice, template="\n" + LOOP.format("${expense.merchnt}"))
    sign_in(alice)
    page = without_javascript()
    page.goto(f"/t/acme/exports/{export.pk}/edit/")

    page.get_by_role("button", name="expense.merchant").click()

    expect(page.get_by_label("Template", exact=True)).to_have_value("\n" + LOOP.format("${expense.merchant}"))
