"""Reading policies: the list, and what is in them."""

from typing import Any

from ..answers import Answer, Refused, ok
from ..company import Policy
from ..state import Request, State, role


def list_policies(state: State, request: Request) -> Answer:
    """Every policy of the account, with the documented keys and a few of those seen beside them."""
    settings = request.settings
    account = settings.get("userEmail") or request.pair.account
    if account != request.pair.account and account not in state.company.people:
        raise Refused(403, f"Not authorized to authenticate as user {account}")
    reached = [policy for policy in state.company.policies.values() if policy.id in request.pair.policies]
    if account != request.pair.account:
        reached = [policy for policy in reached if account in policy.members]
    if settings.get("adminOnly") is True:
        reached = [policy for policy in reached if role(policy, account) == "admin"]
    return ok({"policyList": [_listed(policy, account) for policy in reached]})


def _listed(policy: Policy, account: str) -> dict[str, Any]:
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
