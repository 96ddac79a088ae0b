"""Time to compute a schedule's next occurrence, for each kind of rule.

    python -m benchmarks.schedules              2,000 times each, with holidays of Berlin, moved to the day after
    python -m benchmarks.schedules --times 200

One process, no database. The last line is the calendar page's work: four weeks of 500 schedules, with notes.
"""

import argparse
import statistics
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as of_day
from itertools import takewhile

from exports.schedules.rules.load import Due, find_tight_times, spread
from exports.schedules.rules.occurrences import coming, next_occurrence
from exports.schedules.rules.rule import OnHoliday, Rule, RuleKind
from exports.schedules.rules.working_days import Calendar

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
CALENDAR = Calendar("DE-BE", {date(2026, 12, 24): ("Christmas Eve", True)})


def rule_of(kind: RuleKind) -> Rule:
    return Rule(
        kind, (of_day(7, 30),), "Europe/Berlin", on_holiday=OnHoliday.AFTER, weekdays=(0, 3), day=15, nth=2,
        cron="30 7 * * 1-5",
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=2000)
    repeat = parser.parse_args().times
    print(f"{'rule':18} {'median':>9} {'99 %':>9} {'worst':>9}   microseconds")
    for kind in RuleKind:
        rule, times = rule_of(kind), []
        next_occurrence(rule, NOW, CALENDAR)
        for number in range(repeat):
            begin = time.perf_counter()
            next_occurrence(rule, NOW + timedelta(hours=number), CALENDAR)
            times.append((time.perf_counter() - begin) * 1e6)
        times.sort()
        print(f"{kind:18} {statistics.median(times):9.1f} {times[int(len(times) * 0.99)]:9.1f} {times[-1]:9.1f}")

    end = NOW + timedelta(days=28)
    begin = time.perf_counter()
    due = [
        Due(occurrence.at, str(number), 2)
        for number in range(500)
        for occurrence in takewhile(
            lambda occurrence: occurrence.at < end, coming(rule_of(RuleKind.DAILY), NOW, CALENDAR)
        )
    ]
    planned = time.perf_counter()
    tight = find_tight_times(due, 3.0)
    moves = [spread(tight_time, 3.0) for tight_time in tight]
    print(
        f"500 daily schedules, 28 days: {len(due)} occurrences in {(planned - begin) * 1000:.0f} ms, "
        f"{len(tight)} tight times and {len(moves)} proposals in {(time.perf_counter() - planned) * 1000:.0f} ms"
    )


if __name__ == "__main__":
    main()
