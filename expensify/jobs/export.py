"""The report exporter: the selection of reports, the file, and Expensify's actions once the file exists."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar

from expensify.pair import KeyPair

FILE_EXTENSIONS = ("csv", "xls", "xlsx", "txt", "pdf", "json", "xml")
REPORT_STATES = ("OPEN", "SUBMITTED", "APPROVED", "REIMBURSED", "ARCHIVED")

# Long identifiers begin with R, older ones are decimal [M]; a comma would smuggle in a second one.
_REPORT_ID = re.compile(r"R[0-9A-Za-z]{3,31}|[0-9]{1,20}")
_POLICY_ID = re.compile(r"[0-9A-Za-z]{1,40}")
_BASENAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._ -]{0,79}")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")


@dataclass(frozen=True)
class JobProblem:
    """A setting that the API does not allow: the field's name in `ReportExport`, and how to correct it."""

    field: str
    sentence: str


@dataclass(frozen=True)
class EmailAction:
    """Expensify mails a link to the file; `message` may be FreeMarker, with the file names in `filenames`."""

    recipients: tuple[str, ...]
    message: str = ""

    def as_json(self) -> dict[str, Any]:
        action = {"actionName": "email", "recipients": ",".join(self.recipients)}
        return action | ({"message": self.message} if self.message else {})


@dataclass(frozen=True)
class MarkAsExported:
    """Expensify labels the exported reports when the file exists; no job removes a label."""

    label: str

    def as_json(self) -> dict[str, Any]:
        return {"actionName": "markAsExported", "label": self.label}


@dataclass(frozen=True)
class SftpUpload:
    """Expensify uploads the files to the home directory of the SFTP user; a folder cannot be named."""

    host: str
    login: str
    password: str = field(repr=False)
    port: int = 22

    def as_json(self) -> dict[str, Any]:
        login = {"host": self.host, "login": self.login, "password": self.password, "port": self.port}
        return {"actionName": "sftpUpload", "sftpData": login}


OnFinish = EmailAction | MarkAsExported | SftpUpload


@dataclass(frozen=True)
class ReportExport:
    """One file, or one PDF per report, from the reports that match all filters.

    `start_on` and `end_on` are compared with the later of a report's creation and submission. The sources
    contradict each other on whether `approved_after` includes the day itself. Empty `states` means all.
    `not_marked_as` excludes reports that carry this export label.

    With `test`, Expensify runs none of `on_finish` [M]. It is sent as the documented text "true". Whether
    the server accepts a boolean is not proven; `test_as_boolean` sends one.
    """

    kind: ClassVar[str] = "generate"

    report_ids: tuple[str, ...] = ()
    start_on: date | None = None
    end_on: date | None = None
    approved_after: date | None = None
    policy_ids: tuple[str, ...] = ()
    not_marked_as: str = ""
    states: tuple[str, ...] = ()
    limit: int | None = None
    employee_email: str = ""
    file_extension: str = "csv"
    file_basename: str = ""
    full_page_receipts: bool = False
    on_finish: tuple[OnFinish, ...] = ()
    test: bool = False
    test_as_boolean: bool = False

    @property
    def marks(self) -> bool:
        """Whether the job labels reports, so that a second run may select none of them."""
        return not self.test and any(isinstance(action, MarkAsExported) for action in self.on_finish)

    @property
    def repeatable(self) -> bool:
        """Whether the job may be sent again when its outcome is unknown.

        False when it marks reports or uploads: the second file has another name, and an import from that
        server would book it twice. A second e-mail does no damage.
        """
        uploads = not self.test and any(isinstance(action, SftpUpload) for action in self.on_finish)
        return not (self.marks or uploads)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(action.password for action in self.on_finish if isinstance(action, SftpUpload))

    def description(self, pair: KeyPair) -> dict[str, Any]:
        """Return the `requestJobDescription`; it has only the optional keys that are set."""
        return {"type": "file", "credentials": pair.credentials(), **self._settings()}

    def without_secrets(self) -> dict[str, Any]:
        """Return the description to be stored: without credentials and SFTP passwords."""
        settings = self._settings()
        for action in settings.get("onFinish", []):
            action.get("sftpData", {}).pop("password", None)
        return {"type": "file", **settings}

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {
            # The only supported form [M]; without it the server answers 500 [O].
            "onReceive": {"immediateResponse": ["returnRandomFileName"]},
            "inputSettings": self._input_settings(),
            "outputSettings": self._output_settings(),
        }
        if self.on_finish:
            settings["onFinish"] = [action.as_json() for action in self.on_finish]
        if self.test:
            settings["test"] = True if self.test_as_boolean else "true"
        return settings

    def _input_settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {"type": "combinedReportData"}
        if self.states:
            settings["reportState"] = ",".join(self.states)
        if self.limit is not None:
            settings["limit"] = str(self.limit)
        if self.employee_email:
            settings["employeeEmail"] = self.employee_email
        filters = {
            "reportIDList": ",".join(self.report_ids),
            "startDate": _day(self.start_on),
            "endDate": _day(self.end_on),
            "approvedAfter": _day(self.approved_after),
            "policyIDList": ",".join(self.policy_ids),
            "markedAsExported": self.not_marked_as,
        }
        return settings | {"filters": {key: value for key, value in filters.items() if value}}

    def _output_settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {"fileExtension": self.file_extension}
        if self.file_basename:
            settings["fileBasename"] = self.file_basename
        if self.full_page_receipts and self.file_extension == "pdf":
            settings["includeFullPageReceiptsPdf"] = True
        return settings

    def problems(self, today: date) -> list[JobProblem]:
        """Return the settings that the server would refuse; `today` is the day in the team's time zone."""
        return [
            *self._selection_problems(),
            *self._period_problems(today),
            *self._file_problems(),
            *(JobProblem("on_finish", sentence) for action in self.on_finish for sentence in _action_problems(action)),
        ]

    def _selection_problems(self) -> Iterator[JobProblem]:
        if not (self.report_ids or self.start_on or self.approved_after):
            yield JobProblem("start_on", "Give report IDs, a start date or an approval date: one must select reports.")
        for report_id in self.report_ids:
            if not _REPORT_ID.fullmatch(report_id):
                yield JobProblem(
                    "report_ids",
                    f"“{report_id}” is not a report ID. Copy the long ID from the report's details; "
                    "it begins with R, or is a number.",
                )
        for policy_id in self.policy_ids:
            if not _POLICY_ID.fullmatch(policy_id):
                yield JobProblem("policy_ids", f"“{policy_id}” is not a policy ID. Pick the policy from the list.")
        for state in self.states:
            if state not in REPORT_STATES:
                yield JobProblem("states", f"“{state}” is not a report state. Choose among {', '.join(REPORT_STATES)}.")
        if "OPEN" in self.states and self.employee_email:
            yield JobProblem(
                "states",
                "Open reports cannot be exported from one employee's account. "
                "Leave out the state Open, or leave the employee empty.",
            )
        if self.employee_email and not _EMAIL.fullmatch(self.employee_email):
            yield JobProblem("employee_email", "Give the employee's whole e-mail address, like name@example.com.")
        if self.limit is not None and self.limit < 1:
            yield JobProblem("limit", "Export at least one report, or leave the limit empty for all of them.")

    def _period_problems(self, today: date) -> Iterator[JobProblem]:
        starts = {"start_on": self.start_on, "approved_after": self.approved_after}
        for name, start in starts.items():
            if start is None:
                continue
            if self.end_on is None and start < _subtract_year(today):
                yield JobProblem(
                    "end_on", "The period begins over a year ago: give an end date, at most a year after it."
                )
            if self.end_on is not None and start < _subtract_year(self.end_on):
                yield JobProblem(name, "The period is longer than a year. Export it in parts of one year or less.")
        if self.start_on and self.end_on and self.end_on < self.start_on:
            yield JobProblem("end_on", "The end date lies before the start date. Swap or correct them.")

    def _file_problems(self) -> Iterator[JobProblem]:
        if self.file_extension not in FILE_EXTENSIONS:
            yield JobProblem("file_extension", f"Choose one of the file types {', '.join(FILE_EXTENSIONS)}.")
        if self.file_basename and not _BASENAME.fullmatch(self.file_basename):
            yield JobProblem(
                "file_basename",
                "Name the file with at most 80 letters without accents, digits, spaces, dots, hyphens and "
                "underscores, not beginning with a dot or a space.",
            )


def _action_problems(action: OnFinish) -> Iterator[str]:
    match action:
        case EmailAction(recipients):
            if not recipients:
                yield "Name at least one recipient for Expensify's e-mail."
            for address in recipients:
                if not _EMAIL.fullmatch(address):
                    yield f"“{address}” is not an e-mail address. Write it like name@example.com."
        case MarkAsExported(label):
            if not label.strip():
                yield "Give the label with which Expensify marks the exported reports."
        case SftpUpload(host, login, password, port):
            if not (host.strip() and login.strip() and password):
                yield "Give the host, the login and the password of the SFTP server."
            if not 1 <= port <= 65535:
                yield "The SFTP port is a number from 1 to 65535; 22 is usual."


def _subtract_year(day: date) -> date:
    """Return the same day a year earlier; 1 March for 29 February, so that the span never exceeds a year."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return date(day.year - 1, 3, 1)


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
