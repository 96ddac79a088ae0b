"""The advanced employee updater: reads the feed, checks each record, and applies it unless it is a dry run."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.answers import Answer, Refused, ok
from sandbox.jobs import mail
from sandbox.jobs.rights import is_address
from sandbox.jobs.roster import Roster
from sandbox.parameters import read_json
from sandbox.state import Request, State, section

REQUIRED = ("employeeEmail", "managerEmail", "employeeID", "policyID")
ROLES = ("user", "auditor", "admin")
PRIMARY_POLICY = ("none", "new_employees", "all_employees")

Record = dict[str, Any]


def update_employees(state: State, request: Request) -> Answer:
    """Answer 200 with counts, differences and skipped people; 410 without data [M], 403 without rights or plan [O]."""
    _check_job(state, request)
    feed = _read_feed(state, request)
    dry_run = request.job.get("dry-run") in (True, "true")
    roster = Roster(state.company, request.pair)
    skipped: list[dict[str, str]] = []
    valid: list[Record] = []
    for record in feed:
        reason = _find_problem(state, roster, record)
        if reason:
            email = record.get("employeeEmail") if isinstance(record, dict) else ""
            skipped.append({"email": str(email or ""), "reason": reason})
        else:
            valid.append(record)
    for record in valid:
        _apply(state, roster, record)
    if request.job.get("shouldFixApprovalChains", True) is True:
        first_only = request.job.get("fixFirstLevelManagersOnly") is True
        for record in valid:
            if not _is_terminated(state, record):
                roster.invite_managers(record["managerEmail"], record["policyID"], first_only=first_only)
    groups = _groups(state, feed, valid)
    if not dry_run:
        roster.commit()
    summary = f"{'Dry run: ' if dry_run else ''}{len(valid)} updated, {len(skipped)} skipped"
    state.mails += [mail.record(request, to, summary) for to in mail.requested_recipients(request.job)]
    return ok(
        {
            "dry-run": dry_run,
            "updatedEmployeesCount": len(valid),
            "diff": {"diffToAdd": roster.added, "diffToRemove": roster.removed},
            "securityGroupEmployeesMap": groups,
            "skippedEmployees": skipped,
        }
    )


def _check_job(state: State, request: Request) -> None:
    if not state.choices.advanced_employees or not request.pair.domain_admin:
        raise Refused(403, "Not authorized to update employees")
    if request.settings.get("entity") != "generic":
        raise Refused(410, "'entity' parameter is missing or malformed")
    if request.job.get("setEmployeePrimaryPolicy", "none") not in PRIMARY_POLICY:
        raise Refused(410, "'setEmployeePrimaryPolicy' parameter is missing or malformed")


def _read_feed(state: State, request: Request) -> list[Any]:
    """Return the records, from a bare array or an `Employees` object [M]; an empty feed is missing data."""
    credentials = section(request.job, "credentials")
    match request.job.get("dataSource"):
        case "request":
            text = request.form.get("data", "")
        case "download":
            text = state.feeds.get(str(credentials.get("feedUrl")), "")
        case "sftp":
            text = state.feeds.get(str(section(credentials, "sftp").get("filename")), "")
        case _:
            raise Refused(410, "'dataSource' parameter is missing or malformed")
    try:
        feed = read_json(text, lenient=request.lenient)
    except ValueError:
        feed = None
    if isinstance(feed, dict):
        feed = feed.get("Employees")
    if not isinstance(feed, list) or not feed:
        raise Refused(410, "Employee data is missing or malformed")
    return feed


def _find_problem(state: State, roster: Roster, record: Any) -> str:
    """Return why a record is skipped, "" when it is valid; the texts on policy and manager are published [M]."""
    if not isinstance(record, dict):
        return "Record malformed"
    leaving = _is_terminated(state, record)
    required: Sequence[str] = REQUIRED
    if leaving and not state.choices.removal_needs_all_keys:
        required = [key for key in REQUIRED if key != "managerEmail"]
    for key in required:
        if not isinstance(record.get(key), str) or not record[key]:
            return f"Required field '{key}' is missing"
    if not is_address(record["employeeEmail"]):
        return f"Invalid employee email address '{record['employeeEmail']}'"
    manager = record.get("managerEmail")
    if manager is not None and not is_address(manager):
        return f"Invalid manager email address '{manager}'"
    additional = record.get("additionalPolicyIDs", [])
    for policy_id in (record["policyID"], *(additional if isinstance(additional, list) else [additional])):
        if not roster.administers(str(policy_id)):
            return f"No policy found for '{policy_id}'"
    if record.get("role", "user") not in ROLES:
        return f"Invalid role '{record['role']}'"
    return _find_limit_problem(record)


def _find_limit_problem(record: Mapping[str, Any]) -> str:
    limit = record.get("approvalLimit")
    if limit is None:
        return ""
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        return f"Invalid approval limit '{limit}'"
    return "" if _over_limit(record) else "Required field 'overLimitApprover' is missing"


def _over_limit(record: Mapping[str, Any]) -> str:
    """`limitApprover` is the older name [M]."""
    return str(record.get("overLimitApprover") or record.get("limitApprover") or "")


def _is_terminated(state: State, record: Mapping[str, Any]) -> bool:
    value = record.get("isTerminated", False)
    if isinstance(value, str):
        return value.lower() == "true" or (state.choices.false_in_words_is_true and bool(value))
    return value is True


def _apply(state: State, roster: Roster, record: Record) -> None:
    email = roster.address_for(record["employeeEmail"], record["employeeID"])
    if _is_terminated(state, record):
        roster.remove(email, record["policyID"])
        return
    policy_ids = [record["policyID"], *record.get("additionalPolicyIDs", [])]
    values = {
        "role": record.get("role"),
        "submits_to": record["managerEmail"],
        "forwards_to": record.get("approvesTo"),
        "approval_limit": record.get("approvalLimit"),
        "over_limit_forwards_to": _over_limit(record),
        "employee_id": record["employeeID"],
        "custom_field_1": record.get("customField1") or record["employeeID"],
        "custom_field_2": record.get("customField2"),
        "default_tags": record.get("defaultTags"),
    }
    roster.name(email, str(record.get("firstName") or ""), str(record.get("lastName") or ""))
    for policy_id in policy_ids:
        roster.set(email, policy_id, values)
    if record.get("shouldRemoveFromUnassignedPolicies") is True:
        for policy_id in roster.policies_of(email):
            if policy_id not in policy_ids:
                roster.remove(email, policy_id)


def _groups(state: State, feed: Sequence[Any], valid: Sequence[Record]) -> dict[str, list[str]]:
    """Return addresses by domain group, if every record of the feed names one [C]."""
    if not all(isinstance(record, dict) and record.get("domainGroupID") for record in feed):
        return {}
    groups: dict[str, list[str]] = {}
    for record in valid:
        if not _is_terminated(state, record):
            groups.setdefault(str(record["domainGroupID"]), []).append(record["employeeEmail"])
    return groups
