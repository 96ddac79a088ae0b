"""The days that a rule names, and the days on which it then runs."""

import calendar as months
from collections.abc import Iterator
from datetime import date, timedelta
from heapq import heappop, heappush
from typing import NamedTuple

from exports.schedules.rules import cron_lines
from exports.schedules.rules.rule import OnHoliday, Rule, RuleKind
from exports.schedules.rules.working_days import FARTHEST, ONE_DAY, Calendar

# Without an occurrence for so long, a rule has none: 29 February comes back after eight years at most.
HORIZON = timedelta(days=12 * 366)


class RunDay(NamedTuple):
    """A day on which a rule runs, with the days it was named for; with none of them, a day that is left out."""

    on: date
    named: tuple[date, ...]


def run_days(rule: Rule, first: date, calendar: Calendar) -> Iterator[RunDay]:
    """The days from `first` on, in order, each once, those that are left out among them.

    A move may overtake its neighbours: of a Saturday and a holiday on the Sunday, moved before, the Sunday runs on
    Friday. So days wait here until none that is still to come can run before them, or on them.
    """
    first = max(first, rule.starts_on or first)
    waiting: list[tuple[date, date, bool]] = []
    last = first
    for day in named_days(rule, _look_back(rule, first, calendar), calendar):
        if (rule.ends_on and day > rule.ends_on) or day - last > HORIZON:
            break
        if rule.starts_on and day < rule.starts_on:
            continue
        yield from _ripe(waiting, _earliest(rule, day, calendar), first)
        target = _target(rule, day, calendar)
        heappush(waiting, (target or day, day, target is not None))
        last = target or last
    yield from _ripe(waiting, date.max, first)


def named_days(rule: Rule, first: date, calendar: Calendar) -> Iterator[date]:
    """The days from `first` on that the rule names, before any holiday moves them; without end."""
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
    # A count of business days may go on into the months after, so it begins some months before.
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
            return _count(end, rule.nth, calendar)
        case RuleKind.BUSINESS_DAY:
            found = _count(start - ONE_DAY if rule.nth > 0 else end + ONE_DAY, rule.nth, calendar)
            return found if found is not None and start <= found <= end else None
    raise ValueError(f"{rule.kind} names no day of a month")


def _count(day: date, nth: int, calendar: Calendar) -> date | None:
    """The n-th business day after a day, or before it; None across a month without any."""
    found: date | None = day
    for _ in range(abs(nth)):
        if found is None:
            return None
        found = calendar.business_day_after(found) if nth > 0 else calendar.business_day_before(found)
    return found


def _target(rule: Rule, day: date, calendar: Calendar) -> date | None:
    """The day on which it runs instead of a named one, mostly itself; None when it is left out."""
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
    """No day named from `day` on runs before this one."""
    if not rule.heeds_holidays or rule.on_holiday != OnHoliday.BEFORE:
        return day
    return calendar.business_day_before(day + ONE_DAY) or day - timedelta(days=FARTHEST)


def _look_back(rule: Rule, first: date, calendar: Calendar) -> date:
    """The first named day that can run on `first` or later."""
    if not rule.heeds_holidays or rule.on_holiday != OnHoliday.AFTER:
        return first
    return (calendar.business_day_before(first) or first - timedelta(days=FARTHEST + 1)) + ONE_DAY


def _ripe(waiting: list[tuple[date, date, bool]], before: date, first: date) -> Iterator[RunDay]:
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
