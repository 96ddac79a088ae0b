"""The call budgets as pages show them."""

from collections.abc import Iterable
from typing import Any

from accounts.models import Credential
from expensify.budget import BudgetUnavailable
from exports import dispatch


def read(credentials: Iterable[Credential]) -> dict[str, Any]:
    """The credentials that have a pair, each with its `usage`; `queue_away` when Redis cannot say."""
    credentials = [each for each in credentials if each.status != Credential.Status.WIPED]
    try:
        usages = dispatch.usages(credentials) if credentials else {}
    except BudgetUnavailable:
        usages = None
    for credential in credentials:
        credential.usage = usages.get(credential.pk) if usages else None
    return {"credentials": credentials, "queue_away": usages is None}
