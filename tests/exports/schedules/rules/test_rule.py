"""What a rule may say, and how it is said."""

from datetime import date, time

import pytest

from exports.schedules.rules.rule import OnHoliday, Rule, RuleKind
from exports.schedules.rules.words import in_words

AT = (time(7, 30),)


@pytest.mark.parametrize(
    ("rule", "field", "sentence"),
    [
        (Rule(), "times", "Give at least one time of day, such as 07:30."),
        (Rule(times=AT, zone="Mars/Base"), "zone", "“Mars/Base” is not a time zone. Use a name such as Europe/Berlin."),
        (Rule(RuleKind.WEEKLY, AT), "weekdays", "Choose at least one day of the week."),
        (Rule(RuleKind.WEEKLY, AT, weekdays=(7,)), "weekdays", "Choose days from Monday to Sunday."),
        (Rule(RuleKind.MONTHLY_DAY, AT, day=32), "day", "A day of the month is a number from 1 to 31."),
        (Rule(RuleKind.BUSINESS_DAY, AT, nth=0), "nth", "Count from 1 to 15, or from -1 back from the month's end."),
        (Rule(RuleKind.AFTER_MONTH_END, AT, nth=-1), "nth", "Wait for 1 to 15 business days."),
        (Rule(times=(time(7, 30, 5),)), "times", "A time of day has hours and minutes only, such as 07:30."),
        (
            Rule(times=tuple(time(hour, minute) for hour in range(13) for minute in (0, 30))),
            "times",
            "A schedule can run 24 times a day at most.",
        ),
        (
            Rule(times=AT, starts_on=date(2027, 1, 2), ends_on=date(2027, 1, 1)),
            "ends_on",
            "The last day is before the first one.",
        ),
        (Rule(times=AT, starts_on=date(9999, 12, 31)), "starts_on", "Choose a day before the year 2100."),
        (
            Rule(RuleKind.CRON, cron="30 7 * *"),
            "cron",
            "A cron line has five fields. Write minute, hour, day, month and weekday, for example 30 7 * * 1-5.",
        ),
        (
            Rule(RuleKind.CRON, cron="30 25 * * *"),
            "cron",
            "Its hour cannot be read. Write minute, hour, day, month and weekday, for example 30 7 * * 1-5.",
        ),
        (
            Rule(RuleKind.CRON, cron="0 7 30 2 *"),
            "cron",
            "This line never comes: there is no such day in its months. Change the day, the month or the weekday.",
        ),
        (
            Rule(RuleKind.CRON, cron="* * * * *"),
            "cron",
            "A schedule can run 24 times a day at most; this line asks for more.",
        ),
    ],
)  # fmt: skip
def test_problem_is_a_sentence_at_its_field(rule: Rule, field: str, sentence: str) -> None:
    assert rule.problems() == [(field, sentence)]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule(RuleKind.DAILY, (time(18), time(7, 30))), "Every day at 07:30 and 18:00 (UTC)"),
        (Rule(RuleKind.WEEKLY, AT, weekdays=(0, 3)), "Every Monday and Thursday at 07:30 (UTC)"),
        (Rule(RuleKind.WEEKLY, AT, weekdays=(0, 1, 2, 3, 4)), "Every Monday to Friday at 07:30 (UTC)"),
        (Rule(RuleKind.MONTHLY_DAY, AT, day=22), "On the 22nd of each month at 07:30 (UTC)"),
        (
            Rule(RuleKind.MONTHLY_DAY, AT, day=31, on_holiday=OnHoliday.BEFORE),
            "On the 31st of each month, or the last day of a shorter one, at 07:30 (UTC); "
            "on a weekend or holiday, on the business day before it",
        ),
        (Rule(RuleKind.MONTHLY_LAST_DAY, AT), "On the last day of each month at 07:30 (UTC)"),
        (
            Rule(RuleKind.BUSINESS_DAY, AT, "Europe/Berlin", nth=2, on_holiday=OnHoliday.SKIP),
            "On the second business day of each month at 07:30 (Europe/Berlin)",
        ),
        (Rule(RuleKind.BUSINESS_DAY, AT, nth=-1), "On the last business day of each month at 07:30 (UTC)"),
        (Rule(RuleKind.BUSINESS_DAY, AT, nth=-2), "On the second to last business day of each month at 07:30 (UTC)"),
        (Rule(RuleKind.AFTER_MONTH_END, AT, nth=3), "Three business days after the end of each month at 07:30 (UTC)"),
        (
            Rule(RuleKind.QUARTER_END, AT, on_holiday=OnHoliday.SKIP),
            "On the last day of each quarter at 07:30 (UTC); on a weekend or holiday, not at all",
        ),
        (
            Rule(RuleKind.CRON, cron="30 7 * * 1-5", on_holiday=OnHoliday.AFTER, starts_on=date(2027, 1, 1)),
            "By the cron line “30 7 * * 1-5”: At 07:30, on every Monday to Friday (UTC), from 1 January 2027; "
            "on a holiday, on the business day after it",
        ),
    ],
)  # fmt: skip
def test_rule_in_words(rule: Rule, words: str) -> None:
    assert (rule.problems(), in_words(rule)) == ([], words)


def test_json_of_a_newer_version_is_read() -> None:
    stored = Rule(times=AT).to_json() | {"moon": "full"}
    del stored["nth"]

    assert Rule.from_json(stored) == Rule(times=AT)
