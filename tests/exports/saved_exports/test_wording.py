from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from exports.models import ExportVersion
from exports.saved_exports import periods, wording
from exports.saved_exports.job import ExportSettings

EMPTY = {"policy_ids": [], "report_ids": [], "states": [], "email_recipients": []}
NAMES = {"0123456789ABCDEF": "Sales"}


def described(**changes: Any) -> dict[str, str]:
    lines = wording.lines(
        ExportSettings(**(EMPTY | changes)),
        at=datetime(2026, 3, 31, 22, 30, tzinfo=UTC),
        zone=ZoneInfo("Europe/Berlin"),
        policy_names=NAMES,
    )
    return {line.label: line.text for line in lines}


@pytest.mark.parametrize(
    ("changes", "label", "text"),
    [
        ({"report_ids": ["R1", "R2"]}, "Reports", "R1, R2"),
        ({"period": "last_month"}, "Created or submitted", "Last month (today that is 1 Mar 2026 to 31 Mar 2026)"),
        (
            {"period": "last_month", "look_back_days": 60},
            "Late ones too",
            "Reports of the 60 days before, if they came too late for their own period",
        ),
        (
            {"mark_as": "ERP", "mark_when": "safe"},
            "Marked",
            "With “ERP”, when the file is safe in the portal: five calls, exactly the listed reports",
        ),
        ({"period": "yesterday"}, "Created or submitted", "Yesterday (today that is 31 Mar 2026)"),
        ({"period": "since_last_success"}, "Created or submitted", "Since the last successful run"),
        (
            {"period": "fixed", "period_start": "2026-01-01", "period_end": "2026-01-31"},
            "Created or submitted",
            "From 1 Jan 2026 until 31 Jan 2026",
        ),
        ({"period": "fixed", "period_end": "2026-01-31"}, "Created or submitted", "Until 31 Jan 2026"),
        ({"approved_since": "fixed", "approved_since_date": "2026-01-31"}, "Approved after", "31 Jan 2026"),
        (
            {"approved_since": "month_to_date"},
            "Approved after",
            "First day of “Month to date” (today that is 1 Apr 2026)",
        ),
        ({"approved_since": "since_last_success"}, "Approved after", "The day of the last successful run"),
        ({"policy_ids": ["0123456789ABCDEF", "FF"]}, "Policies", "Sales, FF"),
        ({}, "Policies", "All that the credential reaches"),
        ({"states": ["APPROVED", "ARCHIVED"]}, "Report states", "Approved, Closed (archived)"),
        ({}, "Report states", "Any"),
        ({"not_marked_as": "ERP"}, "Left out", "Reports marked with “ERP”"),
        ({"limit": 1}, "At most", "1 report"),
        ({"limit": 2}, "At most", "2 reports"),
        ({"employee_email": "erin@acme.example"}, "From the account of", "erin@acme.example"),
        ({}, "File", "CSV, a table as text"),
        ({"file_basename": "january"}, "File name begins with", "january"),
        ({"file_extension": "pdf", "full_page_receipts": True}, "Receipts", "Full page, in the PDF"),
        (
            {"mark_as": "ERP", "email_recipients": ["a@b.example"], "sftp_host": "sftp.acme.example"},
            "Expensify will",
            "mark the reports as exported with “ERP”, then e-mail a link to a@b.example, "
            "then upload the file to sftp.acme.example",
        ),
        (
            {"mark_as": "ERP", "test": True},
            "Expensify will",
            "only test; it would mark the reports as exported with “ERP”",
        ),
        ({"test": True}, "Test", "Yes: nothing is done at Expensify afterwards"),
    ],
)
def test_setting_is_described(changes: dict[str, Any], label: str, text: str) -> None:
    assert described(**changes)[label] == text


def test_every_kind_of_period_is_described() -> None:
    for kind in periods.KINDS:
        assert described(period=kind, period_start="2026-01-01")["Created or submitted"] != ""


def test_changed_settings_are_named_once() -> None:
    before = ExportVersion(settings=ExportSettings(**EMPTY).as_json(), template="a")
    after = ExportVersion(
        settings=ExportSettings(**EMPTY, period="fixed", period_start="2026-01-01", limit=3).as_json(), template="b"
    )

    assert wording.changed(after, before) == ["period", "limit", "template"]
    assert wording.changed(after, after) == []


def test_every_setting_has_a_name() -> None:
    assert wording.SETTINGS.keys() == ExportSettings.__dataclass_fields__.keys()
