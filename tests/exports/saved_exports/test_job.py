from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from expensify.jobs.export import EmailAction, MarkAsExported, ReportExport, SftpUpload
from exports.saved_exports.job import ExportSettings, describe, late_before

BERLIN = ZoneInfo("Europe/Berlin")
# In Berlin it is already 1 April.
AT = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)
EMPTY = {"policy_ids": [], "report_ids": [], "states": [], "email_recipients": []}


def described(**changes: Any) -> ReportExport:
    return describe(ExportSettings(**(EMPTY | changes)), at=AT, zone=BERLIN, sftp_password="secret")


def test_relative_period_becomes_dates_in_the_teams_time_zone() -> None:
    job = described(period="last_month")

    assert (job.start_on, job.end_on) == (date(2026, 3, 1), date(2026, 3, 31))


def test_approval_date_is_the_first_day_of_its_period() -> None:
    job = described(approved_since="last_month")

    assert (job.approved_after, job.start_on, job.end_on) == (date(2026, 3, 1), None, None)


def test_fixed_dates_may_lack_the_first_day() -> None:
    job = described(period="fixed", period_end="2026-01-31", approved_since="fixed", approved_since_date="2025-06-01")

    assert (job.start_on, job.end_on, job.approved_after) == (None, date(2026, 1, 31), date(2025, 6, 1))


def test_no_period_means_no_dates() -> None:
    assert described(report_ids=["R1"]) == ReportExport(report_ids=("R1",))


def test_look_back_days_move_the_start_of_a_relative_period() -> None:
    job = described(period="last_month", look_back_days=60, not_marked_as="ERP")

    assert (job.start_on, job.end_on) == (date(2025, 12, 31), date(2026, 3, 31))


@pytest.mark.parametrize(
    ("changes", "first_day"),
    [
        ({"period": "last_month", "look_back_days": 60}, date(2026, 3, 1)),
        ({"approved_since": "last_month"}, date(2026, 3, 1)),
        ({"period": "fixed", "period_start": "2026-01-15"}, date(2026, 1, 15)),
        ({"period": "fixed", "period_end": "2026-01-15"}, None),
        ({"report_ids": ["R1"]}, None),
    ],
)
def test_reports_from_before_the_period_itself_are_late(changes: dict[str, Any], first_day: date | None) -> None:
    assert late_before(ExportSettings(**(EMPTY | changes)), at=AT, zone=BERLIN) == first_day


@pytest.mark.parametrize(
    ("changes", "selects", "marks_last"),
    [
        ({"mark_as": "ERP", "mark_when": "safe"}, True, True),
        ({"mark_as": "ERP", "mark_when": "safe", "test": True}, False, False),
        ({"mark_as": "ERP"}, False, False),
        ({"mark_when": "safe"}, False, False),
        ({"look_back_days": 60}, True, False),
        ({"mark_as": "ERP", "look_back_days": 60}, True, False),
    ],
)
def test_which_runs_list_their_reports_first(changes: dict[str, Any], selects: bool, marks_last: bool) -> None:
    settings = ExportSettings(**(EMPTY | changes))

    assert (settings.selects, settings.marks_last) == (selects, marks_last)


def test_actions_have_the_given_password() -> None:
    job = described(
        email_recipients=["a@acme.example"],
        email_message="Hello",
        mark_as="ERP",
        sftp_host="sftp.acme.example",
        sftp_login="e",
        sftp_port=2222,
    )

    assert job.on_finish == (
        EmailAction(("a@acme.example",), "Hello"),
        MarkAsExported("ERP"),
        SftpUpload("sftp.acme.example", "e", "secret", 2222),
    )


def test_stored_settings_are_unchanged() -> None:
    settings = ExportSettings(**EMPTY, period="last_month", limit=5, full_page_receipts=True)

    assert ExportSettings.from_json(settings.as_json()) == settings


def test_setting_missing_in_a_version_has_its_default() -> None:
    assert ExportSettings.from_json({"report_ids": ["R1"]}) == ExportSettings(**(EMPTY | {"report_ids": ["R1"]}))


def test_removed_setting_is_ignored() -> None:
    assert ExportSettings.from_json({"period": "last_month", "colour": "red"}) == ExportSettings(
        **EMPTY, period="last_month"
    )


@pytest.mark.parametrize("test", [True, False])
def test_only_a_test_run_that_marks_can_be_repeated(test: bool) -> None:
    assert described(report_ids=["R1"], mark_as="ERP", test=test).repeatable is test
