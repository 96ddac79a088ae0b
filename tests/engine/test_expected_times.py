"""What the pages say about waiting, held against what then happens to 40 runs in one line, by a clock to set."""

import heapq
import itertools
from collections.abc import Callable

import pytest

from accounts.models import User
from exports.models import Run, SavedExport
from exports.runs import actions as runs
from exports.runs import queue
from exports.runs.queue import Wake
from sandbox.app import Sandbox
from sandbox.choices import Choices
from sandbox.faults import Fault
from tests.expensify.budget.office import Clock

RUNS, CALLS = 40, 80
# How long a call takes.
SECONDS = 0.2


class Worker:
    """One worker process and its alarms, in virtual time: real rows, the real line, real calls."""

    def __init__(self, key: str, clock: Clock) -> None:
        self._key, self._clock = key, clock
        self._alarms: list[tuple[float, int, str]] = []
        self._numbers = itertools.count()
        self.began_at: dict[int, float] = {}
        """When each run made its first call."""

    def hear(self, *wakes: Wake | None) -> None:
        for wake in wakes:
            if wake is not None:
                at = wake.due_at.timestamp() if wake.due_at else self._clock.now
                heapq.heappush(self._alarms, (at, next(self._numbers), wake.token))

    def work(self, while_true: Callable[[], bool]) -> None:
        while while_true():
            at, _, token = heapq.heappop(self._alarms)
            self._clock.set(max(self._clock.now, at))
            turn, wake = queue.take(self._key, token)
            self.hear(wake)
            if turn is not None:
                self.began_at.setdefault(int(turn.ticket.removeprefix("run:")), self._clock.now)
                self.hear(queue.report(turn, again=queue.perform(turn)))


@pytest.fixture
def sandbox(settings: object, redis_clock: Clock) -> Sandbox:
    """It counts calls by the same clock, with the published limits, and its answers take SECONDS of it."""
    server = Sandbox(choices=Choices(), clock=lambda: redis_clock.now)
    server._wait = redis_clock.advance  # type: ignore[method-assign]
    server.script(Fault(delay=SECONDS), times=CALLS)
    with server.serve() as served:
        settings.EXPENSIFY_URL = served.url  # type: ignore[attr-defined]
        yield server


@pytest.mark.parametrize("calls_before", [5, 30, 61])
def test_each_of_forty_runs_starts_when_its_page_said(
    calls_before: int, redis_clock: Clock, sandbox: Sandbox, export: SavedExport, alice: User
) -> None:
    worker = Worker(export.credential.fingerprint, redis_clock)
    started = [runs.start(export, by=alice) for _ in range(RUNS)]
    worker.hear(*queue.enqueue(*started))
    worker.work(lambda: len(sandbox.log) < calls_before)
    waiting = list(Run.objects.filter(status=Run.Status.QUEUED).select_related("credential"))

    said, asked_at = queue.positions(waiting), redis_clock.now
    worker.work(lambda: Run.objects.unfinished().exists())

    assert set(said) == {run.pk for run in waiting}
    assert len(said) == RUNS - len([pk for pk, at in worker.began_at.items() if at < asked_at])
    missed = {}
    for pk, place in said.items():
        began = worker.began_at[pk] - asked_at
        if abs(began - place.starts_in) > max(3, 0.1 * place.starts_in):
            missed[pk] = (round(place.starts_in, 1), round(began, 1))
    assert missed == {}


def test_no_call_that_the_limits_allow_is_left_out(
    redis_clock: Clock, sandbox: Sandbox, export: SavedExport, alice: User
) -> None:
    worker = Worker(export.credential.fingerprint, redis_clock)
    started = [runs.start(export, by=alice) for _ in range(RUNS)]
    worker.hear(*queue.enqueue(*started))

    worker.work(lambda: Run.objects.unfinished().exists())

    assert set(Run.objects.values_list("status", flat=True)) == {Run.Status.SUCCEEDED}
    assert (sandbox.refused, len(sandbox.log)) == (0, CALLS)
    earliest = list(itertools.islice(queue.budget().limits.upcoming(), CALLS))[-1]
    # Answers that take their time delay each window of twenty calls by one of them.
    assert sandbox.log[-1].at - sandbox.log[0].at == pytest.approx(earliest, abs=SECONDS * CALLS / 20 + 0.1)
