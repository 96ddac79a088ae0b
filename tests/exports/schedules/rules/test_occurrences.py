"""When a rule is due: a table of dates, and what holds for every rule in every zone and year."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, available_timezones

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from exports.schedules.rules.occurrences import FreezeDays, between, coming, freeze_on, next_occurrence, occurrences
from exports.schedules.rules.rule import OnHoliday, Rule, RuleKind
from exports.schedules.rules.working_days import Calendar

BERLIN = Calendar("DE-BE")
PLAIN = Calendar()
MORNING = (time(7, 30),)


def rule(kind: RuleKind = RuleKind.DAILY, at: str = "07:30", zone: str = "Europe/Berlin", **more: object) -> Rule:
    return Rule(kind, tuple(time.fromisoformat(each) for each in at.split()), zone, **more)  # type: ignore[arg-type]


def local(rule: Rule, after: str, count: int, calendar: Calendar = BERLIN) -> list[str]:
    """The next occurrences after a time on the rule's own wall, as its people read them."""
    zone = ZoneInfo(rule.zone)
    start = datetime.fromisoformat(after).replace(tzinfo=zone)
    return [f"{each.at.astimezone(zone):%a %Y-%m-%d %H:%M}" for each in occurrences(rule, start, calendar, count)]


# ------------------------------------------------------------ the table

WEEKDAYS = (0, 1, 2, 3, 4)
BEFORE, AFTER, SKIP = OnHoliday.BEFORE, OnHoliday.AFTER, OnHoliday.SKIP
TABLE = [
    # daily and weekly: only holidays matter
    (rule(), "2026-12-24 07:30", ["Fri 2026-12-25 07:30", "Sat 2026-12-26 07:30"]),
    (rule(at="18:00 07:30"), "2026-11-22 07:30", ["Sun 2026-11-22 18:00", "Mon 2026-11-23 07:30"]),
    (rule(on_holiday=SKIP), "2026-12-24 08:00", ["Sun 2026-12-27 07:30", "Mon 2026-12-28 07:30"]),
    (rule(on_holiday=AFTER), "2026-12-24 08:00", ["Sun 2026-12-27 07:30", "Mon 2026-12-28 07:30"]),
    (
        rule(RuleKind.WEEKLY, weekdays=(0, 3)),
        "2026-11-22 12:00",
        ["Mon 2026-11-23 07:30", "Thu 2026-11-26 07:30", "Mon 2026-11-30 07:30"],
    ),
    # a Friday that is a holiday, before and after
    (
        rule(RuleKind.WEEKLY, weekdays=(4,), on_holiday=BEFORE),
        "2026-12-20 12:00",
        ["Thu 2026-12-24 07:30", "Thu 2026-12-31 07:30", "Fri 2027-01-08 07:30"],
    ),
    (
        rule(RuleKind.WEEKLY, weekdays=(4,), on_holiday=AFTER),
        "2026-12-20 12:00",
        ["Mon 2026-12-28 07:30", "Mon 2027-01-04 07:30", "Fri 2027-01-08 07:30"],
    ),
    # dates move from weekends too
    (
        rule(RuleKind.MONTHLY_DAY, day=15, on_holiday=AFTER),
        "2026-11-01 00:00",
        ["Mon 2026-11-16 07:30", "Tue 2026-12-15 07:30", "Fri 2027-01-15 07:30"],
    ),
    (
        rule(RuleKind.MONTHLY_DAY, day=31),
        "2027-01-31 07:30",
        ["Sun 2027-02-28 07:30", "Wed 2027-03-31 07:30", "Fri 2027-04-30 07:30"],
    ),
    (rule(RuleKind.MONTHLY_DAY, day=31), "2028-02-01 00:00", ["Tue 2028-02-29 07:30"]),
    (
        rule(RuleKind.MONTHLY_LAST_DAY, on_holiday=BEFORE),
        "2027-01-01 00:00",
        ["Fri 2027-01-29 07:30", "Fri 2027-02-26 07:30", "Wed 2027-03-31 07:30"],
    ),
    # moved over a month's end, and found from there
    (rule(RuleKind.MONTHLY_LAST_DAY, on_holiday=AFTER), "2027-02-01 07:29", ["Mon 2027-02-01 07:30"]),
    (rule(RuleKind.MONTHLY_LAST_DAY, on_holiday=AFTER), "2027-02-01 07:30", ["Mon 2027-03-01 07:30"]),
    # business days: 1 January is a holiday, 4 January a Monday
    (
        rule(RuleKind.BUSINESS_DAY, nth=2),
        "2026-12-31 00:00",
        ["Tue 2027-01-05 07:30", "Tue 2027-02-02 07:30", "Tue 2027-03-02 07:30"],
    ),
    (rule(RuleKind.BUSINESS_DAY, nth=-1), "2026-12-01 00:00", ["Thu 2026-12-31 07:30", "Fri 2027-01-29 07:30"]),
    (rule(RuleKind.BUSINESS_DAY, nth=-2), "2026-12-01 00:00", ["Wed 2026-12-30 07:30"]),
    (rule(RuleKind.AFTER_MONTH_END, nth=3), "2026-12-15 00:00", ["Wed 2027-01-06 07:30", "Wed 2027-02-03 07:30"]),
    (
        rule(RuleKind.QUARTER_END),
        "2026-11-22 00:00",
        ["Thu 2026-12-31 07:30", "Wed 2027-03-31 07:30", "Wed 2027-06-30 07:30", "Thu 2027-09-30 07:30"],
    ),
    # cron
    (rule(RuleKind.CRON, cron="15 6,18 1 * *"), "2026-11-22 00:00", ["Tue 2026-12-01 06:15", "Tue 2026-12-01 18:15"]),
    (rule(RuleKind.CRON, cron="0 7 29 2 *"), "2096-03-01 00:00", ["Fri 2104-02-29 07:00"]),
    (rule(RuleKind.CRON, cron="0 7 * * 5", on_holiday=AFTER), "2026-12-20 00:00", ["Mon 2026-12-28 07:00"]),
    # bounds
    (
        rule(starts_on=date(2027, 3, 1), ends_on=date(2027, 3, 2)),
        "2026-11-22 00:00",
        ["Mon 2027-03-01 07:30", "Tue 2027-03-02 07:30"],
    ),
    (rule(RuleKind.MONTHLY_LAST_DAY, on_holiday=AFTER, ends_on=date(2027, 1, 31)), "2027-01-01 00:00", []),
    (
        rule(RuleKind.WEEKLY, weekdays=(4,), on_holiday=BEFORE, starts_on=date(2026, 12, 25)),
        "2026-12-01 00:00",
        ["Thu 2026-12-31 07:30"],
    ),
    # spring: 02:30 does not exist on 28 March 2027; autumn: it comes twice on 31 October
    (rule(at="02:30"), "2027-03-27 12:00", ["Sun 2027-03-28 03:00", "Mon 2027-03-29 02:30"]),
    (rule(at="02:30"), "2027-10-30 12:00", ["Sun 2027-10-31 02:30", "Mon 2027-11-01 02:30"]),
    (rule(at="02:15 02:30 03:00"), "2027-03-27 12:00", ["Sun 2027-03-28 03:00", "Mon 2027-03-29 02:15"]),
    (rule(RuleKind.CRON, cron="30 2 * * *"), "2027-03-27 12:00", ["Sun 2027-03-28 03:00"]),
    # half an hour in Lord Howe, and a day that Apia left out
    (rule(at="02:15", zone="Australia/Lord_Howe"), "2026-10-03 12:00", ["Sun 2026-10-04 02:30"]),
    (rule(zone="Pacific/Apia"), "2011-12-29 12:00", ["Sat 2011-12-31 07:30", "Sun 2012-01-01 07:30"]),
]


@pytest.mark.parametrize(
    ("rule", "after", "expected"), TABLE, ids=[f"{number}-{each[0].kind.value}" for number, each in enumerate(TABLE)]
)
def test_table_of_dates(rule: Rule, after: str, expected: list[str]) -> None:
    assert local(rule, after, max(len(expected), 1)) == expected


def test_time_that_comes_twice_runs_the_first_time() -> None:
    found = next_occurrence(rule(at="02:30"), datetime(2027, 10, 30, 12, tzinfo=UTC), PLAIN)

    assert found == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)  # still summer time


def test_rule_without_days_has_no_next_occurrence() -> None:
    worked_off = Calendar(own={date(2027, 1, day): ("Closed", True) for day in range(1, 32)})
    ended = rule(ends_on=date(2026, 1, 1))
    skipped = rule(on_holiday=SKIP, starts_on=date(2027, 1, 1), ends_on=date(2027, 1, 31))
    now = datetime(2026, 12, 1, tzinfo=UTC)

    assert [next_occurrence(each, now, worked_off) for each in (ended, skipped)] == [None, None]


def test_own_day_off_and_a_holiday_that_is_worked() -> None:
    own = Calendar("DE-BE", {date(2026, 12, 25): ("Christmas", False), date(2026, 12, 28): ("Stock", True)})

    assert local(rule(RuleKind.WEEKLY, weekdays=(0, 4), on_holiday=SKIP), "2026-12-24 12:00", 2, own) == [
        "Fri 2026-12-25 07:30",
        "Mon 2027-01-04 07:30",
    ]


def test_weekend_is_the_countrys_own() -> None:
    friday, sunday = date(2026, 11, 20), date(2026, 11, 22)

    assert [Calendar("IL").is_business_day(day) for day in (friday, sunday)] == [False, True]
    assert [Calendar("DE").is_business_day(day) for day in (friday, sunday)] == [True, False]


def test_sunday_moved_before_runs_before_its_saturday() -> None:
    sunday_off = Calendar(own={date(2026, 11, 22): ("Fair", True)})

    found = local(rule(RuleKind.WEEKLY, weekdays=(5, 6), on_holiday=BEFORE), "2026-11-19 00:00", 3, sunday_off)

    assert found == ["Fri 2026-11-20 07:30", "Sat 2026-11-21 07:30", "Sat 2026-11-28 07:30"]


# ------------------------------------------------------------ what is said of them


def notes(rule: Rule, after: datetime, calendar: Calendar = BERLIN) -> tuple[str, ...]:
    return occurrences(rule, after, calendar, 1)[0].notes


def test_notes_tell_of_clock_changes() -> None:
    assert notes(rule(at="02:30"), datetime(2027, 3, 27, 12, tzinfo=UTC)) == (
        "The clocks change on this day: 02:30 does not exist, so it runs at 03:00.",
    )
    assert notes(rule(at="02:30"), datetime(2027, 10, 30, 12, tzinfo=UTC)) == (
        "The clocks change on this day: 02:30 comes twice, and it runs the first time.",
    )


def test_notes_tell_of_moves_and_of_days_left_out() -> None:
    moved = rule(RuleKind.WEEKLY, weekdays=(4,), on_holiday=AFTER)
    left_out = rule(RuleKind.WEEKLY, weekdays=(4,), on_holiday=SKIP)
    before_christmas = datetime(2026, 12, 20, tzinfo=UTC)

    assert notes(moved, before_christmas) == ("Moved from 25 December 2026 (Christmas Day).",)
    assert notes(left_out, before_christmas) == (
        "Left out before it: 25 December 2026 (Christmas Day); 1 January 2027 (New Year's Day).",
    )
    assert notes(rule(RuleKind.MONTHLY_DAY, day=15, on_holiday=AFTER), datetime(2026, 11, 1, tzinfo=UTC)) == (
        "Moved from 15 November 2026 (a weekend).",
    )


def test_freeze_marks_an_occurrence_and_moves_none() -> None:
    freeze = FreezeDays(date(2026, 12, 30), date(2026, 12, 31), "Year's close")
    after = datetime(2026, 12, 29, 12, tzinfo=UTC)

    found = occurrences(rule(), after, PLAIN, 3, [freeze])

    assert [each.is_frozen for each in found] == [True, True, False]
    assert found[0].notes == ("Frozen: Year's close. Nothing runs on this day.",)
    assert [freeze_on(rule(), each.at, [freeze]) for each in found] == [freeze, freeze, None]


# ------------------------------------------------------------ what holds always

ZONES = sorted(zone for zone in available_timezones() if not zone.startswith(("right", "posix", "Factory")))
ODD = ["Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "America/St_Johns", "Asia/Beirut",
       "America/Havana", "America/Nuuk", "Africa/Casablanca", "Antarctica/Troll", "Pacific/Kwajalein"]  # fmt: skip
zones = st.sampled_from(ODD) | st.sampled_from(ZONES)
times = st.times(max_value=time(23, 59)).map(lambda each: each.replace(second=0, microsecond=0))
days = st.dates(date(1971, 1, 2), date(2060, 1, 1))
own_days = st.dictionaries(
    st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.tuples(st.just("Own"), st.booleans()), max_size=40
)
calendars = st.builds(Calendar, st.sampled_from(["", "DE-BE", "US", "IL", "JP"]), own_days)
rules = st.builds(
    Rule,
    kind=st.sampled_from(RuleKind),
    times=st.lists(times, min_size=1, max_size=4).map(tuple),
    zone=zones,
    starts_on=st.none() | st.dates(date(2026, 1, 1), date(2027, 6, 1)),
    ends_on=st.none() | st.dates(date(2027, 6, 1), date(2028, 1, 1)),
    on_holiday=st.sampled_from(OnHoliday),
    weekdays=st.sets(st.integers(0, 6), min_size=1).map(lambda each: tuple(sorted(each))),
    day=st.integers(1, 31),
    nth=st.integers(1, 15),
    cron=st.sampled_from(["30 7 * * 1-5", "0 2,3 L * *", "15 */6 1,15 * MON", "0 0 LW * *", "0 9 * * MON#2"]),
)
moments = st.integers(0, 700 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@given(zone=zones, at=times, start=days)
@settings(deadline=None)
def test_daily_runs_exactly_once_on_every_day_that_there_is(zone: str, at: time, start: date) -> None:
    there = ZoneInfo(zone)
    after = datetime(start.year, start.month, start.day, 12, tzinfo=UTC)
    end = after + timedelta(days=400)

    found = between(Rule(RuleKind.DAILY, (at,), zone), after, end, PLAIN)

    on = [each.astimezone(there).date() for each in found]
    hours = {(after + timedelta(hours=hour)).astimezone(there).date() for hour in range(400 * 24 + 1)}
    assert (sorted(set(on)), found) == (on, sorted(set(found)))
    # The first and the last day are only there in part.
    assert sorted(hours)[1:-1] == [day for day in on if sorted(hours)[0] < day < sorted(hours)[-1]]


@given(rule=rules, after=moments, calendar=calendars)
@settings(deadline=None)
def test_each_occurrence_is_the_next_of_the_one_before(rule: Rule, after: datetime, calendar: Calendar) -> None:
    found = occurrences(rule, after, calendar, 5)

    at = [each.at for each in found]
    assert at == sorted(set(at))
    assert all(each > after for each in at)
    assert at == [next_occurrence(rule, each, calendar) for each in [after, *at]][: len(at)]
    if at:
        assert between(rule, after, at[-1], calendar) == at


@given(rule=rules, after=moments, calendar=calendars)
@settings(deadline=None)
def test_bounds_hold_and_moves_end_on_business_days(rule: Rule, after: datetime, calendar: Calendar) -> None:
    there = ZoneInfo(rule.zone)
    for each in islice(coming(rule, after, calendar), 5):
        day = each.at.astimezone(there).date()

        assert (rule.starts_on or day) <= day <= (rule.ends_on or day)
        if rule.kind in {RuleKind.BUSINESS_DAY, RuleKind.AFTER_MONTH_END} or "Moved" in " ".join(each.notes):
            assert calendar.is_business_day(day)
        if rule.heeds_holidays:
            assert calendar.off(day) is None


@given(rule=rules)
def test_rule_comes_back_from_its_json(rule: Rule) -> None:
    assert Rule.from_json(rule.to_json()) == rule


@given(
    line=st.sampled_from(["0 * * * *", "*/30 6 * * 1-5", "5 4 1-7 * 1", "0 0 L 2 *", "0 12 * * 5L", "0 8 15W * *"]),
    after=moments,
)
@settings(max_examples=30, deadline=None)
def test_cron_lines_fall_where_cronsim_says(line: str, after: datetime) -> None:
    rule = Rule(RuleKind.CRON, cron=line, zone="UTC")
    if rule.problems():
        return

    assert [each.at for each in occurrences(rule, after, PLAIN, 30)] == list(islice(CronSim(line, after), 30))
