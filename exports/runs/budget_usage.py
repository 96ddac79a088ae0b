"""Usage of the call budgets, for the meters on pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accounts.models import Credential, Rotation
from expensify.budget.budget import Usage
from expensify.budget.wire import BudgetUnavailable
from exports.runs import queue


@dataclass(frozen=True)
class Meter:
    """The budget of one key pair; `usage` is None while Redis is unavailable."""

    name: str
    usage: Usage | None


def read(credentials: Iterable[Credential]) -> dict[str, Any]:
    """The meters of the credentials that are not wiped; `queue_away` while Redis is unavailable."""
    return _read([(str(c), c.fingerprint) for c in credentials if c.status != Credential.Status.WIPED])


def of_rotation(rotation: Rotation, *, old_in_flight: bool) -> dict[str, Any]:
    """The meters of both key pairs while both may make calls; none when only one does."""
    credential = rotation.credential
    if rotation.is_open:
        other = ("New pair", rotation.fingerprint)
    elif old_in_flight:
        other = ("Old pair", credential.previous_fingerprint)
    else:
        return {"meters": [], "queue_away": False}
    present = ("Present pair", credential.fingerprint)
    return _read([present, other] if present[1] != other[1] else [("Both pairs, same ID", present[1])])


def _read(names_and_keys: list[tuple[str, str]]) -> dict[str, Any]:
    try:
        usages = queue.budget().usages([key for _, key in names_and_keys]) if names_and_keys else {}
    except BudgetUnavailable:
        return {"meters": [Meter(name, None) for name, _ in names_and_keys], "queue_away": True}
    return {"meters": [Meter(name, usages[key]) for name, key in names_and_keys], "queue_away": False}
