"""When a schedule is due, without a database or a clock: pure functions over days, zones and holidays.

rule = Rule(Kind.BUSINESS_DAY, times=(time(7, 30),), zone="Europe/Berlin", nth=2)
rule.problems()                                # [(field, sentence), …]; nothing when the rule can be kept
calendar = Calendar("DE-BE", own={day: ("Works outing", True)})
next_occurrence(rule, now, calendar)           # strictly after `now`, in UTC; None when there is none any more
occurrences(rule, now, calendar, 12, freezes)  # each with notes: clock changes, moves, freezes
between(rule, was, now, calendar)              # after `was`, up to and including `now`
in_words(rule)                                 # "On the second business day of each month at 07:30 (Europe/Berlin)"
freeze_on(rule, at, freezes)                   # the freeze that an occurrence falls into, if any

Days off of an ICS file are read by `exports.schedules.ics`, whose library only the page for it needs.
"""

from exports.schedules.occurrences import (
    Coming,
    FreezeDays,
    between,
    coming,
    freeze_on,
    next_occurrence,
    occurrences,
)
from exports.schedules.rule import Kind, OnHoliday, Rule
from exports.schedules.words import day_in_words, in_words
from exports.schedules.working_days import Calendar, is_known, national_days

__all__ = [
    "Calendar",
    "Coming",
    "FreezeDays",
    "Kind",
    "OnHoliday",
    "Rule",
    "between",
    "coming",
    "day_in_words",
    "freeze_on",
    "in_words",
    "is_known",
    "national_days",
    "next_occurrence",
    "occurrences",
]
