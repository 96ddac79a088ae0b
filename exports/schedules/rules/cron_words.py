"""Describe a cron line in words, from the days and times at which it comes."""

from collections.abc import Callable, Iterable

from cronsim import CronSim

from exports.schedules.rules import cron_lines

WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
NTH = ("first", "second", "third", "fourth", "fifth")
ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS = frozenset(range(1, 32)), frozenset(range(1, 13)), frozenset(range(7))
LAST_DAYS = {CronSim.LAST: "last day", CronSim.LAST_WEEKDAY: "last day from Monday to Friday"}
# A run of fewer numbers is listed: “the 1st and 2nd”.
FEWEST_IN_RANGE = 3


def describe(line: str) -> str:
    """A valid line: “At 07:30, on Monday to Friday”, with the months that it leaves out."""
    cron = cron_lines.parse(line)
    return f"{_times(cron)}, {_days(cron)}{_months(cron)}{_left_out(line, cron)}"


def ordinal(number: int) -> str:
    ending = "th" if number in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def join(words: list[str], last: str = "and") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _times(cron: CronSim) -> str:
    hours, minutes = sorted(cron.hours), sorted(cron.minutes)
    if len(minutes) == 1 and len(hours) >= FEWEST_IN_RANGE and _is_run(hours):
        return f"Every hour from {hours[0]:02}:{minutes[0]:02} to {hours[-1]:02}:{minutes[0]:02}"
    return "At " + join([f"{hour:02}:{minute:02}" for hour in hours for minute in minutes])


def _days(cron: CronSim) -> str:
    """The two fields of days: both have to fit if one of them begins with a star, else one of them is enough."""
    days, weekdays = _days_of_month(cron), _weekdays(cron)
    if days and weekdays:
        if cron.day_and:
            return f"on each day that is {join(weekdays, 'or')} and also the {join(days, 'or')} of the month"
        return f"on the {join(days)} of the month, and also on {join(weekdays)}"
    if not (days or weekdays) or not cron.day_and:
        return "every day"
    return f"on {join(weekdays)}" if weekdays else f"on the {join(days)} of the month"


def _days_of_month(cron: CronSim) -> list[str]:
    """“1st to 7th”, “last day”; empty for all days."""
    numbers = sorted(day for day in cron.days if day > 0)
    if set(numbers) >= ALL_DAYS:
        return []
    return _runs(numbers, ordinal) + [words for day, words in LAST_DAYS.items() if day in cron.days]


def _weekdays(cron: CronSim) -> list[str]:
    """“any Monday to Friday”, “the last Sunday of the month”; empty for all weekdays."""
    numbers = {day % 7 for day in cron.weekdays if isinstance(day, int)}
    if numbers >= ALL_WEEKDAYS:
        return []
    counted = sorted(day for day in cron.weekdays if isinstance(day, tuple))
    # The week begins on Monday, so that Saturday and Sunday stand together.
    week = _runs(sorted((number - 1) % 7 for number in numbers), lambda number: WEEKDAYS[(number + 1) % 7])
    each = "a" if cron.day_and and _days_of_month(cron) else "every"
    return [f"{each} {days}" for days in week] + [
        f"the {'last' if nth == CronSim.LAST else NTH[nth - 1]} {WEEKDAYS[day % 7]} of the month"
        for day, nth in counted
    ]


def _months(cron: CronSim) -> str:
    named = sorted(cron.months)
    return "" if set(named) >= ALL_MONTHS else f"; only in {join(_runs(named, _month))}"


def _left_out(line: str, cron: CronSim) -> str:
    """The months that have no such day, and those that do not have it in every year."""
    comes = cron_lines.months(line)
    never, sometimes = sorted(cron.months - comes.some_years), sorted(comes.some_years - comes.every_year)
    words = f"; never in {join([_month(month) for month in never])}, without such a day" if never else ""
    if sometimes and len(sometimes) == len(cron.months):
        words += "; not in every month" if len(sometimes) > 1 else "; not in every year"
    elif sometimes:
        words += f"; in {join(_runs(sometimes, _month))} not in every year"
    return words


def _month(number: int) -> str:
    return MONTHS[number - 1]


def _runs(numbers: list[int], word: Callable[[int], str]) -> list[str]:
    """“1st to 7th” for three and more in a row, else one by one."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words: list[str] = []
    for run in runs:
        words += [f"{word(run[0])} to {word(run[-1])}"] if len(run) >= FEWEST_IN_RANGE else map(word, run)
    return words


def _is_run(numbers: Iterable[int]) -> bool:
    numbers = list(numbers)
    return numbers == list(range(numbers[0], numbers[-1] + 1))
