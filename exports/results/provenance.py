"""Where a file came from, by its SHA-256: whether the portal has, or had, exactly these bytes in a team."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import Team
from exports.models import Delivery, EmployeeUpdate, Result, Run

# Runs that brought the same bytes: an empty export does so every day.
MOST_FILES, MOST_MAILS = 20, 100
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Origin:
    """One file with these bytes: the run that stored it, what that run asked for, and who received it."""

    result: Result
    run: Run
    asked: Sequence[Any]
    deliveries: Sequence[Delivery]
    more_deliveries: bool


@dataclass(frozen=True)
class Found:
    """What a team has with one hash. Both are empty when it has nothing."""

    sha256: str
    origins: list[Origin]
    updates: list[EmployeeUpdate]

    @property
    def is_something(self) -> bool:
        return bool(self.origins or self.updates)


def clean(text: str) -> str:
    """A hash as people paste it: in capitals, in groups, or as `sha256sum` prints it; "" if it is none."""
    first = text.strip().lower().removeprefix("sha256:").split("  ")[0]
    joined = re.sub(r"[\s:]", "", first)
    return joined if _SHA256.fullmatch(joined) else ""


def find(team: Team, sha256: str, *, describe: Callable[[Run], Sequence[Any]]) -> Found:
    """The team's files with this hash, newest first, and employee updates whose rows and settings have it.

    `describe` says in words what a run asked for.
    """
    results = team.results.filter(sha256=sha256).select_related(
        *(
            f"{way}{name}"
            for way in ("run__", "part_of__run__")
            for name in ("export", "version", "credential")
        )
    )
    updates = team.employee_updates.filter(content_hash=sha256).without_people()
    return Found(
        sha256,
        [_origin(result, describe) for result in results[:MOST_FILES]],
        list(updates.select_related("credential", "applied_by_run", "team")[:MOST_FILES]),
    )


def _origin(result: Result, describe: Callable[[Run], Sequence[Any]]) -> Origin:
    run = result.of_run
    deliveries = list(result.deliveries.order_by("pk")[: MOST_MAILS + 1])
    return Origin(result, run, describe(run), deliveries[:MOST_MAILS], len(deliveries) > MOST_MAILS)
