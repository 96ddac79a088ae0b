from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from exports.saved_exports import periods
from exports.saved_exports.periods import Period, resolve

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("kind", "start", "end"),
    [
        ("yesterday", "2026-03-30", "2026-03-30"),
        ("last_7_days", "2026-03-24", "2026-03-30"),
        ("last_30_days", "2026-03-01", "2026-03-30"),
        ("month_to_date", "2026-03-01", "2026-03-31"),
        ("last_month", "2026-02-01", "2026-02-28"),
        ("quarter_to_date", "2026-01-01", "2026-03-31"),
        ("last_quarter", "2025-10-01", "2025-12-31"),
        ("year_to_date", "2026-01-01", "2026-03-31"),
    ],
)
def test_relative_period_covers_these_days_on_31_march(kind: str, start: str, end: str) -> None:
    assert resolve(kind, at=NOON, zone=BERLIN) == Period(day(start), day(end))


@pytest.mark.parametrize(
    ("at", "zone", "start", "end"),
    [
        ("2024-03-01T12:00", "UTC", "2024-02-01", "2024-02-29"),
        ("2026-01-01T12:00", "UTC", "2025-12-01", "2025-12-31"),
        # An hour before midnight in UTC it is the next month in Berlin, and still the month in New York.
        ("2026-04-30T23:00", "Europe/Berlin", "2026-04-01", "2026-04-30"),
        ("2026-04-30T23:00", "America/New_York", "2026-03-01", "2026-03-31"),
        # The clock changes on the last Sunday of March and October in Berlin.
        ("2026-03-31T22:30", "Europe/Berlin", "2026-03-01", "2026-03-31"),
        ("2026-10-31T23:30", "Europe/Berlin", "2026-10-01", "2026-10-31"),
    ],
)
def test_last_month_depends_on_the_teams_time_zone(at: str, zone: str, start: str, end: str) -> None:
    instant = datetime.fromisoformat(at).replace(tzinfo=UTC)

    assert resolve("last_month", at=instant, zone=ZoneInfo(zone)) == Period(day(start), day(end))


def test_every_kind_on_offer_can_be_resolved() -> None:
    for kind in periods.KINDS:
        assert resolve(kind, at=NOON, zone=BERLIN, start=day("2026-01-01")).start is not None


def test_since_last_success_begins_on_its_day_in_the_teams_time_zone() -> None:
    late = datetime(2026, 3, 27, 23, 30, tzinfo=UTC)

    period = resolve(periods.SINCE_LAST_SUCCESS, at=NOON, zone=BERLIN, last_success_at=late)

    assert period == Period(day("2026-03-28"), day("2026-03-31"))


def test_since_last_success_without_success_begins_30_days_ago() -> None:
    assert resolve(periods.SINCE_LAST_SUCCESS, at=NOON, zone=BERLIN) == Period(day("2026-03-01"), day("2026-03-31"))


def test_fixed_dates_are_unchanged() -> None:
    period = resolve(periods.FIXED, at=NOON, zone=BERLIN, start=day("2025-01-01"), end=day("2025-02-01"))

    assert period == Period(day("2025-01-01"), day("2025-02-01"))


def test_fixed_dates_may_be_open_on_either_side() -> None:
    assert resolve(periods.FIXED, at=NOON, zone=BERLIN, start=day("2025-01-01")) == Period(day("2025-01-01"), None)
    assert resolve(periods.FIXED, at=NOON, zone=BERLIN, end=day("2025-01-01")) == Period(None, day("2025-01-01"))


def test_fixed_dates_without_any_date_are_refused() -> None:
    with pytest.raises(ValueError, match="first or a last day"):
        resolve(periods.FIXED, at=NOON, zone=BERLIN)


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="fortnight"):
        resolve("fortnight", at=NOON, zone=BERLIN)
