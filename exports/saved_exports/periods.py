"""Convert a period such as “Last month” to dates, in the team's time zone, on the day of the run. Pure functions."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

FIXED = "fixed"
SINCE_LAST_SUCCESS = "since_last_success"

# Choices of the pickers, in order.
KINDS = {
    "yesterday": "Yesterday",
    "last_7_days": "Last 7 days",
    "last_30_days": "Last 30 days",
    "month_to_date": "Month to date",
    "last_month": "Last month",
    "quarter_to_date": "Quarter to date",
    "last_quarter": "Last quarter",
    "year_to_date": "Year to date",
    SINCE_LAST_SUCCESS: "Since the last successful run",
    FIXED: "Fixed dates",
}

# "Since the last successful run" begins so long ago when there was none.
FIRST_LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True)
class Period:
    """First and last day, both included; open where a day is None."""

    start: date | None
    end: date | None


def resolve(
    kind: str,
    *,
    at: datetime,
    zone: ZoneInfo,
    start: date | None = None,
    end: date | None = None,
    last_success_at: datetime | None = None,
) -> Period:
    """The days that a period of this kind covers at `at`, in the time zone `zone`.

    `start` and `end` are for fixed dates, `last_success_at` is for "since the last successful run". That period
    begins on the day of the run: reports of later that day are not missed, earlier ones come again.
    """
    today = at.astimezone(zone).date()
    if kind == FIXED:
        if start is None and end is None:
            raise ValueError("fixed dates need a first or a last day")
        return Period(start, end)
    if kind == SINCE_LAST_SUCCESS:
        since = last_success_at.astimezone(zone).date() if last_success_at else today - FIRST_LOOK_BACK
        return Period(since, today)
    yesterday = today - timedelta(days=1)
    month, quarter = today.replace(day=1), _quarter_start(today)
    end_of_last_month, end_of_last_quarter = month - timedelta(days=1), quarter - timedelta(days=1)
    first_and_last_day = {
        "yesterday": (yesterday, yesterday),
        "last_7_days": (today - timedelta(days=7), yesterday),
        "last_30_days": (today - timedelta(days=30), yesterday),
        "month_to_date": (month, today),
        "last_month": (end_of_last_month.replace(day=1), end_of_last_month),
        "quarter_to_date": (quarter, today),
        "last_quarter": (_quarter_start(end_of_last_quarter), end_of_last_quarter),
        "year_to_date": (today.replace(month=1, day=1), today),
    }
    if kind not in first_and_last_day:
        raise ValueError(f"no period is called {kind!r}")
    return Period(*first_and_last_day[kind])


def _quarter_start(day: date) -> date:
    return day.replace(month=day.month - (day.month - 1) % 3, day=1)
