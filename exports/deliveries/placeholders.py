"""The placeholders of a mail, and the changes since the previous occurrence. Pure functions."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from exports.results.totals import Measured
from exports.schedules.rules.words import day_in_words

_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
_BREAKS = re.compile(r"[\s\x00-\x1f\x7f]+")


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced, once. Other text in braces stays."""
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def one_line(text: str) -> str:
    """A text that is safe in a header: without line breaks, at most 200 characters."""
    return _BREAKS.sub(" ", text).strip()[:200]


def period_of(job: Mapping[str, Any], late_before: date | None) -> str:
    """The period of a run, in words. `late_before` is its first day if the run also includes late approvals."""
    filters = job.get("inputSettings", {}).get("filters", {})
    first, last = _day(filters.get("startDate")), _day(filters.get("endDate"))
    if first and late_before:
        first = max(first, late_before)
    if first and last:
        return _between(first, last)
    if first:
        return f"since {day_in_words(first)}"
    if last:
        return f"until {day_in_words(last)}"
    if approved := _day(filters.get("approvedAfter")):
        return f"approved since {day_in_words(late_before or approved)}"
    if filters.get("reportIDList"):
        count = len(filters["reportIDList"].split(","))
        return f"{count} chosen report{'s' if count > 1 else ''}"
    return "all reports"


def _between(first: date, last: date) -> str:
    is_from_first = first.day == 1
    is_to_last = date.fromordinal(last.toordinal() + 1).day == 1
    if is_from_first and is_to_last and first.year == last.year:
        if first.month == last.month:
            return f"{first:%B %Y}"
        return str(first.year) if (first.month, last.month) == (1, 12) else f"{first:%B} to {last:%B %Y}"
    return day_in_words(first) if first == last else f"{day_in_words(first)} to {day_in_words(last)}"


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def count(rows: int | None) -> str:
    return "–" if rows is None else f"{rows:,}"


def sums(totals: Mapping[str, Decimal] | None) -> str:
    return ", ".join(f"{currency} {amount:,.2f}" for currency, amount in (totals or {}).items()) or "–"


def changes(before: Measured, now: Measured) -> list[str]:
    """How rows and totals differ from before; values that either file lacks are left out."""
    lines = []
    if before.rows is not None and now.rows is not None:
        lines.append(f"Rows: {now.rows:,}, before {before.rows:,} ({now.rows - before.rows:+,})")
    if before.totals is not None and now.totals is not None:
        for currency in sorted({*before.totals, *now.totals}):
            old, new = (totals.get(currency, Decimal(0)) for totals in (before.totals, now.totals))
            lines.append(f"{currency} {new:,.2f}, before {old:,.2f} ({new - old:+,.2f})")
    return lines
