"""Whether the calls of what is due fit into a budget of one call every three seconds."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from exports.schedules.rules.load import PATIENCE, Due, Move, Tight, find_tight_times, spread

AT = datetime(2026, 12, 1, 7, tzinfo=UTC)
SERVICE = 3.0
MINUTE = timedelta(minutes=1)


def due(number: int, calls: int = 2, at: datetime = AT) -> list[Due]:
    return [Due(at, f"S{each:03}", calls) for each in range(number)]


def test_calls_of_ten_minutes_are_not_tight() -> None:
    assert find_tight_times(due(100), SERVICE) == []


def test_last_of_too_many_waits_for_all_calls_before_it() -> None:
    assert find_tight_times(due(101), SERVICE) == [Tight(tuple(due(101)), timedelta(seconds=606))]


def test_separate_peaks_are_reported_separately() -> None:
    evening = AT + timedelta(hours=10)

    found = find_tight_times([*due(120), *due(50, at=AT + MINUTE * 5), *due(150, at=evening)], SERVICE)

    assert [(each.at, len(each.due), each.calls) for each in found] == [(AT, 170, 340), (evening, 150, 300)]


def test_spread_leaves_the_first_and_moves_the_others_by_steps() -> None:
    (tight,) = find_tight_times(due(250), SERVICE)

    assert spread(tight, SERVICE) == [
        Move(MINUTE * 10, tuple(f"S{each:03}" for each in range(100, 200))),
        Move(MINUTE * 20, tuple(f"S{each:03}" for each in range(200, 250))),
    ]


def test_spread_lets_those_stay_who_are_due_later_anyway() -> None:
    later = [Due(AT + MINUTE * 10, f"L{each}", 2) for each in range(60)]
    (tight,) = find_tight_times([*due(150), *later], SERVICE)

    assert spread(tight, SERVICE) == [
        Move(MINUTE * 10, tuple(f"S{each:03}" for each in range(100, 140))),
        Move(MINUTE * 20, tuple(f"S{each:03}" for each in range(140, 150))),
    ]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 5)), min_size=1, max_size=400))
@settings(deadline=None, max_examples=50)
def test_spread_runs_fit_into_every_step(asked: list[tuple[int, int]]) -> None:
    runs = [Due(AT + MINUTE * minute, f"{number}", calls) for number, (minute, calls) in enumerate(asked)]
    for tight in find_tight_times(runs, SERVICE):
        moved_by = {name: move.by for move in spread(tight, SERVICE) for name in move.schedules}
        per_step: dict[int, int] = {}
        for each in tight.due:
            step = (each.at + moved_by.get(each.schedule, timedelta()) - tight.at) // PATIENCE
            per_step[step] = per_step.get(step, 0) + each.calls

        assert max(per_step.values()) <= PATIENCE.total_seconds() / SERVICE
