"""Problems of a saved export under the API's contract, each at the field of the form where it shows."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from expensify.jobs.export import EmailAction, MarkAsExported, OnFinish, ReportExport, SftpUpload
from exports.saved_exports import periods
from exports.saved_exports.job import ExportSettings, describe

# Fields of the job that have another name in the form.
_FIELDS = {"start_on": "period", "end_on": "period_end", "approved_after": "approved_since"}
_ACTION_FIELDS: dict[type[OnFinish], str] = {
    EmailAction: "email_recipients",
    MarkAsExported: "mark_as",
    SftpUpload: "sftp_host",
}


def problems(
    settings: ExportSettings, *, at: datetime, zone: ZoneInfo, has_password: bool
) -> Iterator[tuple[str, str]]:
    """Field and sentence of each problem that Expensify would reject in a run at `at`."""
    # Only whether there is a password matters, not which.
    job = describe(settings, at=at, zone=zone, sftp_password="given" if has_password else "")
    today = at.astimezone(zone).date()
    for problem in job.problems(today):
        if problem.field != "on_finish":
            yield _form_field(problem.field, settings), problem.sentence
    for action in job.on_finish:
        for problem in ReportExport(on_finish=(action,), start_on=today).problems(today):
            yield _ACTION_FIELDS[type(action)], problem.sentence


def _form_field(field: str, settings: ExportSettings) -> str:
    if field == "start_on" and settings.period == periods.FIXED:
        return "period_start"
    if field == "end_on" and settings.period != periods.FIXED:
        return "period"
    if field == "approved_after" and settings.approved_since == periods.FIXED:
        return "approved_since_date"
    return _FIELDS.get(field, field)
