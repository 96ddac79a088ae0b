"""What is said of a cron line is what it does: its words are read back, and compared with its days."""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exports.schedules.rules import cron_lines
from exports.schedules.rules.cron_words import MONTHS, describe
from exports.schedules.rules.occurrences import between
from exports.schedules.rules.rule import Rule, RuleKind
from exports.schedules.rules.working_days import Calendar

WEEK = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
NTH = ["first", "second", "third", "fourth", "fifth"]
NAMES = "|".join(WEEK)
DAYS = [date(2027, 1, 1) + timedelta(days=number) for number in range(2 * 365 + 60)]  # with a 29 February


# ------------------------------------------------------------ reading the words back


def span(first: str, last: str | None, names: list[str]) -> set[int]:
    return set(range(names.index(first), names.index(last or first) + 1))


def is_weekday(words: str) -> Callable[[date], bool]:
    plain: set[int] = set()
    counted: list[tuple[str, int]] = []
    for nth, first, last in re.findall(rf"(?:({'|'.join(NTH)}|last) )?({NAMES})(?: to ({NAMES}))?", words):
        if nth:
            counted.append((nth, WEEK.index(first)))
        else:
            plain |= span(first, last or None, WEEK)

    def fits(day: date) -> bool:
        place = {NTH[(day.day - 1) // 7]} | ({"last"} if day.day > monthrange(day.year, day.month)[1] - 7 else set())
        return day.weekday() in plain or any(nth in place and day.weekday() == week for nth, week in counted)

    return fits


def is_day_of_month(words: str) -> Callable[[date], bool]:
    numbers: set[int] = set()
    rest = words.replace("last day from Monday to Friday", "LW").replace("last day", "L")
    for first, last in re.findall(r"(\d+)(?:st|nd|rd|th)(?: to (\d+)(?:st|nd|rd|th))?", rest):
        numbers |= set(range(int(first), int(last or first) + 1))

    def fits(day: date) -> bool:
        end = date(day.year, day.month, monthrange(day.year, day.month)[1])
        work_end = end - timedelta(days=max(0, end.weekday() - 4))
        names = rest.split()
        last = any(name.strip(",") == "L" for name in names) and day == end
        return day.day in numbers or last or (any(name.strip(",") == "LW" for name in names) and day == work_end)

    return fits


def is_day(words: str) -> Callable[[date], bool]:
    if words == "every day":
        return lambda day: True
    if both := re.fullmatch(r"on each day that is (.+) and also the (.+) of the month", words):
        week, days = is_weekday(both[1]), is_day_of_month(both[2])
        return lambda day: week(day) and days(day)
    if either := re.fullmatch(r"on the (.+) of the month, and also on (.+)", words):
        week, days = is_weekday(either[2]), is_day_of_month(either[1])
        return lambda day: week(day) or days(day)
    if re.search(r"\dth|\dst|\dnd|\drd|last day", words):
        return is_day_of_month(words)
    return is_weekday(words)


def months_in(words: str) -> set[int]:
    found: set[int] = set()
    for first, last in re.findall(rf"({'|'.join(MONTHS)})(?: to ({'|'.join(MONTHS)}))?", words):
        found |= {number + 1 for number in span(first, last or None, list(MONTHS))}
    return found


def times_in(words: str) -> set[str]:
    if hours := re.fullmatch(r"Every hour from (\d\d):(\d\d) to (\d\d):\d\d", words):
        return {f"{hour:02}:{hours[2]}" for hour in range(int(hours[1]), int(hours[3]) + 1)}
    return set(re.findall(r"\d\d:\d\d", words))


# ------------------------------------------------------------ lines


def numbers(first: int, last: int) -> st.SearchStrategy[str]:
    number = st.integers(first, last)
    pair = st.tuples(number, number).map(sorted)
    return st.one_of(
        st.just("*"),
        number.map(str),
        st.lists(number.map(str), min_size=2, max_size=4).map(",".join),
        pair.map(lambda ends: f"{ends[0]}-{ends[1]}"),
        st.integers(2, 5).map(lambda step: f"*/{step}"),
        st.tuples(pair, st.integers(2, 4)).map(lambda given: f"{given[0][0]}-{given[0][1]}/{given[1]}"),
    )


lines = st.tuples(
    st.sampled_from(["0", "30", "0,30"]),
    st.sampled_from(["8", "7,18", "8-17", "6-9/2"]),
    numbers(1, 31) | st.sampled_from(["L", "LW", "1,L", "28-31,LW"]),
    numbers(1, 12),
    numbers(0, 7) | st.sampled_from(["MON-FRI", "5L", "1#1", "2#5,0L", "1,3#2"]),
).map(" ".join)


@given(lines)
@settings(max_examples=300, deadline=None)
def test_words_read_back_are_the_days_and_times_of_the_line(line: str) -> None:
    assume(not cron_lines.problem(line, 24))
    rule = Rule(RuleKind.CRON, cron=line)
    start, end = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (DAYS[0], DAYS[-1]))

    first, *clauses = describe(line).split("; ")
    times, _, days = (
        first.partition(", ") if first.startswith("Every") else re.split(r"(, )(?=on |every)", first, maxsplit=1)
    )
    only = next((months_in(clause) for clause in clauses if clause.startswith("only in ")), set(range(1, 13)))
    expected = {f"{day} {at}" for day in DAYS[:-1] if day.month in only and is_day(days)(day) for at in times_in(times)}

    came = between(rule, start - timedelta(minutes=1), end - timedelta(minutes=1), Calendar())
    assert {f"{at:%Y-%m-%d %H:%M}" for at in came} == expected


@given(lines)
@settings(max_examples=100, deadline=None)
def test_months_that_a_line_leaves_out_are_named(line: str) -> None:
    assume(not cron_lines.problem(line, 24))
    years = range(2001, 2029)
    comes = {
        month: [
            any(cron_lines.runs_on(line, date(year, month, day + 1)) for day in range(monthrange(year, month)[1]))
            for year in years
        ]
        for month in range(1, 13)
    }
    words = describe(line)

    only = months_in(words.partition("; only in ")[2].partition(";")[0]) or set(range(1, 13))
    never = months_in(words.partition("; never in ")[2].partition(";")[0])

    assert only - never == {month for month, years in comes.items() if any(years)}
    assert ("not in every" in words) == any(any(years) and not all(years) for years in comes.values())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 8 1-7 * 1", "At 08:00, on the 1st to 7th of the month, and also on every Monday"),
        ("0 8 */2 * 1#1", "At 08:00, on each day that is the first Monday of the month and also the 1st, 3rd, 5th, "
         "7th, 9th, 11th, 13th, 15th, 17th, 19th, 21st, 23rd, 25th, 27th, 29th or 31st of the month; "
         "not in every month"),
        ("0 8-17 * * 6,0", "Every hour from 08:00 to 17:00, on every Saturday and every Sunday"),
        ("0 8 31 * *", "At 08:00, on the 31st of the month; never in February, April, June, September and November, "
         "without such a day"),
        ("0 8 29 2 *", "At 08:00, on the 29th of the month; only in February; not in every year"),
        ("0 8 29 * *", "At 08:00, on the 29th of the month; in February not in every year"),
        ("0 8 * * 5L", "At 08:00, on the last Friday of the month"),
        ("0 8 15 */3 *", "At 08:00, on the 15th of the month; only in January, April, July and October"),
        ("0 8 1-31 * 1", "At 08:00, every day"),
        ("0 8 30 2 1", "At 08:00, on the 30th of the month, and also on every Monday; only in February"),
    ],
)  # fmt: skip
def test_line_in_words(line: str, words: str) -> None:
    assert (cron_lines.problem(line, 24), describe(line)) == ("", words)


@pytest.mark.parametrize("line", ["0 8 30 2 *", "0 8 31 4 *", "0 8 31 2,4,6,9,11 *", "0 8 30-31 2 */1"])
def test_line_that_never_comes_is_refused_and_says_so(line: str) -> None:
    assert cron_lines.problem(line, 24) == cron_lines.NEVER


@pytest.mark.parametrize("line", ["0 8 32 2 *", "0 8 x 2 *", "0 8 30 13 *"])
def test_line_that_cannot_be_read_is_not_told_to_never_come(line: str) -> None:
    assert "cannot be read" in cron_lines.problem(line, 24)
