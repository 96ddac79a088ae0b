"""The words of a mail: what its placeholders stand for, and what changed against the time before. Pure functions."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from exports.results.totals import Measured

_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f]+")


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced, once; braces around anything else stay as they were typed."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def one_line(text: str) -> str:
    """What may stand in a header: no break, no end."""
    return _BREAKS.sub(" ", text).strip()[:200]


def in_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def period_of(job: Mapping[str, Any], late_before: date | None) -> str:
    """What a run asked for, in words. `late_before` is the period's first day where the run looked back further."""
    filters = job.get("inputSettings", {}).get("filters", {})
    first, last = _day(filters.get("startDate")), _day(filters.get("endDate"))
    if first and late_before:
        first = max(first, late_before)
    if first and last:
        return _between(first, last)
    if first or last:
        return f"since {in_words(first)}" if first else f"until {in_words(last)}"  # type: ignore[arg-type]
    if approved := _day(filters.get("approvedAfter")):
        return f"approved since {in_words(late_before or approved)}"
    if filters.get("reportIDList"):
        count = len(filters["reportIDList"].split(","))
        return f"{count} chosen report{'s' if count > 1 else ''}"
    return "all reports"


def _between(first: date, last: date) -> str:
    from_first = first.day == 1
    to_last = date.fromordinal(last.toordinal() + 1).day == 1
    if from_first and to_last and first.year == last.year:
        if first.month == last.month:
            return f"{first:%B %Y}"
        return str(first.year) if (first.month, last.month) == (1, 12) else f"{first:%B} to {last:%B %Y}"
    return in_words(first) if first == last else f"{in_words(first)} to {in_words(last)}"


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def count(rows: int | None) -> str:
    return "–" if rows is None else f"{rows:,}"


def sums(totals: Mapping[str, Decimal] | None) -> str:
    return ", ".join(f"{currency} {amount:,.2f}" for currency, amount in (totals or {}).items()) or "–"


def changes(before: Measured, now: Measured) -> list[str]:
    """What rows and totals were, are, and by how much they differ; nothing of what either does not tell."""
    lines = []
    if before.rows is not None and now.rows is not None:
        lines.append(f"Rows: {now.rows:,}, before {before.rows:,} ({now.rows - before.rows:+,})")
    if before.totals is not None and now.totals is not None:
        for currency in sorted({*before.totals, *now.totals}):
            old, new = (each.get(currency, Decimal(0)) for each in (before.totals, now.totals))
            lines.append(f"{currency} {new:,.2f}, before {old:,.2f} ({new - old:+,.2f})")
    return lines
