"""Read the dates in jobs."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from sandbox.answers import Refused


def read_date(values: Mapping[str, Any], key: str) -> date | None:
    """Return the date under `key`, or None without one; Refused 410 unless it is exactly yyyy-MM-dd.

    [M] has the message of the expense creator; the same message in the exporter is a guess.
    """
    value = values.get(key)
    if value is None:
        return None
    try:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise Refused(410, f"Malformed date '{value}'. Expected format is yyyy-MM-dd")


def year_before(day: date) -> date:
    """Return the same day a year earlier; 28 February for a leap day."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)
