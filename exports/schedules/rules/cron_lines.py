"""Cron lines of five fields. cronsim parses them and matches days; `clocks` handles the times, as for other rules."""

import calendar
from datetime import UTC, date, datetime, time
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from cronsim import CronSim, CronSimError

EXAMPLE = "Write minute, hour, day, month and weekday, for example 30 7 * * 1-5."
NEVER = "This line never comes: there is no such day in its months. Change the day, the month or the weekday."
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
        if _names_a_day_that_its_months_lack(line):
            return NEVER
        field = FIELDS.get(str(error))
        return f"{f'Its {field} cannot be read.' if field else 'It cannot be read.'} {EXAMPLE}"
    if len(cron.hours) * len(cron.minutes) > most_times:
        return f"A schedule can run {most_times} times a day at most; this line asks for more."
    return "" if months(line).some_years else NEVER


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


class Months(NamedTuple):
    """The months in which a line has a day: in some years, and in every year."""

    some_years: frozenset[int]
    every_year: frozenset[int]


@lru_cache(maxsize=1024)
def months(line: str) -> Months:
    """Looks at the days themselves: after 28 years, weekdays and leap years repeat."""
    cron = parse(line)
    years = []
    for year in range(2001, 2029):
        lengths = {month: calendar.monthrange(year, month)[1] for month in cron.months}
        years.append(
            frozenset(
                month
                for month, length in lengths.items()
                if any(cron.match_day(date(year, month, day)) for day in range(1, length + 1))
            )
        )
    return Months(frozenset[int]().union(*years), frozenset(range(1, 13)).intersection(*years))


def _names_a_day_that_its_months_lack(line: str) -> bool:
    """Whether the line could be read with all months: the library refuses 30 February as a bad day."""
    minute, hour, day, _, weekday = line.split()
    try:
        parse(f"{minute} {hour} {day} * {weekday}")
        parse(f"{minute} {hour} 1 {line.split()[3]} *")
    except CronSimError:
        return False
    return True
