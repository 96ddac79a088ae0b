"""Read a pasted job, as Expensify's documentation shows it, into the form's fields."""

import json
import re
from typing import Any, NamedTuple

from expensify.foreign_text import SENTENCE, is_writable, writable_value
from expensify.jobs.export import FILE_EXTENSIONS, REPORT_STATES
from exports.saved_exports import periods

# A string in single or double quotes, or a trailing comma.
_TOKEN = re.compile(r"""("(?:[^"\\]|\\.)*")|'((?:[^'\\]|\\.)*)'|,(?=\s*[}\]])""", re.DOTALL)
_TYPOGRAPHIC = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "\u00a0": " "})


class CannotReadJob(Exception):
    """The pasted text is not a job that this form can hold; the message says why and quotes none of it."""


class Pasted(NamedTuple):
    """Values for the form's fields, and notes about omitted parts."""

    values: dict[str, Any]
    notes: list[str]


def read(text: str) -> Pasted:
    """Read the report export in the pasted text. Raises CannotReadJob.

    Ignores credentials and passwords. A missing setting gets the form's default.
    """
    written = _object_in(text)
    notes = [] if is_writable(written) else [f"{SENTENCE} Check the values."]
    job = _Section(writable_value(written))
    if (kind := job.text("type")) != "file":
        raise CannotReadJob(
            f"This is a job of the type “{kind[:40]}”. Only report exports, of the type “file”, can be entered here."
        )
    job.take("onReceive")
    if job.take("credentials"):
        notes.append("The credential in it was left out. Choose one of the team's credentials instead.")
    inputs, output = job.section("inputSettings"), job.section("outputSettings")
    if (kind := inputs.text("type")) != "combinedReportData":
        raise CannotReadJob(
            f"Its inputSettings are of the type “{kind[:40]}”; a report export has “combinedReportData”."
        )
    filters = inputs.section("filters")
    values = {
        "test": job.flag("test"),
        **_reports(inputs, filters),
        "file_extension": output.text("fileExtension").lower(),
        "file_basename": output.text("fileBasename"),
        "full_page_receipts": output.flag("includeFullPageReceiptsPdf"),
        **_afterwards(job.take("onFinish") or [], notes),
    }
    if values["file_extension"] not in FILE_EXTENSIONS:
        notes.append("Its file type is none that this form knows. Choose one.")
        values["file_extension"] = "csv"
    for state in [state for state in values["states"] if state not in REPORT_STATES]:
        notes.append(f"“{state[:40]}” is not a state of reports, so it was left out.")
        values["states"].remove(state)
    for section, where in ((job, ""), (inputs, "inputSettings."), (filters, "filters."), (output, "outputSettings.")):
        notes += [f"“{where}{name[:40]}” has no place in this form, so it was left out." for name in section.values]
    return Pasted(values, notes)


def _reports(inputs: "_Section", filters: "_Section") -> dict[str, Any]:
    start, end, approved = (filters.text(name) for name in ("startDate", "endDate", "approvedAfter"))
    return {
        "report_ids": "\n".join(filters.words("reportIDList")),
        "policy_ids": filters.words("policyIDList"),
        "period": periods.FIXED if start or end else "",
        "period_start": start,
        "period_end": end,
        "approved_since": periods.FIXED if approved else "",
        "approved_since_date": approved,
        "not_marked_as": filters.text("markedAsExported"),
        "states": [state.upper() for state in inputs.words("reportState")],
        "limit": inputs.text("limit"),
        "employee_email": inputs.text("employeeEmail"),
    }


def _afterwards(actions: Any, notes: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "mark_as": "",
        "email_recipients": "",
        "email_message": "",
        "sftp_host": "",
        "sftp_port": 22,
        "sftp_login": "",
    }
    seen: set[str] = set()
    for action in map(_Section, actions if isinstance(actions, list) else [actions]):
        name = action.text("actionName")
        if name in seen:
            notes.append(f"It has the action “{name}” more than once; the last of them was taken.")
        seen.add(name)
        match name:
            case "markAsExported":
                values["mark_as"] = action.text("label")
            case "email":
                values["email_recipients"] = ", ".join(action.words("recipients"))
                values["email_message"] = action.text("message")
            case "sftpUpload":
                login = action.section("sftpData")
                values["sftp_host"], values["sftp_login"] = login.text("host"), login.text("login")
                values["sftp_port"] = login.text("port") or 22
                notes.append("The password of the SFTP server was left out. Enter it below.")
            case _:
                notes.append(f"This form does not know the action “{name[:40]}”, so it was left out.")
    return values


class _Section:
    """A JSON object read key by key; `values` are the keys that nobody has read yet."""

    def __init__(self, values: Any) -> None:
        self.values = dict(values) if isinstance(values, dict) else {}

    def take(self, name: str) -> Any:
        return self.values.pop(name, None)

    def section(self, name: str) -> "_Section":
        return _Section(self.take(name))

    def text(self, name: str) -> str:
        value = self.take(name)
        return str(value).strip() if isinstance(value, str | int | float) else ""

    def words(self, name: str) -> list[str]:
        """The words of a list or of comma-separated text."""
        value = self.take(name)
        parts = value if isinstance(value, list) else str(value if value is not None else "").split(",")
        return [word for part in parts if (word := str(part).strip())]

    def flag(self, name: str) -> bool:
        return str(self.take(name)).lower() == "true"


def _object_in(text: str) -> Any:
    """The first JSON object in the text, ignoring text around it. Raises CannotReadJob.

    The documentation's own examples have trailing commas, a quote after the last brace, and prose behind it; a
    browser may have made the quotes typographic.
    """
    start = text.find("{")
    if start < 0:
        raise CannotReadJob("There is no job in this text: a job begins with { and ends with }.")
    text = text[start:]
    problem: ValueError | RecursionError | None = None
    for attempt in (text, _strict(text), _strict(text.translate(_TYPOGRAPHIC))):
        try:
            return json.JSONDecoder(strict=False).raw_decode(attempt)[0]
        except (ValueError, RecursionError) as error:
            problem = error
    line = problem.lineno if isinstance(problem, json.JSONDecodeError) else 1
    raise CannotReadJob(
        f"This text cannot be read as a job; it breaks off or goes wrong around its line {line}. Copy the whole of it."
    )


def _strict(text: str) -> str:
    """Remove trailing commas, and put all strings in double quotes."""

    def replace(token: re.Match[str]) -> str:
        if token[1] is not None:
            return token[1]
        if token[2] is not None:
            return '"' + re.sub(r'(?<!\\)"', r'\\"', token[2].replace("\\'", "'")) + '"'
        return ""

    return _TOKEN.sub(replace, text)
