"""Describe a rule in words."""

from datetime import date

from exports.schedules.rules import cron_words
from exports.schedules.rules.cron_words import join, ordinal
from exports.schedules.rules.rule import OnHoliday, Rule, RuleKind

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# fmt: off
NUMBERS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen",
)
ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth",
)
# fmt: on


def in_words(rule: Rule) -> str:
    """A valid rule: “On the second business day of each month at 07:30 (Europe/Berlin)”."""
    text = f"{_days(rule)}{_times(rule)} ({rule.zone})"
    if rule.starts_on:
        text += f", from {day_in_words(rule.starts_on)}"
    if rule.ends_on:
        text += f", until {day_in_words(rule.ends_on)}"
    return text + _holidays(rule)


def day_in_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _days(rule: Rule) -> str:
    match rule.kind:
        case RuleKind.DAILY:
            return "Every day"
        case RuleKind.WEEKLY:
            return f"Every {_weekdays(sorted(set(rule.weekdays)))}"
        case RuleKind.MONTHLY_DAY:
            return f"On the {ordinal(rule.day)} of each month{_shorter_month_note(rule.day)}"
        case RuleKind.MONTHLY_LAST_DAY:
            return "On the last day of each month"
        case RuleKind.BUSINESS_DAY:
            return f"On the {_business_day(rule.nth)} of each month"
        case RuleKind.AFTER_MONTH_END:
            days = "day" if rule.nth == 1 else "days"
            return f"{NUMBERS[rule.nth - 1].capitalize()} business {days} after the end of each month"
        case RuleKind.QUARTER_END:
            return "On the last day of each quarter"
        case RuleKind.CRON:
            return f"By the cron line “{rule.cron}”: {cron_words.describe(rule.cron)}"


def _times(rule: Rule) -> str:
    times = [f"{at:%H:%M}" for at in sorted(set(rule.times))]
    return "" if rule.kind == RuleKind.CRON else f" at {join(times)}"


def _holidays(rule: Rule) -> str:
    if not rule.heeds_holidays:
        return ""
    when = "on a weekend or holiday" if rule.moves_from_weekends else "on a holiday"
    instead = {
        OnHoliday.SKIP: "not at all",
        OnHoliday.BEFORE: "on the business day before it",
        OnHoliday.AFTER: "on the business day after it",
    }[rule.on_holiday]
    return f"; {when}, {instead}"


def _weekdays(days: list[int]) -> str:
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return f"{WEEKDAYS[days[0]]} to {WEEKDAYS[days[-1]]}"
    return join([WEEKDAYS[day] for day in days])


def _business_day(nth: int) -> str:
    if nth > 0:
        return f"{ORDINALS[nth - 1]} business day"
    return "last business day" if nth == -1 else f"{ORDINALS[-nth - 1]} to last business day"


def _shorter_month_note(day: int) -> str:
    return ", or the last day of a shorter one," if day > 28 else ""
