"""Describe the settings of a saved export in words."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from accounts.models import Team
from exports.models import ExportVersion, Run
from exports.saved_exports import periods
from exports.saved_exports.job import ExportSettings

# The API's states, and their names on Expensify's website [M].
STATES = {
    "OPEN": "Open",
    "SUBMITTED": "Processing (submitted)",
    "APPROVED": "Approved",
    "REIMBURSED": "Reimbursed",
    "ARCHIVED": "Closed (archived)",
}
FILE_TYPES = {
    "csv": "CSV, a table as text",
    "xlsx": "XLSX, an Excel workbook",
    "xls": "XLS, an old Excel workbook",
    "txt": "TXT, plain text",
    "json": "JSON",
    "xml": "XML",
    "pdf": "PDF, one for each report",
}
# Names of settings where versions are compared; settings that belong together share a name.
SETTINGS = {
    "policy_ids": "policies",
    "period": "period",
    "period_start": "period",
    "period_end": "period",
    "look_back_days": "days to look back",
    "approved_since": "approval date",
    "approved_since_date": "approval date",
    "report_ids": "report IDs",
    "states": "report states",
    "not_marked_as": "label to skip",
    "limit": "limit",
    "employee_email": "employee",
    "file_extension": "file type",
    "file_basename": "file name",
    "full_page_receipts": "receipts",
    "email_recipients": "e-mail",
    "email_message": "e-mail",
    "mark_as": "label to mark with",
    "mark_when": "when to mark",
    "sftp_host": "SFTP upload",
    "sftp_login": "SFTP upload",
    "sftp_port": "SFTP upload",
    "test": "test switch",
}


class DescribedSetting(NamedTuple):
    label: str
    text: str


def lines(
    settings: ExportSettings, *, at: datetime, zone: ZoneInfo, policy_names: Mapping[str, str]
) -> list[DescribedSetting]:
    """Describe the settings, with the days that a relative period covers if the run starts at `at`."""
    return [
        *_selection(settings, at, zone),
        *_filters(settings, policy_names),
        *_file(settings),
        *_afterwards(settings),
    ]


def lines_of_version(version: ExportVersion, team: Team, at: datetime) -> list[DescribedSetting]:
    """Describe a version's settings for a run at this time, with the names of the team's policies."""
    settings = ExportSettings.from_json(version.settings)
    names = dict(team.policies.filter(policy_id__in=settings.policy_ids).values_list("policy_id", "name"))
    return lines(settings, at=at, zone=team.zone, policy_names=names)


def lines_of_run(run: Run) -> list[DescribedSetting]:
    """Describe a run's settings on the day it was created; empty for a run without a saved export."""
    return lines_of_version(run.version, run.team, run.created_at) if run.version else []


def changed(version: ExportVersion, before: ExportVersion) -> list[str]:
    """Names of the settings that differ between two versions."""
    names = [
        name for setting, name in SETTINGS.items() if version.settings.get(setting) != before.settings.get(setting)
    ]
    if version.template != before.template:
        names.append("template")
    if version.columns != before.columns:
        names.append("columns")
    return list(dict.fromkeys(names))


def _selection(settings: ExportSettings, at: datetime, zone: ZoneInfo) -> Iterator[DescribedSetting]:
    if settings.report_ids:
        yield DescribedSetting("Reports", ", ".join(settings.report_ids))
    if settings.period:
        days = _days(settings.period, settings.period_start, settings.period_end, at, zone)
        yield DescribedSetting("Created or submitted", days)
        if settings.look_back_days:
            yield DescribedSetting(
                "Late ones too",
                f"Reports of the {settings.look_back_days} days before, if they came too late for their own period",
            )
    if settings.approved_since == periods.FIXED:
        yield DescribedSetting("Approved after", _day(date.fromisoformat(settings.approved_since_date)))
    elif settings.approved_since == periods.SINCE_LAST_SUCCESS:
        yield DescribedSetting("Approved after", "The day of the last successful run")
    elif settings.approved_since:
        day = _day(periods.resolve(settings.approved_since, at=at, zone=zone).start)
        yield DescribedSetting(
            "Approved after", f"First day of “{periods.KINDS[settings.approved_since]}” (today that is {day})"
        )


def _days(kind: str, start: str, end: str, at: datetime, zone: ZoneInfo) -> str:
    if kind == periods.FIXED:
        first = f"From {_day(date.fromisoformat(start))}" if start else ""
        last = f"{'until' if start else 'Until'} {_day(date.fromisoformat(end))}" if end else ""
        return f"{first} {last}".strip()
    if kind == periods.SINCE_LAST_SUCCESS:
        return periods.KINDS[kind]
    period = periods.resolve(kind, at=at, zone=zone)
    days = map(_day, dict.fromkeys((period.start, period.end)))
    return f"{periods.KINDS[kind]} (today that is {' to '.join(days)})"


def _filters(settings: ExportSettings, policy_names: Mapping[str, str]) -> Iterator[DescribedSetting]:
    if settings.policy_ids:
        yield DescribedSetting("Policies", ", ".join(policy_names.get(id_, id_) for id_ in settings.policy_ids))
    else:
        yield DescribedSetting("Policies", "All that the credential reaches")
    states = ", ".join(STATES.get(state, state) for state in settings.states)
    yield DescribedSetting("Report states", states or "Any")
    if settings.not_marked_as:
        yield DescribedSetting("Left out", f"Reports marked with “{settings.not_marked_as}”")
    if settings.limit is not None:
        yield DescribedSetting("At most", f"{settings.limit} report{'' if settings.limit == 1 else 's'}")
    if settings.employee_email:
        yield DescribedSetting("From the account of", settings.employee_email)


def _file(settings: ExportSettings) -> Iterator[DescribedSetting]:
    yield DescribedSetting("File", FILE_TYPES.get(settings.file_extension, settings.file_extension))
    if settings.file_basename:
        yield DescribedSetting("File name begins with", settings.file_basename)
    if settings.full_page_receipts and settings.file_extension == "pdf":
        yield DescribedSetting("Receipts", "Full page, in the PDF")


def _afterwards(settings: ExportSettings) -> Iterator[DescribedSetting]:
    if settings.marks_last:
        yield DescribedSetting(
            "Marked",
            f"With “{settings.mark_as}”, when the file is safe in the portal: five calls, exactly the listed reports",
        )
    actions = []
    if settings.mark_as and not settings.marks_last:
        actions.append(f"mark the reports as exported with “{settings.mark_as}”")
    if settings.email_recipients:
        actions.append(f"e-mail a link to {', '.join(settings.email_recipients)}")
    if settings.sftp_host:
        actions.append(f"upload the file to {settings.sftp_host}")
    if actions:
        sentence = ", then ".join(actions)
        yield DescribedSetting("Expensify will", f"only test; it would {sentence}" if settings.test else sentence)
    elif settings.test:
        yield DescribedSetting("Test", "Yes: nothing is done at Expensify afterwards")


def _day(day: date | None) -> str:
    return f"{day.day} {day:%b %Y}" if day else ""
