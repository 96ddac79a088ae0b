"""Cron lines of five fields. cronsim parses them and matches days; `clocks` handles the times, as for other rules."""

from datetime import UTC, date, datetime, time
from functools import lru_cache
from itertools import product

from cronsim import CronSim, CronSimError

EXAMPLE = "Write minute, hour, day, month and weekday, for example 30 7 * * 1-5."
FIELDS = {
    "Bad minute": "minute",
    "Bad hour": "hour",
    "Bad day-of-month": "day of the month",
    "Bad month": "month",
    "Bad day-of-week": "weekday",
}


def problem(line: str, most_times: int) -> str:
    """Why a line is invalid, as a sentence; "" if it is valid."""
    if len(line) > 200 or len(line.split()) != 5:
        return f"A cron line has five fields. {EXAMPLE}"
    try:
        cron = parse(line)
    except CronSimError as error:
        field = FIELDS.get(str(error))
        return f"{f'Its {field} cannot be read.' if field else 'It cannot be read.'} {EXAMPLE}"
    if len(cron.hours) * len(cron.minutes) > most_times:
        return f"A schedule can run {most_times} times a day at most; this line asks for more."
    return ""


@lru_cache(maxsize=1024)
def parse(line: str) -> CronSim:
    """A parsed line. Only its fields and days are used, so the start time does not matter."""
    return CronSim(line, datetime(2000, 1, 1, tzinfo=UTC))


@lru_cache(maxsize=1024)
def times(line: str) -> tuple[time, ...]:
    cron = parse(line)
    return tuple(time(hour, minute) for hour, minute in product(sorted(cron.hours), sorted(cron.minutes)))


def runs_on(line: str, day: date) -> bool:
    cron = parse(line)
    return day.month in cron.months and bool(cron.match_day(day))


def describe(line: str) -> str:
    """The line in words, as in “At 07:30 on Monday through Friday”."""
    return str(parse(line).explain())
