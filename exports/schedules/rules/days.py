"""The days that a rule selects, and the days on which it runs after holidays have moved them."""

import calendar as months
from collections.abc import Iterator
from datetime import date, timedelta
from heapq import heappop, heappush
from typing import NamedTuple

from exports.schedules.rules import cron_lines
from exports.schedules.rules.rule import OnHoliday, Rule, RuleKind
from exports.schedules.rules.working_days import FARTHEST, ONE_DAY, Calendar

# A rule without a day for this long has ended: 29 February returns after eight years at most.
HORIZON = timedelta(days=12 * 366)


class RunDay(NamedTuple):
    """A day on which a rule runs, and the days it was named for; a day named for none is skipped."""

    on: date
    named: tuple[date, ...]


def run_days(rule: Rule, first: date, calendar: Calendar) -> Iterator[RunDay]:
    """The days from `first` on, in order, each once, skipped days included.

    Moves can change the order of days: a holiday on Sunday, moved before a weekend, runs on Friday, before the
    Saturday. So days wait in a heap until no later day can run before them or on them.
    """
    first = max(first, rule.starts_on or first)
    waiting: list[tuple[date, date, bool]] = []
    last = first
    for day in named_days(rule, _first_named(rule, first, calendar), calendar):
        if (rule.ends_on and day > rule.ends_on) or day - last > HORIZON:
            break
        if rule.starts_on and day < rule.starts_on:
            continue
        yield from _pop_ready(waiting, _earliest(rule, day, calendar), first)
        target = _move(rule, day, calendar)
        heappush(waiting, (target or day, day, target is not None))
        last = target or last
    yield from _pop_ready(waiting, date.max, first)


def named_days(rule: Rule, first: date, calendar: Calendar) -> Iterator[date]:
    """The days from `first` on that the rule selects, before holidays move them. Infinite."""
    if rule.kind in {RuleKind.DAILY, RuleKind.WEEKLY, RuleKind.CRON}:
        day = first
        while True:
            if (
                rule.kind == RuleKind.DAILY
                or (rule.kind == RuleKind.WEEKLY and day.weekday() in rule.weekdays)
                or (rule.kind == RuleKind.CRON and cron_lines.runs_on(rule.cron, day))
            ):
                yield day
            day += ONE_DAY
    last = first - ONE_DAY
    # A count of business days may continue into later months, so it starts two months earlier.
    year, month = _months_later(first.year, first.month, -2)
    while True:
        named = _named_in(rule, year, month, calendar)
        if named is not None and named > last:
            yield named
            last = named
        year, month = _months_later(year, month, 1)


def _named_in(rule: Rule, year: int, month: int, calendar: Calendar) -> date | None:
    start = date(year, month, 1)
    end = date(year, month, months.monthrange(year, month)[1])
    match rule.kind:
        case RuleKind.MONTHLY_DAY:
            return start.replace(day=min(rule.day, end.day))
        case RuleKind.MONTHLY_LAST_DAY:
            return end
        case RuleKind.QUARTER_END:
            return end if month % 3 == 0 else None
        case RuleKind.AFTER_MONTH_END:
            return _count_business_days(end, rule.nth, calendar)
        case RuleKind.BUSINESS_DAY:
            begin = start - ONE_DAY if rule.nth > 0 else end + ONE_DAY
            day = _count_business_days(begin, rule.nth, calendar)
            return day if day is not None and start <= day <= end else None
    raise ValueError(f"{rule.kind} names no day of a month")


def _count_business_days(day: date | None, nth: int, calendar: Calendar) -> date | None:
    """The n-th business day after a day, or before it; None across a month without any."""
    for _ in range(abs(nth)):
        if day is None:
            return None
        day = calendar.business_day_after(day) if nth > 0 else calendar.business_day_before(day)
    return day


def _move(rule: Rule, day: date, calendar: Calendar) -> date | None:
    """The day on which a named day runs, usually itself; None if it is skipped."""
    if not rule.heeds_holidays:
        return day
    stays = calendar.is_business_day(day) if rule.moves_from_weekends else calendar.off(day) is None
    if stays:
        return day
    if rule.on_holiday == OnHoliday.SKIP:
        return None
    before = rule.on_holiday == OnHoliday.BEFORE
    target = calendar.business_day_before(day) if before else calendar.business_day_after(day)
    if target is None or (rule.starts_on and target < rule.starts_on):
        return None
    return None if rule.ends_on and target > rule.ends_on else target


def _earliest(rule: Rule, day: date, calendar: Calendar) -> date:
    """The earliest day on which a day named from `day` on can run."""
    if not rule.heeds_holidays or rule.on_holiday != OnHoliday.BEFORE:
        return day
    return calendar.business_day_before(day + ONE_DAY) or day - timedelta(days=FARTHEST)


def _first_named(rule: Rule, first: date, calendar: Calendar) -> date:
    """The first named day that can run on `first` or later."""
    if not rule.heeds_holidays or rule.on_holiday != OnHoliday.AFTER:
        return first
    return (calendar.business_day_before(first) or first - timedelta(days=FARTHEST + 1)) + ONE_DAY


def _pop_ready(waiting: list[tuple[date, date, bool]], before: date, first: date) -> Iterator[RunDay]:
    while waiting and waiting[0][0] < before:
        on, day, runs = heappop(waiting)
        named = [day] if runs else []
        while waiting and waiting[0][0] == on:
            _, other, also_runs = heappop(waiting)
            named += [other] if also_runs else []
        if on >= first:
            yield RunDay(on, tuple(named))


def _months_later(year: int, month: int, number: int) -> tuple[int, int]:
    years, month = divmod(month - 1 + number, 12)
    return year + years, month + 1
