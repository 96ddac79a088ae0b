"""Cron lines of five fields. cronsim reads them and knows their days; the clock is ours, as for every other rule."""

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
    """Why a line cannot be kept, as a sentence; "" when it can."""
    if len(line) > 200 or len(line.split()) != 5:
        return f"A cron line has five fields. {EXAMPLE}"
    try:
        read = parsed(line)
    except CronSimError as error:
        field = FIELDS.get(str(error))
        return f"{f'Its {field} cannot be read.' if field else 'It cannot be read.'} {EXAMPLE}"
    if len(read.hours) * len(read.minutes) > most_times:
        return f"A schedule can run {most_times} times a day at most; this line asks for more."
    return ""


@lru_cache(maxsize=1024)
def parsed(line: str) -> CronSim:
    """The line as cronsim has it; only its fields and days are used, so what it counts from does not matter."""
    return CronSim(line, datetime(2000, 1, 1, tzinfo=UTC))


@lru_cache(maxsize=1024)
def times(line: str) -> tuple[time, ...]:
    read = parsed(line)
    return tuple(time(hour, minute) for hour, minute in product(sorted(read.hours), sorted(read.minutes)))


def runs_on(line: str, day: date) -> bool:
    read = parsed(line)
    return day.month in read.months and bool(read.match_day(day))


def explained(line: str) -> str:
    """The line in words, as in “At 07:30 on Monday through Friday”."""
    return str(parsed(line).explain())
