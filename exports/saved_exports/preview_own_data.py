"""A team's own reports as sample data: the latest JSON result with the structure that templates see.

The starter “Data for previews” makes such a file. Its keys may be paths (`"submitter.firstName"`), which this nests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from accounts.models import Team
from expensify.foreign_text import read_json
from exports.models import Result
from exports.results import integrity

RESULTS = 5
MOST_BYTES = 2 * 1024**2
# The widest preset renders these within a quarter of a second.
MOST_EXPENSES = 100


@dataclass(frozen=True)
class OwnData:
    run_id: int
    data: Mapping[str, Any]


def latest(team: Team) -> OwnData | None:
    """The newest of the team's last few JSON results that has sample data; None when there is none."""
    results = team.results.whole().filter(
        media_type="application/json", purged_at=None, size__lte=MOST_BYTES, size__gt=0
    )
    for result in results.order_by("-id")[:RESULTS]:
        data = _read(result.pk, result.sha256)
        if data is not None:
            assert result.run_id is not None  # Only parts of a result have no run.
            return OwnData(result.run_id, data)
    return None


# Results never change: cache their content while somebody types.
@lru_cache(maxsize=4)
def _read(result_id: int, sha256: str) -> Mapping[str, Any] | None:
    try:
        with integrity.open_result(Result.objects.get(pk=result_id)) as file:
            content = read_json(file.read(), parse_float=Decimal)
    except (OSError, integrity.Damaged, ValueError, RecursionError):
        return None
    reports = content.get("reports") if isinstance(content, dict) else None
    if not (isinstance(reports, list) and reports and all(map(_is_report, reports))):
        return None
    return {"reports": _first(reports), "addHeader": True}


def _is_report(report: object) -> bool:
    return (
        isinstance(report, dict)
        and isinstance(report.get("transactionList"), list)
        and all(isinstance(expense, dict) for expense in report["transactionList"])
    )


def _first(reports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The reports with the first `MOST_EXPENSES` expenses: enough for a preview."""
    chosen, expenses = [], 0
    for report in reports:
        if expenses >= MOST_EXPENSES:
            break
        kept = report["transactionList"][: MOST_EXPENSES - expenses]
        expenses += len(kept)
        chosen.append(_nested(report | {"transactionList": [_nested(expense) for expense in kept]}))
    return chosen


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for path, value in flat.items():
        *outer, last = path.split(".")
        place = nested
        for name in outer:
            inner = place.setdefault(name, {})
            place = inner if isinstance(inner, dict) else {}
        place[last] = value
    return nested
