"""Whether the calls of due runs fit into a call budget, and what to move if they do not."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

# A wait in the queue that people accept without asking where their file is.
PATIENCE = timedelta(minutes=10)


class Due(NamedTuple):
    """A run that is due, by its schedule's name, and the calls it makes."""

    at: datetime
    schedule: str
    calls: int


class Tight(NamedTuple):
    """Consecutive runs that keep the budget busy, so that one of them waits `wait`."""

    due: tuple[Due, ...]
    wait: timedelta

    @property
    def at(self) -> datetime:
        return self.due[0].at

    @property
    def calls(self) -> int:
        return sum(due.calls for due in self.due)


class Move(NamedTuple):
    """Start these schedules later by this much."""

    by: timedelta
    schedules: tuple[str, ...]


def find_tight_times(due: Iterable[Due], service: float) -> list[Tight]:
    """Where a run waits longer than PATIENCE. `service` is how many seconds of the budget one call takes."""
    tight: list[Tight] = []
    row: list[Due] = []
    longest, free_at = timedelta(), None
    for run in sorted(due):
        if free_at is None or run.at >= free_at:
            tight += [Tight(tuple(row), longest)] if longest > PATIENCE else []
            row, longest, free_at = [], timedelta(), run.at
        row.append(run)
        free_at += timedelta(seconds=run.calls * service)
        longest = max(longest, free_at - run.at)
    return tight + ([Tight(tuple(row), longest)] if longest > PATIENCE else [])


def spread(tight: Tight, service: float) -> list[Move]:
    """Moves, in steps of PATIENCE, so that no step gets more calls than fit into it.

    Runs keep their step while it has room; the others go to the first later step that has some.
    """
    room = max(int(PATIENCE.total_seconds() // service), 1)
    steps: dict[int, list[Due]] = {}
    for each in tight.due:
        steps.setdefault((each.at - tight.at) // PATIENCE, []).append(each)
    late: list[tuple[int, Due]] = []
    moves: dict[int, set[str]] = {}
    step = 0
    while late or any(later >= step for later in steps):
        left, waiting, late = room, [(step, each) for each in steps.get(step, [])] + late, []
        for origin, each in waiting:
            # A run that needs more than there ever is gets a step of its own.
            if each.calls <= left or left == room:
                left -= each.calls
                if origin != step:
                    moves.setdefault(step - origin, set()).add(each.schedule)
            else:
                late.append((origin, each))
        step += 1
    return [Move(steps_on * PATIENCE, tuple(sorted(moves[steps_on]))) for steps_on in sorted(moves)]
