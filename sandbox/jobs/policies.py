"""Read policies: list them, get their sections, list the cards of a domain."""

from collections.abc import Callable
from typing import Any

from sandbox.answers import Answer, Refused, ok
from sandbox.company.model import Card, Policy
from sandbox.jobs.rights import act_as, require_domain_admin
from sandbox.state import Request, State, reach, role


def list_policies(state: State, request: Request) -> Answer:
    """Answer with every policy of the account; documented keys and some that were observed."""
    settings = request.settings
    account = _reader(state, request)
    accessible = [policy for policy in state.company.policies.values() if policy.id in request.pair.policies]
    if account != request.pair.account:
        accessible = [policy for policy in accessible if account in policy.members]
    if settings.get("adminOnly") is True:
        accessible = [policy for policy in accessible if role(policy, account) == "admin"]
    return ok({"policyList": [_list_entry(policy, account) for policy in accessible]})


def _list_entry(policy: Policy, account: str) -> dict[str, Any]:
    return {
        "outputCurrency": policy.currency,
        "owner": policy.owner,
        "role": role(policy, account),
        "name": policy.name,
        "id": policy.id,
        "type": policy.type,
        "approvalMode": "ADVANCED" if policy.type != "team" else "BASIC",
        "created": f"{policy.created:%Y-%m-%d %H:%M:%S}",
        "areCategoriesEnabled": bool(policy.categories),
        "areTagsEnabled": bool(policy.tag_levels),
        "areReportFieldsEnabled": bool(policy.report_fields),
    }


def get_policies(state: State, request: Request) -> Answer:
    """Answer with the requested sections of each policy by ID; 410 without IDs or sections [M]."""
    settings = request.settings
    ids, fields = settings.get("policyIDList"), settings.get("fields")
    if not isinstance(ids, list) or not ids:
        raise Refused(410, "Required parameter 'policyIDList' is missing")
    if not isinstance(fields, list) or not fields or any(field not in _SECTIONS for field in fields):
        raise Refused(410, "'fields' parameter is missing or malformed")
    account = _reader(state, request)
    info: dict[str, Any] = {}
    for policy_id in ids:
        try:
            policy = reach(state, request.pair, str(policy_id))
        except Refused:
            if state.choices.unknown_policy == "left_out":
                continue
            raise
        if "employees" in fields and role(policy, account) != "admin":
            raise Refused(403, f"Not authorized to read the employees of policy '{policy_id}'")
        info[policy.id] = {field: _SECTIONS[field](policy) for field in fields}
    return ok({"policyInfo": info})


def list_cards(state: State, request: Request) -> Answer:
    """Answer with the company cards of a domain, for its admins."""
    domain = request.settings.get("domain")
    if not isinstance(domain, str) or "." not in domain:
        raise Refused(410, "Domain name is missing or malformed")
    require_domain_admin(request, domain)
    cards = [card for card in state.company.cards if card.email.endswith(f"@{domain}")]
    return ok({"domainCardList": [_card(card) for card in cards]})


def _reader(state: State, request: Request) -> str:
    """Return the account whose data the job reads; another account must have granted access [M]."""
    account = request.settings.get("userEmail") or request.pair.account
    return act_as(state, request, str(account))


def _tags(policy: Policy) -> list[dict[str, Any]]:
    """Return one of the two shapes in the manual: a flat list for one level, else a list of levels [M][O]."""
    if len(policy.tag_levels) == 1:
        return policy.tag_levels[0].tags
    levels = [{"name": level.name, "tags": level.tags} for level in policy.tag_levels]
    return levels or [{"name": "Tags", "tags": []}]


def _employees(policy: Policy) -> list[dict[str, Any]]:
    """Return the members; empty values other than address and role are absent."""
    employees = []
    for member in policy.members.values():
        entry = {
            "email": member.email,
            "role": member.role,
            "submitsTo": member.submits_to,
            "forwardsTo": member.forwards_to,
            "approvalLimit": member.approval_limit,
            "overLimitForwardsTo": member.over_limit_forwards_to,
            "employeeID": member.employee_id,
            "customField1": member.custom_field_1,
            "customField2": member.custom_field_2,
        }
        employees.append({key: value for key, value in entry.items() if value not in ("", None)})
    return employees


_SECTIONS: dict[str, Callable[[Policy], Any]] = {
    "categories": lambda policy: policy.categories,
    "reportFields": lambda policy: policy.report_fields,
    "tags": _tags,
    "tax": lambda policy: policy.tax,
    "employees": _employees,
}


def _card(card: Card) -> dict[str, Any]:
    return {
        "bank": card.bank,
        "cardID": card.id,
        "cardName": card.name,
        "cardNumber": card.number,
        "email": card.email,
        "externalEmployeeID": "",
        "created": f"{card.created:%Y-%m-%d %H:%M:%S}",
        "lastImport": f"{card.last_import:%Y-%m-%d %H:%M:%S}",
        "lastImportResult": 200,
        "reimbursable": False,
        "scrapeMinDate": "",
    }
