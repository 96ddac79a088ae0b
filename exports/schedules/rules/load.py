"""Whether the calls of what is due fit into a call budget, and what to move where they do not."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

# So long a wait is what the budget's line is for; after it people wonder where their file is.
PATIENCE = timedelta(minutes=10)


class Due(NamedTuple):
    """A run that is due, by its schedule's name, and the calls it makes."""

    at: datetime
    schedule: str
    calls: int


class Tight(NamedTuple):
    """Runs one upon the other, the last of which waits at least `wait` for the others' calls."""

    due: tuple[Due, ...]
    wait: timedelta

    @property
    def at(self) -> datetime:
        return self.due[0].at

    @property
    def calls(self) -> int:
        return sum(each.calls for each in self.due)


class Move(NamedTuple):
    """These schedules are to come so much later."""

    by: timedelta
    schedules: tuple[str, ...]


def tight_times(due: Iterable[Due], service: float) -> list[Tight]:
    """Where somebody waits longer than patience allows. `service` is the seconds of the budget that one call takes."""
    found: list[Tight] = []
    row: list[Due] = []
    longest, free_at = timedelta(), None
    for each in sorted(due):
        if free_at is None or each.at >= free_at:
            found += [Tight(tuple(row), longest)] if longest > PATIENCE else []
            row, longest, free_at = [], timedelta(), each.at
        row.append(each)
        free_at += timedelta(seconds=each.calls * service)
        longest = max(longest, free_at - each.at)
    return found + ([Tight(tuple(row), longest)] if longest > PATIENCE else [])


def spread(tight: Tight, service: float) -> list[Move]:
    """What to move, in steps of the patience, so that no step is given more calls than fit into it.

    Who is due in a step stays there while there is room; the others go to the first later one that has some left.
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
