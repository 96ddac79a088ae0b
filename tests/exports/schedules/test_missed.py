"""Which due times run and which are skipped, as a pure function."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from exports.schedules.missed import Planned, plan
from exports.schedules.rules.occurrences import FreezeDays

NOON = datetime(2026, 11, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
YEAR_END = FreezeDays(date(2026, 11, 4), date(2026, 11, 5), "Year end")


def planned(*due: datetime, now: datetime = NOON, **fields: Any) -> list[Planned]:
    options: dict[str, Any] = {
        "late_after": timedelta(minutes=15),
        "free_since": None,
        "skip_missed": False,
        "freeze_on": lambda at: None,
        "zone": ZoneInfo("Europe/Berlin"),
    }
    return plan(due, now=now, **options | fields)


def test_start_in_time_has_no_note() -> None:
    assert planned(NOON - timedelta(minutes=15)) == [Planned(NOON - timedelta(minutes=15), True)]


def test_missed_time_runs_late_with_a_note() -> None:
    due = NOON - 3 * HOUR

    assert planned(due) == [
        Planned(
            due,
            True,
            1,
            "It was due on 4 November 2026 at 10:00 and started 3 hours late: the portal could not start it in time.",
        )
    ]


def test_several_missed_are_one_run_for_the_last() -> None:
    due = [NOON - 3 * HOUR, NOON - 2 * HOUR, NOON - HOUR]

    assert planned(*due) == [
        Planned(
            NOON - HOUR,
            True,
            3,
            "This run stands for 3 due times, from 4 November 2026 at 10:00 to 4 November 2026 at 12:00: "
            "the portal could not start them in time.",
        )
    ]


def test_missed_time_is_skipped_if_the_schedule_says_so() -> None:
    assert planned(NOON - 2 * HOUR, NOON - HOUR, skip_missed=True) == [
        Planned(
            NOON - HOUR,
            False,
            2,
            "Nothing ran at 2 due times, from 4 November 2026 at 11:00 to 4 November 2026 at 12:00: "
            "the portal could not start it in time, and this schedule skips what was missed.",
        )
    ]


def test_punctual_time_runs_when_missed_ones_are_skipped() -> None:
    found = planned(NOON - HOUR, NOON, skip_missed=True)

    assert [(each.due_at, each.runs, each.covers) for each in found] == [(NOON - HOUR, False, 1), (NOON, True, 1)]


def test_time_that_waited_for_the_previous_run_is_not_missed() -> None:
    due = [NOON - 3 * HOUR, NOON - 2 * HOUR]

    assert planned(*due, free_since=NOON - timedelta(minutes=1), skip_missed=True) == [
        Planned(
            NOON - 2 * HOUR,
            True,
            2,
            "This run stands for 2 due times, from 4 November 2026 at 10:00 to 4 November 2026 at 11:00: "
            "the run before it had not come to its end.",
        )
    ]


def test_nothing_runs_in_a_freeze() -> None:
    assert planned(NOON, freeze_on=lambda at: YEAR_END) == [
        Planned(NOON, False, 1, "Nothing ran: 4 November 2026 to 5 November 2026 is a freeze (Year end).")
    ]


def test_time_missed_before_a_freeze_still_runs() -> None:
    due = [NOON - 24 * HOUR, NOON]

    found = planned(*due, freeze_on=lambda at: YEAR_END if at == NOON else None)

    assert [(each.due_at, each.runs, each.covers) for each in found] == [(due[0], True, 1), (NOON, False, 1)]


def test_nothing_due_is_nothing_planned() -> None:
    assert planned() == []
