"""Select the reports of an exporter job."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sandbox.answers import Refused
from sandbox.company.model import Report
from sandbox.company.reports import STATES
from sandbox.jobs.dates import read_date, year_before
from sandbox.jobs.values import listed, optional_text
from sandbox.state import Request, State, section, sees


@dataclass(frozen=True)
class Selection:
    """The filters in `inputSettings`, parsed and checked."""

    report_ids: tuple[str, ...]
    start: date | None
    end: date | None
    approved_after: date | None
    policy_ids: tuple[str, ...]
    not_marked_as: str
    states: tuple[str, ...]
    limit: int | None
    employee: str


def read_selection(state: State, request: Request) -> Selection:
    """Parse the filters; Refused 410 for a missing selector or an invalid value [M*: code; words ours]."""
    settings = request.settings
    filters = section(settings, "filters")
    selection = Selection(
        report_ids=listed(filters, "reportIDList"),
        start=read_date(filters, "startDate"),
        end=read_date(filters, "endDate"),
        approved_after=read_date(filters, "approvedAfter"),
        policy_ids=listed(filters, "policyIDList"),
        not_marked_as=optional_text(filters, "markedAsExported"),
        states=listed(settings, "reportState"),
        limit=_limit(settings),
        employee=optional_text(settings, "employeeEmail"),
    )
    start = selection.start or selection.approved_after
    if not selection.report_ids and start is None:
        raise Refused(410, "One of 'reportIDList', 'startDate' or 'approvedAfter' is required")
    if start is not None:
        _check_span(start, selection.end, state.company.today)
    for name in selection.states:
        if name not in STATES:
            raise Refused(410, f"'reportState' '{name}' is not supported")
    if selection.employee:
        _check_employee(state, request, selection)
    return selection


def choose(state: State, request: Request, selection: Selection) -> list[Report]:
    """Return the reports that match all filters and that the key pair can access, oldest first."""
    choices = state.choices
    visible = [report for report in state.company.reports.values() if sees(state, request.pair, report)]
    if choices.unknown_report == "404":
        missing = set(selection.report_ids) - {report.id for report in visible}
        if missing:
            raise Refused(404, f"Report '{min(missing)}' not found")

    def approved_in_time(report: Report) -> bool:
        if report.approved is None or selection.approved_after is None:
            return False
        on = report.approved.date()
        return on > selection.approved_after or (choices.approved_after_inclusive and on == selection.approved_after)

    tests: list[tuple[Any, Callable[[Report], bool]]] = [
        (selection.report_ids, lambda report: report.id in selection.report_ids),
        (selection.start, lambda report: report.dated.date() >= (selection.start or date.min)),
        (selection.end, lambda report: report.dated.date() <= (selection.end or date.max)),
        (selection.approved_after, approved_in_time),
        (selection.policy_ids, lambda report: report.policy_id in selection.policy_ids),
        (selection.not_marked_as, lambda report: selection.not_marked_as not in report.labels),
        (selection.states, lambda report: report.state in selection.states),
        (selection.employee, lambda report: report.account_email == selection.employee),
        (selection.employee, lambda report: report.state != "OPEN"),
    ]
    active_tests = [test for setting, test in tests if setting]
    matches = [report for report in visible if all(test(report) for test in active_tests)]
    return matches[: selection.limit]


def _check_span(start: date, end: date | None, today: date) -> None:
    if end is None and start < year_before(today):
        raise Refused(410, "'endDate' is required when the start is more than one year ago")
    if end is not None and end < start:
        raise Refused(410, "'endDate' is before the start")
    if start < year_before(end or today):
        raise Refused(410, "The date span may not exceed one year")


def _check_employee(state: State, request: Request, selection: Selection) -> None:
    """`employeeEmail` needs certain domains, and excludes open reports [M]; the codes and words are ours."""
    own_domain = request.pair.account.rpartition("@")[2]
    if not state.choices.employee_email or selection.employee.rpartition("@")[2] != own_domain:
        raise Refused(403, f"Not authorized to export reports of {selection.employee}")
    if "OPEN" in selection.states:
        raise Refused(410, "Reports in state OPEN cannot be exported with 'employeeEmail'")


def _limit(settings: dict[str, Any]) -> int | None:
    """Documented as a string with an integer; a JSON number is an error."""
    text = optional_text(settings, "limit")
    if not text:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise Refused(410, "'limit' parameter is missing or malformed")
    return int(text)
