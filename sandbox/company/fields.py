"""Convert reports to the data of templates; names and meanings are those of the public field list."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.choices import Choices
from sandbox.company.company import Company
from sandbox.company.model import Member, Person, Report
from sandbox.company.reports import BASE_62

STATUS = {"OPEN": "Open", "SUBMITTED": "Processing", "APPROVED": "Approved", "REIMBURSED": "Reimbursed"}
STATE_NUMBER = {"OPEN": 0, "SUBMITTED": 1, "APPROVED": 2, "REIMBURSED": 6, "ARCHIVED": 2}


def status(report: Report, choices: Choices) -> str:
    """Return the name of the report's state on the website."""
    return STATUS.get(report.state, choices.closed_status)


def report_fields(company: Company, report: Report, choices: Choices) -> dict[str, Any]:
    """Return all fields of `report`; dates of future steps are "", fields not set on the policy are absent."""
    policy = company.policies[report.policy_id]
    submitter = policy.members.get(report.account_email, Member(report.account_email))
    person = company.person(report.account_email)
    last_approver = report.approvals[-1][0] if report.approvals else submitter.submits_to
    manager_email = report.next_approver or last_approver
    manager = company.person(manager_email)
    manager_member = policy.members.get(manager_email, Member(manager_email))
    word = status(report, choices)
    return {
        "reportID": report.id,
        "oldReportID": in_base_10(report.id),
        "reportName": report.name,
        "status": word,
        "displayStatus": word,
        "state": report.state,
        "stateNum": STATE_NUMBER[report.state],
        "total": report.total,
        "currency": policy.currency,
        "created": when(report.created, choices),
        "submitted": when(report.submitted, choices),
        "approved": when(report.approved, choices),
        "reimbursed": when(report.reimbursed, choices),
        "isACHReimbursed": report.is_ach,
        "entryID": report.entry_id,
        "accountEmail": report.account_email,
        "accountID": person.account_id,
        "submitterEmail": report.account_email,
        "submitterUserID": submitter.user_id,
        "submitterPayrollID": submitter.payroll_id,
        "submitter": _name(person),
        "employeeCustomField1": submitter.custom_field_1,
        "employeeCustomField2": submitter.custom_field_2,
        "managerEmail": manager_email,
        "managerID": manager.account_id,
        "managerUserID": manager_member.user_id,
        "managerPayrollID": manager_member.payroll_id,
        "manager": _name(manager),
        "policyID": policy.id,
        "policyName": policy.name,
        "tag": "",
        "customField": report.custom_fields,
        "approvers": [_approver(company, policy.members, email, when(at, choices)) for email, at in report.approvals],
        "actionList": report.actions,
        "transactionList": report.expenses,
    }


def when(at: datetime | None, choices: Choices) -> str:
    if at is None:
        return ""
    return f"{at:%Y-%m-%d %H:%M:%S}" if choices.report_dates == "datetime" else f"{at:%Y-%m-%d}"


def _approver(company: Company, members: Mapping[str, Member], email: str, at: str) -> dict[str, Any]:
    entry = {"email": email, "date": at} | _name(company.person(email))
    member = members.get(email)
    if member and member.user_id:
        entry["employeeUserID"] = member.user_id
    if member and member.payroll_id:
        entry["employeePayrollID"] = member.payroll_id
    return entry


def _name(person: Person) -> dict[str, str]:
    return {"firstName": person.first_name, "lastName": person.last_name, "fullName": person.full_name}


def in_base_10(report_id: str) -> str:
    if not report_id.startswith("R00"):
        return report_id
    number = 0
    for digit in report_id[3:]:
        number = number * 62 + BASE_62.index(digit)
    return f"R{number}"
