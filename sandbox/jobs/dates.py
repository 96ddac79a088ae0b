"""Dates as the jobs write them."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from sandbox.answers import Refused


def read_date(values: Mapping[str, Any], key: str) -> date | None:
    """The date under `key`, None when it is not given; Refused 410 unless it is exactly yyyy-MM-dd.

    [M] has the words for the expense creator; that the exporter says the same is our guess.
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
    """The same day a year earlier; the last of February for a leap day."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)
