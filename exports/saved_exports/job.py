"""Convert an export's settings to the API's job for a given day. Pure functions."""

from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from expensify.jobs.export import EmailAction, MarkAsExported, OnFinish, ReportExport, SftpUpload
from exports.saved_exports import periods

AT_GENERATION, WHEN_SAFE = "generated", "safe"
MARK_WHEN = {
    WHEN_SAFE: "When the file is safe in the portal (five calls)",
    AT_GENERATION: "When Expensify makes the file (two calls)",
}


@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """A saved export without name, credential and template; a version stores it as JSON.

    `period` and `approved_since` are keys of `periods.KINDS`, or empty. Dates are `yyyy-mm-dd`. A relative period
    begins `look_back_days` earlier, for reports that were approved late. `mark_when` is a key of `MARK_WHEN`.
    """

    policy_ids: list[str]
    period: str = ""
    period_start: str = ""
    period_end: str = ""
    look_back_days: int = 0
    approved_since: str = ""
    approved_since_date: str = ""
    report_ids: list[str]
    states: list[str]
    not_marked_as: str = ""
    limit: int | None = None
    employee_email: str = ""
    file_extension: str = "csv"
    file_basename: str = ""
    full_page_receipts: bool = False
    email_recipients: list[str]
    email_message: str = ""
    mark_as: str = ""
    mark_when: str = AT_GENERATION
    sftp_host: str = ""
    sftp_login: str = ""
    sftp_port: int = 22
    test: bool = False

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """The settings that a version stores; settings added since have their defaults."""
        lists = {"policy_ids", "report_ids", "states", "email_recipients"}
        names = {field.name for field in fields(cls)}
        return cls(**{name: [] for name in lists} | {name: stored[name] for name in stored if name in names})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def marks_last(self) -> bool:
        """Whether a separate call marks the reports after the file is stored. A test marks none."""
        return bool(self.mark_as) and self.mark_when == WHEN_SAFE and not self.test

    @property
    def selects(self) -> bool:
        """Whether a run lists the reports first: to mark exactly those, or to show which of them are late."""
        return self.marks_last or self.look_back_days > 0


def describe(
    settings: ExportSettings,
    *,
    at: datetime,
    zone: ZoneInfo,
    last_success_at: datetime | None = None,
    sftp_password: str = "",
) -> ReportExport:
    """The report exporter's job for a run that starts at `at`: relative periods become dates in `zone`."""

    def resolve(kind: str, start: str, end: str = "") -> periods.Period:
        return periods.resolve(
            kind, at=at, zone=zone, start=_day(start), end=_day(end), last_success_at=last_success_at
        )

    period = resolve(settings.period, settings.period_start, settings.period_end) if settings.period else None
    approved = resolve(settings.approved_since, settings.approved_since_date) if settings.approved_since else None
    look_back = timedelta(days=settings.look_back_days)
    return ReportExport(
        report_ids=tuple(settings.report_ids),
        start_on=period.start - look_back if period and period.start else None,
        end_on=period.end if period else None,
        # The API says "approved after"; sources disagree on whether the day itself counts.
        approved_after=approved.start if approved else None,
        policy_ids=tuple(settings.policy_ids),
        not_marked_as=settings.not_marked_as,
        states=tuple(settings.states),
        limit=settings.limit,
        employee_email=settings.employee_email,
        file_extension=settings.file_extension,
        file_basename=settings.file_basename,
        full_page_receipts=settings.full_page_receipts,
        on_finish=_on_finish(settings, sftp_password),
        test=settings.test,
    )


def late_before(
    settings: ExportSettings, *, at: datetime, zone: ZoneInfo, last_success_at: datetime | None = None
) -> date | None:
    """First day of the period at `at`; older reports are late. None without a period."""
    for kind, start in (
        (settings.period, settings.period_start),
        (settings.approved_since, settings.approved_since_date),
    ):
        if kind == periods.FIXED:
            return _day(start)
        if kind:
            return periods.resolve(kind, at=at, zone=zone, last_success_at=last_success_at).start
    return None


def recall(snapshot: dict[str, Any], *, sftp_password: str) -> ReportExport:
    """Rebuild the job that a run stored as `ReportExport.without_secrets`, and add the password."""
    request, output = snapshot["inputSettings"], snapshot["outputSettings"]
    filters = request["filters"]
    return ReportExport(
        report_ids=_list(filters.get("reportIDList")),
        start_on=_day(filters.get("startDate", "")),
        end_on=_day(filters.get("endDate", "")),
        approved_after=_day(filters.get("approvedAfter", "")),
        policy_ids=_list(filters.get("policyIDList")),
        not_marked_as=filters.get("markedAsExported", ""),
        states=_list(request.get("reportState")),
        limit=int(request["limit"]) if "limit" in request else None,
        employee_email=request.get("employeeEmail", ""),
        file_extension=output["fileExtension"],
        file_basename=output.get("fileBasename", ""),
        full_page_receipts=output.get("includeFullPageReceiptsPdf", False),
        on_finish=tuple(_action(action, sftp_password) for action in snapshot.get("onFinish", [])),
        test="test" in snapshot,
        test_as_boolean=snapshot.get("test") is True,
    )


def _action(stored: dict[str, Any], sftp_password: str) -> OnFinish:
    match stored["actionName"]:
        case "email":
            return EmailAction(_list(stored["recipients"]), stored.get("message", ""))
        case "markAsExported":
            return MarkAsExported(stored["label"])
        case _:
            login = stored["sftpData"]
            return SftpUpload(login["host"], login["login"], sftp_password, login["port"])


def _list(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def _on_finish(settings: ExportSettings, sftp_password: str) -> tuple[OnFinish, ...]:
    actions: list[OnFinish] = []
    if settings.email_recipients:
        actions.append(EmailAction(tuple(settings.email_recipients), settings.email_message))
    if settings.mark_as:
        actions.append(MarkAsExported(settings.mark_as))
    if settings.sftp_host:
        actions.append(SftpUpload(settings.sftp_host, settings.sftp_login, sftp_password, settings.sftp_port))
    return tuple(actions)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
