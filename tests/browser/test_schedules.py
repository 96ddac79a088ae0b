"""The pages of schedules in Chromium: filled in, watched, with the keyboard, without JavaScript, and how they look."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_scopes import scope
from playwright.sync_api import Page, expect

from accounts.models import MailStatus, Team, User
from accounts.permissions import Role
from exports.columns.layout import Layout, column
from exports.columns.writing import template_of
from exports.deliveries.settings import MailSettings
from exports.models import Run, SavedExport, Schedule
from exports.saved_exports import actions as saved_exports
from exports.saved_exports.job import ExportSettings
from exports.schedules.rules.rule import Rule, RuleKind
from tests.browser.pages import Look, SignIn, follow
from tests.factories import (
    make_credential,
    make_delivery,
    make_link,
    make_member,
    make_occurrence,
    make_recipient,
    make_schedule,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def empty_queue(budget: Any) -> None:
    """The meters have something to ask."""


@pytest.fixture
def monthly(acme: Team, alice: User) -> SavedExport:
    """Last month's expenses, from the builder: its columns are known before it ever ran."""
    layout = Layout(columns=tuple(map(column, ["final.merchant", "final.amount", "report.managerEmail"])))
    credential = make_credential(acme, "Headquarters")
    settings = ExportSettings(policy_ids=[], report_ids=[], states=[], email_recipients=[], period="last_month")
    export = SavedExport(team=acme, credential=credential, name="Expenses of the month")
    with scope(team=acme):
        return saved_exports.save(
            export, settings=settings, template=template_of(layout), columns=layout.as_json(),
            sftp_password=None, by=alice,
        )  # fmt: skip


def test_second_business_day_split_by_approver(
    acme: Team, alice: User, monthly: SavedExport, page: Page, sign_in: SignIn
) -> None:
    sign_in(alice)
    page.goto("/t/acme/")
    page.get_by_role("link", name="Schedules").click()
    page.get_by_role("link", name="New schedule").last.click()
    dates = page.locator("#coming")

    page.get_by_label("Export", exact=True).select_option(label="Expenses of the month")
    page.get_by_label("Name", exact=True).fill("Expenses to approvers")
    page.get_by_label("Which business day").select_option(label="Second")
    expect(dates).to_contain_text("On the second business day of each month at 07:30 (Europe/Berlin)")
    expect(dates.locator("li")).to_have_count(12)
    page.get_by_label("Each person in a column of the file gets their own rows").check()
    page.get_by_label("Column with their e-mail addresses").select_option("Approver e-mail")
    expect(page.get_by_label("Rows without an address go to")).to_have_value("alice@acme.example")
    page.get_by_role("button", name="Save").first.click()

    expect(page.get_by_text("“Expenses to approvers” is saved.")).to_be_visible()
    with scope(team=acme):
        schedule = Schedule.objects.get()
    rule, mail = Rule.from_json(schedule.rule), MailSettings.from_json(schedule.mail)
    assert (rule.kind, rule.nth, rule.zone, [f"{at:%H:%M}" for at in rule.times]) == (
        RuleKind.BUSINESS_DAY, 2, "Europe/Berlin", ["07:30"],
    )  # fmt: skip
    assert (mail.split_by, mail.fallback) == ("Approver e-mail", "alice@acme.example")


def test_dates_change_while_somebody_types(
    acme: Team, alice: User, monthly: SavedExport, page: Page, sign_in: SignIn
) -> None:
    sign_in(alice)
    page.goto("/t/acme/schedules/new/")
    dates = page.locator("#coming")

    page.get_by_label("How often").select_option(label="Every week, on the days I choose")
    expect(dates).to_contain_text("Choose at least one day of the week.")
    page.get_by_label("Friday").check()
    expect(dates).to_contain_text("Every Friday at 07:30")
    page.get_by_label("Time of day").fill("16:00, 9:00")
    expect(dates).to_contain_text("Every Friday at 09:00 and 16:00")
    expect(dates.locator(".dates-time").nth(1)).to_have_text("16:00")
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    expect(dates).to_contain_text("(Asia/Tokyo)")
    expect(dates.locator(".dates-time").first).to_have_text("09:00")
    expect(page.get_by_label("Which business day")).to_be_hidden()


def test_form_is_filled_in_with_the_keyboard_alone(
    acme: Team, alice: User, monthly: SavedExport, page: Page, sign_in: SignIn
) -> None:
    sign_in(alice)
    page.goto("/t/acme/schedules/new/")
    press = page.keyboard.press

    page.get_by_label("Export", exact=True).focus()
    page.keyboard.type("Expenses")
    press("Tab")
    page.keyboard.type("By hand")
    press("Tab")
    page.keyboard.type("Every day")
    expect(page.locator("#coming")).to_contain_text("Every day at 07:30")
    press("Tab")
    expect(page.get_by_label("Time of day")).to_be_focused()
    page.get_by_role("checkbox", name="Alice").focus()
    press("Space")
    press("Enter")

    expect(page.get_by_text("“By hand” is saved.")).to_be_visible()


def test_schedule_is_made_without_javascript(
    acme: Team, alice: User, monthly: SavedExport, sign_in: SignIn, without_javascript: Callable[[], Page]
) -> None:
    sign_in(alice)
    page = without_javascript()
    page.goto("/t/acme/schedules/new/")

    page.get_by_label("Export", exact=True).select_option(label="Expenses of the month")
    page.get_by_label("Name", exact=True).fill("Plain")
    page.get_by_label("How often").select_option(label="On the last day of the month")
    page.get_by_role("button", name="Show the dates").click()
    expect(page.locator("#coming")).to_contain_text("On the last day of each month at 07:30")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Plain")
    page.get_by_role("checkbox", name="Alice").check()
    page.get_by_role("button", name="Save").first.click()

    expect(page.get_by_text("“Plain” is saved.")).to_be_visible()


def fill(export: SavedExport, alice: User) -> Schedule:
    """A schedule after some months: all went well, some did not, one is held, one was left out, one could not run."""
    now = timezone.now()
    mail = MailSettings(split_by="Approver e-mail", fallback="alice@acme.example", rows_from=100, rows_to=5000)
    schedule = make_schedule(export, alice, "Expenses to approvers", mail=mail, failures=1)
    names = ["grace.vandenberg", "heinrich.oberhauser-mitterlehner", "kim", "lee", "mia", "nora", "olaf"]
    people = [make_recipient(schedule, f"{name}@acme.example", kind="column") for name in names]
    people[2].state, people[2].because = "unconfirmed", "Nobody confirmed this address since August."
    people[3].state, people[3].because = "unsubscribed", "Unsubscribed by the link in a mail."
    with scope(team=export.team):
        for each in people[2:4]:
            each.save()
    make_occurrence(
        schedule, due_at=now - timedelta(days=150), run=None,
        sentence="Left out: 3 July 2026 is frozen (the year's audit).",
    )  # fmt: skip
    make_occurrence(
        schedule, due_at=now - timedelta(days=120), run=Run.Status.FAILED,
        sentence="Expensify refused the credential. Nothing was sent.",
    )  # fmt: skip
    well = make_occurrence(schedule, due_at=now - timedelta(days=90))
    for person in people:
        make_delivery(well, person)
    held = make_occurrence(
        schedule, due_at=now - timedelta(days=60), held_because="12 rows are fewer than the 100 it needs."
    )
    for person in people[:3]:
        make_delivery(held, person, MailStatus.HELD)
    partly = make_occurrence(schedule, due_at=now - timedelta(days=30))
    states: list[tuple[str, dict[str, Any]]] = [
        ("sent", {"way": "link"}),
        ("refused", {"error": "The mail server refused it: 550 5.1.1 no such user here."}),
        ("unconfirmed", {}),
        ("unsubscribed", {}),
        ("queued", {"attempts": 1, "error": "The mail server was busy.", "retry_at": now + timedelta(minutes=9)}),
        ("sending", {}),
        ("sent", {"bounced_at": now, "error": "The mailbox is full."}),
    ]
    mails = [make_delivery(partly, who, state, **more) for who, (state, more) in zip(people, states, strict=True)]
    make_link(mails[0], opened_by="grace.vandenberg@acme.example")
    return schedule


def test_how_schedules_look(
    acme: Team, alice: User, monthly: SavedExport, page: Page, sign_in: SignIn, look: Look
) -> None:
    for name in ("Bob", "Carol", "Dominique"):
        make_member(acme, name, Role.VIEWER)
    acme.recipient_domains = "acme.example\npartner.example"
    acme.holidays_of = "DE-BE"
    acme.save()
    sign_in(alice)
    look("schedules-empty", "/t/acme/schedules/")
    look("schedule-new", "/t/acme/schedules/new/")
    follow(page.get_by_role("button", name="Save").first)
    look("schedule-problems")

    schedule = fill(monthly, alice)
    make_schedule(
        monthly, alice, "Receipts to the auditor", paused_at=timezone.now(), pause_reason="The audit is over."
    )
    make_schedule(monthly, alice, "Weekly ledger", next_at=timezone.now() + timedelta(hours=4))
    look("schedules", "/t/acme/schedules/")
    look("schedule", f"/t/acme/schedules/{schedule.pk}/")
    look("schedule-edit", f"/t/acme/schedules/{schedule.pk}/edit/")
    look("schedule-pause", f"/t/acme/schedules/{schedule.pk}/pause/")
    look("schedule-recipients", f"/t/acme/schedules/{schedule.pk}/recipients/")
    with scope(team=acme):
        partly, held = schedule.occurrences.order_by("-due_at")[:2]
        mail = partly.deliveries.get(status=MailStatus.REFUSED)
    look("occurrence", f"/t/acme/occurrences/{partly.pk}/")
    look("occurrence-held", f"/t/acme/occurrences/{held.pk}/")
    look("delivery-again", f"/t/acme/deliveries/{mail.pk}/again/")
    look("run-delivered", f"/t/acme/runs/{partly.run_id}/")
    look("home-schedules", "/t/acme/")
    look("export-schedules", f"/t/acme/exports/{monthly.pk}/")
