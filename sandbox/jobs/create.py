"""Create reports, expenses and policies."""

from datetime import datetime, time
from typing import Any

from sandbox.answers import JSON, Answer, Refused, ok
from sandbox.company.expenses import convert
from sandbox.company.model import Expense, Member, Policy, Report
from sandbox.jobs.dates import read_date
from sandbox.jobs.rights import act_as
from sandbox.jobs.values import required_cents, required_email, required_text
from sandbox.state import Request, State, reach, section


def create_report(state: State, request: Request) -> Answer:
    """Create an open report with its expenses; answer with its name and new ID [O]."""
    settings = request.settings
    email = act_as(state, request, required_email(settings))
    policy = _policy_of(state, request, required_text(settings, "policyID"), email)
    described = section(settings, "report")
    title = required_text(described, "title")
    lines = settings.get("expenses")
    if not isinstance(lines, list):
        raise Refused(410, "Required parameter 'expenses' is missing")
    custom_fields = section(described, "fields")
    if not all(isinstance(value, str) for value in custom_fields.values()):
        raise Refused(410, "'fields' object malformed")
    report = _open_report(state, policy, email, title)
    report.custom_fields = custom_fields
    report.expenses = [_read_expense(state, policy, report.id, line, date_key="date") for line in lines]
    state.company.reports[report.id] = report
    return ok({"reportName": title, "reportID": report.id})


def create_expenses(state: State, request: Request) -> Answer:
    """Create expenses on a named report or a new one; answer with the ten keys of the recorded answer [O]."""
    settings = request.settings
    email = act_as(state, request, required_email(settings))
    lines = settings.get("transactionList")
    if not isinstance(lines, list) or not lines:
        raise Refused(410, "Required parameter 'transactionList' is missing")
    new_expenses: list[tuple[Report, Expense]] = []
    opened: dict[str, Report] = {}
    for line in lines:
        if not isinstance(line, dict):
            raise Refused(410, "'transactionList' object malformed")
        policy = _policy_for(state, request, line, email)
        report = _report_for(state, line, policy, email, opened)
        new_expenses.append((report, _read_expense(state, policy, report.id, line, date_key="created")))
    for report, expense in new_expenses:
        state.company.reports[report.id] = report
        report.expenses.append(expense)
    keys = ("amount", "reportID", "created", "merchant", "currency", "comment", "tag", "mcc", "category",
            "transactionID")  # fmt: skip
    return ok({"transactionList": [{key: expense[key] for key in keys} for _, expense in new_expenses]})


def create_policy(state: State, request: Request) -> Answer:
    """Create an empty policy owned by the account; answer as JSON [O]."""
    settings = request.settings
    name, plan = settings.get("policyName"), settings.get("plan", "team")
    if not isinstance(name, str) or not name.strip():
        raise Refused(state.choices.missing_policy_name, "Required parameter 'policyName' is missing")
    if plan not in ("team", "corporate"):
        raise Refused(410, "'plan' parameter is missing or malformed")
    account = request.pair.account
    policy = Policy(
        id=state.company.new_policy_id(),
        name=name,
        type=plan,
        currency="USD",
        owner=account,
        created=_now(state),
        members={account: Member(account, "admin", submits_to=account)},
    )
    state.company.policies[policy.id] = policy
    for pair in state.pairs.values():
        if pair.account == account:
            pair.policies |= {policy.id}
    return ok({"policyID": policy.id, "policyName": name}, content_type=JSON)


def _now(state: State) -> datetime:
    return datetime.combine(state.company.today, time(12))


def _policy_of(state: State, request: Request, policy_id: str, email: str) -> Policy:
    policy = reach(state, request.pair, policy_id)
    if email not in policy.members:
        raise Refused(404, f"Policy '{policy_id}' not found for {email}")
    return policy


def _policy_for(state: State, request: Request, line: dict[str, Any], email: str) -> Policy:
    """Return the policy of a line: the named one, or the one of its report, or the person's first."""
    named = state.company.reports.get(str(line.get("reportID")))
    policy_id = line.get("policyID") or (named.policy_id if named else None)
    if policy_id is not None:
        return _policy_of(state, request, str(policy_id), email)
    for policy in state.company.policies.values():
        if policy.id in request.pair.policies and email in policy.members:
            return policy
    raise Refused(404, f"No policy found for {email}")


def _report_for(state: State, line: dict[str, Any], policy: Policy, email: str, opened: dict[str, Report]) -> Report:
    if line.get("reportID") is None:
        if policy.id not in opened:
            opened[policy.id] = _open_report(state, policy, email, f"Expenses of {state.company.today:%B}")
        return opened[policy.id]
    report = state.company.reports.get(str(line["reportID"]))
    if report is None or report.account_email != email:
        raise Refused(404, f"Report '{line['reportID']}' not found")
    return report


def _open_report(state: State, policy: Policy, email: str, title: str) -> Report:
    return Report(
        id=state.company.new_report_id(),
        name=title,
        policy_id=policy.id,
        account_email=email,
        state="OPEN",
        created=_now(state),
    )


def _read_expense(state: State, policy: Policy, report_id: str, line: Any, *, date_key: str) -> Expense:
    """Return a line as an expense; `date_key` is `date` for one job and `created` for the other [M]."""
    if not isinstance(line, dict):
        raise Refused(410, "'expenses' object malformed")
    on = read_date(line, date_key)
    if on is None:
        raise Refused(410, f"Required parameter '{date_key}' is missing")
    currency = required_text(line, "currency")
    if len(currency) != 3 or not currency.isupper():
        raise Refused(410, "'currency' parameter is missing or malformed")
    merchant, amount = required_text(line, "merchant"), required_cents(line, "amount")
    expense = state.company.expenses.blank(report_id, merchant, on, amount, currency)
    for key in ("externalID", "comment", "billable", "reimbursable"):
        expense[key] = line.get(key, expense[key])
    if line.get("category"):
        expense |= _category(policy, str(line["category"]))
    if line.get("tag"):
        expense |= _tag(policy, str(line["tag"]))
    if "tax" in line:
        expense |= _tax(policy, section(line, "tax"), amount)
    convert(expense, policy.currency)
    return expense


def _category(policy: Policy, name: str) -> dict[str, Any]:
    for category in policy.categories:
        if category["name"] == name:
            return {
                "category": name,
                "categoryGlCode": category.get("glCode", ""),
                "categoryPayrollCode": category.get("payrollCode", ""),
            }
    raise Refused(410, f"Invalid category name '{name}'")


def _tag(policy: Policy, name: str) -> dict[str, Any]:
    for tag in policy.tag_levels[0].tags if policy.tag_levels else ():
        if tag["name"] == name:
            code = tag.get("glCode", "")
            return {"tag": name.replace(":", "\\:"), "tagGlCode": code, "ntag1": name, "ntag1GlCode": code}
    raise Refused(410, f"Invalid tag name '{name}'")


def _tax(policy: Policy, tax: dict[str, Any], amount: int) -> dict[str, Any]:
    """`tax.amount` is the taxed part of the amount, by default all of it [M]."""
    for rate in policy.tax.get("rates", ()):
        if rate["rateID"] == tax.get("rateID"):
            taxed = required_cents(tax, "amount") if "amount" in tax else amount
            return {
                "hasTax": True,
                "taxName": policy.tax["name"],
                "taxRate": rate["rate"],
                "taxRateName": rate["name"],
                "taxCode": rate["rateID"],
                "taxAmount": round(taxed * rate["rate"] / (100 + rate["rate"])),
                "modifiedTaxAmount": "",
            }
    raise Refused(410, "'tax' object malformed")
