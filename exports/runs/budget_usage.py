"""The call budgets as pages show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accounts.models import Credential, Rotation
from expensify.budget.budget import Usage
from expensify.budget.wire import BudgetUnavailable
from exports.runs import queue


@dataclass(frozen=True)
class Meter:
    """One pair's budget: `name` is what the page calls it, `usage` is None while Redis cannot say."""

    name: str
    usage: Usage | None


def read(credentials: Iterable[Credential]) -> dict[str, Any]:
    """The meters of the credentials that have a pair; `queue_away` when Redis cannot say."""
    return _read(
        [(str(each), each.fingerprint) for each in credentials if each.status != Credential.Status.WIPED]
    )


def of_rotation(rotation: Rotation, *, old_in_flight: bool) -> dict[str, Any]:
    """The meters of both pairs, while both may make calls; none when the credential has one pair as ever."""
    credential = rotation.credential
    if rotation.is_open:
        other = ("New pair", rotation.fingerprint)
    elif old_in_flight:
        other = ("Old pair", credential.previous_fingerprint)
    else:
        return {"meters": [], "queue_away": False}
    present = ("Present pair", credential.fingerprint)
    return _read([present, other] if present[1] != other[1] else [("Both pairs, same ID", present[1])])


def _read(named: list[tuple[str, str]]) -> dict[str, Any]:
    try:
        usages = queue.budget().usages([key for _, key in named]) if named else {}
    except BudgetUnavailable:
        return {"meters": [Meter(name, None) for name, _ in named], "queue_away": True}
    return {"meters": [Meter(name, usages[key]) for name, key in named], "queue_away": False}
