"""Find the run of a file by its SHA-256."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import Team
from exports.models import Delivery, EmployeeUpdate, Result, Run

# Limits, because many runs may produce the same bytes: an empty export does so every day.
MOST_FILES, MOST_MAILS = 20, 100
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Origin:
    """One file with this hash: its run, the run's request in words, and its deliveries."""

    result: Result
    run: Run
    asked: Sequence[Any]
    deliveries: Sequence[Delivery]
    more_deliveries: bool


@dataclass(frozen=True)
class Match:
    """A team's files and employee updates with one hash."""

    sha256: str
    origins: list[Origin]
    updates: list[EmployeeUpdate]

    @property
    def is_something(self) -> bool:
        return bool(self.origins or self.updates)


def clean(text: str) -> str:
    """Normalise a pasted hash: capitals, groups, or the output of `sha256sum`. "" if it is no hash."""
    first = text.strip().lower().removeprefix("sha256:").split("  ")[0]
    joined = re.sub(r"[\s:]", "", first)
    return joined if _SHA256.fullmatch(joined) else ""


def find(team: Team, sha256: str, *, describe: Callable[[Run], Sequence[Any]]) -> Match:
    """The team's files with this hash, newest first, and employee updates with this content hash.

    `describe` puts a run's request into words.
    """
    results = team.results.filter(sha256=sha256).select_related(
        *(f"{prefix}{name}" for prefix in ("run__", "part_of__run__") for name in ("export", "version", "credential"))
    )
    updates = team.employee_updates.filter(content_hash=sha256).without_people()
    return Match(
        sha256,
        [_origin(result, describe) for result in results[:MOST_FILES]],
        list(updates.select_related("credential", "applied_by_run", "team")[:MOST_FILES]),
    )


def _origin(result: Result, describe: Callable[[Run], Sequence[Any]]) -> Origin:
    run = result.of_run
    deliveries = list(result.deliveries.order_by("pk")[: MOST_MAILS + 1])
    return Origin(result, run, describe(run), deliveries[:MOST_MAILS], len(deliveries) > MOST_MAILS)
