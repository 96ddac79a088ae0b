"""The team's calendar in Chromium: how it looks full and empty, and how a freeze gets into it."""

from datetime import time, timedelta

import pytest
from django.utils import timezone
from django_scopes import scope
from playwright.sync_api import Page, expect

from accounts.models import Team, User
from exports.models import Freeze, Holiday
from exports.schedules.rules.rule import OnHoliday, Rule, RuleKind
from tests.browser.pages import Look, SignIn, follow
from tests.factories import make_credential, make_export, make_schedule

pytestmark = pytest.mark.django_db(transaction=True)


def fill(team: Team, by: User) -> None:
    """Everything that the calendar can show."""
    today = timezone.localdate(timezone=team.zone)
    soon = today + timedelta(days=3)
    export = make_export(make_credential(team, "Headquarters"), by)
    Team.objects.filter(pk=team.pk).update(holidays_of="DE-BE")
    rules = {
        "Approvals for managers": Rule(RuleKind.BUSINESS_DAY, (time(7, 30),), team.time_zone, nth=2),
        "Card reconciliation": Rule(RuleKind.DAILY, tuple(time(hour) for hour in range(6, 20, 2)), team.time_zone),
        "Travel, by department and cost centre, for the works council": Rule(
            RuleKind.WEEKLY, (time(7, 30),), team.time_zone, weekdays=(4,), on_holiday=OnHoliday.AFTER
        ),
    } | {
        f"Subsidiary {number:03}": Rule(RuleKind.DAILY, (time(6),), team.time_zone, starts_on=soon, ends_on=soon)
        for number in range(120)
    }
    with scope(team=team):
        for name, rule in rules.items():
            make_schedule(export, by, name, rule=rule.to_json())
        make_schedule(export, by, "Old audit", rule=Rule(times=(time(7),)).to_json(), paused_at=timezone.now())
        Holiday.objects.create(team=team, on=soon + timedelta(days=1), name="Works outing")
        Freeze.objects.create(
            team=team, first=today + timedelta(days=8), last=today + timedelta(days=9), reason="Move of the ERP"
        )


def test_calendar_looks_right(acme: Team, alice: User, page: Page, sign_in: SignIn, look: Look) -> None:
    sign_in(alice)
    look("calendar-empty", "/t/acme/calendar/")
    look("freezes-empty", "/t/acme/calendar/freezes/")
    fill(acme, alice)
    look("calendar", "/t/acme/calendar/")
    look("holidays", "/t/acme/calendar/holidays/")
    look("freezes", "/t/acme/calendar/freezes/")


def test_freeze_is_entered_and_shows_in_the_calendar(
    acme: Team, alice: User, page: Page, sign_in: SignIn, look: Look
) -> None:
    fill(acme, alice)
    sign_in(alice)
    day = timezone.localdate(timezone=acme.zone) + timedelta(days=5)

    page.goto("/t/acme/calendar/")
    page.get_by_role("link", name="Freezes").click()
    page.get_by_label("First day").fill(day.isoformat())
    page.get_by_label("Last day").fill((day - timedelta(days=1)).isoformat())
    page.get_by_label("Reason").fill("Stocktaking")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("The last day is before the first one.")).to_be_visible()
    look("freezes-refused")
    page.get_by_label("Last day").fill(day.isoformat())
    follow(page.get_by_role("button", name="Add"))

    page.goto("/t/acme/calendar/")
    row = page.get_by_role("row").filter(has_text="Stocktaking").first
    expect(row).to_contain_text("Frozen")
