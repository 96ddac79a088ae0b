"""Update policies, their tag approvers, and the state of reports."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import date, datetime, time
from typing import Any

from sandbox.answers import Answer, Refused, ok
from sandbox.company.fields import status
from sandbox.company.model import Policy, Report
from sandbox.jobs.dates import read_date
from sandbox.jobs.tags import inline_levels, table_levels
from sandbox.jobs.values import listed, optional_text, required_text
from sandbox.state import Request, State, administer, section, sees

EDITABLE_FIELDS = ("text", "dropdown", "date")


def update_policy(state: State, request: Request) -> Answer:
    """Update categories, tags and report fields, each a top-level section; one elsewhere is ignored [O].

    All sections are read before any policy changes.
    """
    policies = [administer(state, request.pair, policy_id) for policy_id in _policy_ids(request)]
    readers: Mapping[str, Callable[[], Callable[[Policy], None]]] = {
        "categories": lambda: _read_list_change(request, "categories", _read_category),
        "reportFields": lambda: _read_list_change(request, "reportFields", _read_report_field),
        "tags": lambda: _read_tags_change(state, request),
    }
    changes = [read() for section_name, read in readers.items() if section_name in request.job]
    for policy in policies:
        for change in changes:
            change(policy)
    return ok()


def update_tag_approvers(state: State, request: Request) -> Answer:
    """Set the approvers of tags; single-level tags only, an empty approver removes one [M*]."""
    policy = administer(state, request.pair, required_text(request.settings, "policyID"))
    entries = request.job.get("tagApprovers")
    if entries is None:
        return ok()  # a section in the wrong place is ignored without an error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Refused(410, "'tagApprovers' object malformed")
    names = {tag["name"] for tag in policy.tag_levels[0].tags} if len(policy.tag_levels) == 1 else set()
    for entry in entries:
        if entry.get("name") not in names:
            raise Refused(410, f"Invalid tag name '{entry.get('name')}'")
    for entry in entries:
        policy.tag_approvers.pop(entry["name"], None)
        if entry.get("approver"):
            policy.tag_approvers[entry["name"]] = str(entry["approver"])
    return ok()


def update_report_status(state: State, request: Request) -> Answer:
    """Reimburse approved reports, and skip others with the reason; 200 in both cases [O]."""
    settings = request.settings
    new_status = settings.get("status")
    if new_status != "REIMBURSED":
        raise Refused(410, f"Status '{new_status}' is not supported")
    source = optional_text(settings, "paymentSource")
    if len(source) > 100:
        raise Refused(410, "'paymentSource' parameter is missing or malformed")
    changed, skipped, failed = [], [], []
    for report_id, report in _select_reports(state, request).items():
        if report is None:
            failed.append({"reason": "Report not found", "reportID": report_id})
        elif report.state != "APPROVED":
            word = status(report, state.choices)
            skipped.append({"reason": f"Report is in status '{word}'", "reportID": report_id})
        else:
            _reimburse(report, request.pair.account, datetime.combine(state.company.today, time(12)), source)
            changed.append(report_id)
    answer: dict[str, Any] = {"skippedReports": skipped, "reportIDs": changed}
    if failed or state.choices.partial_reimbursement == 207:
        answer["failedReports"] = failed
    if skipped or failed:
        answer["responseCode"] = state.choices.partial_reimbursement
    return ok(answer)


def _policy_ids(request: Request) -> list[str]:
    ids = request.settings.get("policyIDList")
    if isinstance(ids, list) and ids:
        return [str(policy_id) for policy_id in ids]
    return [required_text(request.settings, "policyID")]


def _read_list_change(
    request: Request, name: str, read: Callable[[dict[str, Any]], dict[str, Any]]
) -> Callable[[Policy], None]:
    """Return the change to a list of named entries: `replace` sets it, `merge` adds and updates [O]."""
    described = section(request.job, name)
    action, data = described.get("action"), described.get("data")
    try:
        entries = {entry["name"]: entry for entry in map(read, data or ())}
    except (KeyError, TypeError):
        raise Refused(410, f"'{name}' object malformed") from None
    if action not in ("merge", "replace") or not isinstance(data, list):
        raise Refused(410, f"'{name}' object malformed")
    attribute = {"categories": "categories", "reportFields": "report_fields"}[name]

    def change(policy: Policy) -> None:
        merged = {} if action == "replace" else {entry["name"]: entry for entry in getattr(policy, attribute)}
        for entry_name, entry in entries.items():
            merged[entry_name] = merged.get(entry_name, {}) | entry
        setattr(policy, attribute, list(merged.values()))

    return change


def _read_category(entry: dict[str, Any]) -> dict[str, Any]:
    optional = ("glCode", "payrollCode", "areCommentsRequired", "commentHint", "maxExpenseAmount")
    if not isinstance(entry["name"], str) or not isinstance(entry["enabled"], bool):
        raise TypeError
    return {key: entry[key] for key in ("name", "enabled", *optional) if key in entry}


def _read_report_field(entry: dict[str, Any]) -> dict[str, Any]:
    """Drop-down values are all strings or all objects with a `name` [M*]."""
    values = entry.get("values", [])
    kinds = {type(value) for value in values}
    if entry["type"] not in EDITABLE_FIELDS or not isinstance(entry["name"], str) or len(kinds) > 1:
        raise TypeError
    if entry["type"] == "dropdown" and not values:
        raise TypeError
    names = [value["name"] if isinstance(value, dict) else value for value in values]
    field = {"name": entry["name"], "type": entry["type"], "values": names}
    if "defaultValue" in entry:
        field["defaultValue"] = entry["defaultValue"]
    return field


def _read_tags_change(state: State, request: Request) -> Callable[[Policy], None]:
    """Return the change to tag levels; a named level loses the tags not sent again, even with `merge` [O]."""
    described = section(request.job, "tags")
    if described.get("source", "inline") == "file":
        levels = table_levels(section(described, "config"), request.form.get("file", ""))
    else:
        levels = inline_levels(described)
    merging = described.get("action") == "merge"

    def change(policy: Policy) -> None:
        new_levels = deepcopy(levels)
        if not merging:
            policy.tag_levels = new_levels
            return
        by_name = {level.name: level for level in policy.tag_levels}
        for level in new_levels:
            # A level without a name is the first one, because flat lists have no name.
            name = level.name if level.name in by_name or not by_name else next(iter(by_name))
            if state.choices.tag_merge == "merge" and name in by_name:
                merged = {tag["name"]: tag for tag in (*by_name[name].tags, *level.tags)}
                level.tags = list(merged.values())
            level.name = name
            by_name[name] = level
        policy.tag_levels = list(by_name.values())

    return change


def _select_reports(state: State, request: Request) -> dict[str, Report | None]:
    filters = section(request.settings, "filters")
    visible = {report.id: report for report in state.company.reports.values() if sees(state, request.pair, report)}
    ids = listed(filters, "reportIDList")
    if ids:
        return {report_id: visible.get(report_id) for report_id in ids}
    start, end = read_date(filters, "startDate"), read_date(filters, "endDate")
    if start is None:
        raise Refused(410, "One of 'reportIDList' or 'startDate' is required")
    last = end or date.max
    return {report_id: report for report_id, report in visible.items() if start <= report.dated.date() <= last}


def _reimburse(report: Report, account: str, at: datetime, source: str) -> None:
    report.state, report.reimbursed = "REIMBURSED", at
    words = f"reimbursed this report via {source}" if source else "reimbursed this report"
    report.actions.append(
        {
            "action": "REIMBURSED",
            "accountEmail": account,
            "created": f"{at:%Y-%m-%d %H:%M:%S}",
            "details": {"message": words},
        }
    )
