"""The team's calendar: pages, changes, and their effect on schedules."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.audit.record import Action
from accounts.models import AuditEntry, Credential, Team, User
from exports.models import Freeze, Holiday, SavedExport, Schedule
from exports.saved_exports.job import WHEN_SAFE
from exports.schedules import calendar as schedule_calendar
from exports.schedules import forecast
from exports.schedules.rules.occurrences import FreezeDays
from exports.schedules.rules.rule import OnHoliday, Rule, RuleKind
from exports.schedules.rules.working_days import Calendar
from tests.clients import signed_in
from tests.factories import make_export, make_schedule
from tests.html import tidy

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
MORNING = Rule(times=(time(7, 30),), zone="Europe/Berlin")


@pytest.fixture
def export(credential: Credential, alice: User) -> SavedExport:
    return make_export(credential, alice)


def scheduled(export: SavedExport, name: str = "Daily", rule: Rule = MORNING, **fields: Any) -> Schedule:
    return make_schedule(export, None, name, rule=rule.to_json(), **fields)


def today(team: Team) -> date:
    return timezone.localdate(timezone=team.zone)


def post(user: User, route: str, *args: Any, **data: Any) -> Any:
    return signed_in(user).post(reverse(f"exports:{route}", args=["acme", *args]), data, follow=True)


def shown(user: User, route: str, **query: Any) -> str:
    return tidy(signed_in(user).get(reverse(f"exports:{route}", args=["acme"]), query).content.decode())


def last_entry(team: Team) -> AuditEntry:
    return AuditEntry._base_manager.filter(team=team).latest("number")


# ------------------------------------------------------------ what runs when


def test_weeks_list_the_due_runs_of_each_day(acme_open: Team, export: SavedExport) -> None:
    Freeze.objects.create(team=acme_open, first=date(2026, 12, 1), last=date(2026, 12, 2), reason="Migration")
    scheduled(export, "Weekly", Rule(RuleKind.WEEKLY, (time(18), time(9)), "Europe/Berlin", weekdays=(1,)))
    scheduled(export, "Night", Rule(RuleKind.WEEKLY, (time(19),), "America/New_York", weekdays=(0,)))
    scheduled(export, "Resting", paused_at=NOW)

    found = forecast.weeks(acme_open, date(2026, 11, 23), NOW)

    lines = {
        (day.on, line.schedule.name, f"{at:%H:%M}", line.is_frozen)
        for day in found.days[:10]
        for line in day.lines
        for at in line.times
    }
    assert lines == {
        (date(2026, 11, 24), "Weekly", "09:00", False),
        (date(2026, 11, 24), "Weekly", "18:00", False),
        (date(2026, 11, 24), "Night", "01:00", False),
        (date(2026, 12, 1), "Weekly", "09:00", True),
        (date(2026, 12, 1), "Weekly", "18:00", True),
        (date(2026, 12, 1), "Night", "01:00", False),
    }
    assert [(each.runs, each.calls) for each in found.days[:9]] == [
        (0, 0), (3, 6), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0), (1, 2),
    ]  # fmt: skip
    assert [each.name for each in found.paused] == ["Resting"]


def test_calls_count_what_a_run_makes(acme_open: Team, credential: Credential, alice: User) -> None:
    plain = make_export(credential, alice, "Plain")
    marking = make_export(
        credential, alice, "Marking", report_ids=[], period="last_month", states=["APPROVED"],
        policy_ids=["P1"], mark_as="ERP", not_marked_as="ERP", mark_when=WHEN_SAFE,
    )  # fmt: skip

    assert [forecast.calls_of(each) for each in (plain, marking)] == [2, 5]


def test_overload_is_reported_with_moves(acme_open: Team, export: SavedExport, alice: User) -> None:
    tomorrow = today(acme_open) + timedelta(days=1)
    once = Rule(times=(time(7, 30),), zone="Europe/Berlin", starts_on=tomorrow, ends_on=tomorrow)
    for number in range(120):
        scheduled(export, f"S{number:03}", once)

    page = shown(alice, "calendar")

    assert "120 runs with 240 calls are due one upon the other; the last waits about 12 minutes" in page
    assert "10 minutes later: “S100”, “S101”, “S102”, “S103”, “S104” and 15 more." in page


def test_credentials_with_the_same_pair_share_a_budget(
    acme_open: Team, export: SavedExport, credential: Credential, alice: User
) -> None:
    twin = Credential.objects.create(
        team=acme_open, name="Twin", pair={"id": "x", "secret": "y"}, fingerprint=credential.fingerprint,
        paired_at=NOW,
    )  # fmt: skip
    scheduled(export, "One")
    scheduled(make_export(twin, alice, "Other"), "Two")

    found = forecast.weeks(acme_open, date(2026, 11, 23), NOW)

    assert [(each.credentials, each.calls) for each in found.budgets] == [(["Main", "Twin"], 112)]


def test_page_takes_the_same_queries_for_one_and_for_thirty(acme_open: Team, export: SavedExport, alice: User) -> None:
    client, url = signed_in(alice), reverse("exports:calendar", args=["acme"])
    numbers = []
    for first, last in ((0, 1), (1, 30)):
        for number in range(first, last):
            scheduled(export, f"S{number}")
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        numbers.append(len(queries))

    assert numbers[0] == numbers[1]


@pytest.mark.parametrize(
    ("start", "days_on"), [("", 0), ("nonsense", 0), ("0001-01-01", 0), ("9999-12-31", 366), ("2026-99-99", 0)]
)
def test_any_start_gives_a_page(
    acme_open: Team, export: SavedExport, bob: User, monkeypatch: pytest.MonkeyPatch, start: str, days_on: int
) -> None:
    scheduled(export)
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)

    response = signed_in(bob).get(reverse("exports:calendar", args=["acme"]), {"from": start})

    assert response.context["first"] == today(acme_open) + timedelta(days=days_on)


# ------------------------------------------------------------ holidays


def test_national_calendar_and_own_days_are_one(acme_open: Team, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    post(alice, "holiday-national", national="DE-BE")
    post(alice, "holiday-add", on="2026-12-28", name="Stocktaking")
    post(alice, "holiday-strike", on="2026-12-25")
    acme_open.refresh_from_db()

    calendar = schedule_calendar.calendar_of(acme_open)

    found = [calendar.off(date(2026, 12, day)) for day in (25, 26, 28)]
    assert found == [None, "Second Day of Christmas", "Stocktaking"]
    page = shown(alice, "holiday-list", year=2026)
    assert "<s>Christmas Day</s>" in page
    assert "Stocktaking" in page


def test_own_day_is_removed_and_the_national_one_shows_again(acme_open: Team, alice: User) -> None:
    post(alice, "holiday-national", national="DE")
    post(alice, "holiday-strike", on="2026-12-25")

    post(alice, "holiday-remove", Holiday.objects.get().pk)

    acme_open.refresh_from_db()
    assert schedule_calendar.calendar_of(acme_open) == Calendar("DE", {})


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("holiday-national", {"national": "XX"}, "Select a valid choice"),
        ("holiday-add", {"on": "1999-12-31", "name": "Too early"}, "Choose a day between 2000 and 2099."),
        ("holiday-add", {"on": "2026-12-31", "name": ""}, "This field is required."),
        ("holiday-strike", {"on": "2026-12-23"}, "That day is no holiday of the national calendar."),
        ("holiday-import", {}, "This field is required."),
        ("freeze-add", {"first": "2026-12-31", "last": "2026-12-30", "reason": "x"}, "The last day is before"),
    ],
)
def test_invalid_days_are_rejected_with_a_sentence(
    acme_open: Team, alice: User, name: str, data: dict[str, str], sentence: str
) -> None:
    assert sentence in post(alice, name, **data).content.decode()
    assert (Holiday.objects.count(), Freeze.objects.count()) == (0, 0)


def test_calendar_file_brings_its_days_and_says_what_it_left_out(acme_open: Team, alice: User) -> None:
    on = today(acme_open) + timedelta(days=30)
    content = (
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Works outing\r\n"
        f"DTSTART;VALUE=DATE:{on:%Y%m%d}\r\nEND:VEVENT\r\n"
        f"BEGIN:VEVENT\r\nSUMMARY:Call\r\nDTSTART:{on:%Y%m%d}T080000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )

    page = post(alice, "holiday-import", file=SimpleUploadedFile("days.ics", content.encode()))

    assert [(each.on, each.name, each.is_off) for each in Holiday.objects.all()] == [(on, "Works outing", True)]
    assert "1 day off in the file, 1 of them new or changed. 1 event was left out" in page.content.decode()


def test_file_that_is_no_calendar_changes_nothing(acme_open: Team, alice: User) -> None:
    page = post(alice, "holiday-import", file=SimpleUploadedFile("days.csv", b"2026-12-25;Christmas"))

    assert "This is not a calendar file." in page.content.decode()
    assert Holiday.objects.count() == 0


def test_changes_are_recorded_with_before_and_after(acme_open: Team, alice: User) -> None:
    schedule_calendar.set_days(acme_open, {date(2026, 12, 24): ("Eve", True)}, by=alice)
    schedule_calendar.set_days(acme_open, {date(2026, 12, 24): ("Christmas Eve", True)}, by=alice)

    entry = last_entry(acme_open)

    assert (entry.action, entry.data) == (
        Action.HOLIDAYS_CHANGED,
        {"2026-12-24": {"before": "Eve (off)", "after": "Christmas Eve (off)"}},
    )


def test_nothing_changed_is_not_recorded(acme_open: Team, alice: User) -> None:
    schedule_calendar.set_days(acme_open, {date(2026, 12, 24): ("Eve", True)}, by=alice)
    before = last_entry(acme_open).number

    schedule_calendar.set_days(acme_open, {date(2026, 12, 24): ("Eve", True)}, by=alice)
    schedule_calendar.choose_national(acme_open, "", by=alice)

    assert last_entry(acme_open).number == before


# ------------------------------------------------------------ what follows for schedules


def test_new_holiday_moves_the_next_occurrence_but_none_that_is_due(
    acme_open: Team, export: SavedExport, alice: User
) -> None:
    day = today(acme_open) + timedelta(days=2)
    skipping = Rule(times=(time(7, 30),), zone="Europe/Berlin", on_holiday=OnHoliday.SKIP, starts_on=day)
    at = datetime.combine(day, time(7, 30), tzinfo=acme_open.zone)
    past = timezone.now() - timedelta(minutes=1)
    ahead = scheduled(export, "Ahead", skipping, next_at=at)
    due = scheduled(export, "Due", skipping, next_at=past)
    heedless = scheduled(export, "Heedless", next_at=at)
    paused = scheduled(export, "Paused", skipping, paused_at=past)

    schedule_calendar.set_days(acme_open, {day: ("Outing", True)}, by=alice)

    for each in (ahead, due, heedless, paused):
        each.refresh_from_db()
    assert ahead.next_at == datetime.combine(day + timedelta(days=1), time(7, 30), tzinfo=acme_open.zone)
    assert (due.next_at, heedless.next_at, paused.next_at) == (past, at, None)


# ------------------------------------------------------------ freezes


def test_freeze_is_added_and_removed(acme_open: Team, alice: User) -> None:
    post(alice, "freeze-add", first="2026-12-30", last="2027-01-02", reason="Year's close")
    freeze = Freeze.objects.get()
    assert schedule_calendar.freezes_of(acme_open) == [FreezeDays(date(2026, 12, 30), date(2027, 1, 2), "Year's close")]
    assert last_entry(acme_open).action == Action.FREEZE_ADDED

    post(alice, "freeze-remove", freeze.pk)

    assert schedule_calendar.freezes_of(acme_open) == []
    assert last_entry(acme_open).data == {"first": "2026-12-30", "last": "2027-01-02", "reason": "Year's close"}


def test_viewer_sees_the_calendar_without_its_forms(acme_open: Team, bob: User) -> None:
    Holiday.objects.create(team=acme_open, on=today(acme_open), name="Outing")
    Freeze.objects.create(team=acme_open, first=today(acme_open), last=today(acme_open), reason="Audit")

    for name, text in (("holiday-list", "Outing"), ("freeze-list", "Audit")):
        page = shown(bob, name)
        assert (text in page, '<form method="post" action="/t/' in page) == (True, False)
