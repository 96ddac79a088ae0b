"""Workers and jobs in virtual time: hours of calls in seconds, over the real script."""

import heapq
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

import expensify.budget.budget
import expensify.budget.permit
from expensify.budget import wire
from expensify.budget.budget import Budget, Decision, Ticket
from expensify.budget.permit import Done

KEY = "0123456789abcdef0123"


class Clock:
    """The time as the test sets it, in seconds."""

    def __init__(self, at: float = 1_800_000_000.0) -> None:
        self.now = at
        self._ticks = 0  # since then

    def set(self, at: float) -> None:
        if at != self.now:
            self.now, self._ticks = at, 0

    def advance(self, seconds: float) -> None:
        self.set(self.now + seconds)

    def tick(self) -> int:
        """Microseconds for the next run of the script: like the real clock, it shows two runs two instants."""
        self._ticks += 1
        return round(self.now * 1e6) + self._ticks


def live_by_a_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """One clock for Redis and for the workers, which moves only when the test moves it.

    It is the script's own text, but its one question for the time reads an argument that comes with each run.
    """
    clock, run = Clock(), wire.Wire.run

    def run_at(self: wire.Wire, operation: str, keys: Sequence[str], arguments: Mapping[str, object]) -> Any:
        return run(self, operation, keys, {**arguments, "test_now": clock.tick()})

    assert wire.SCRIPT.count("redis.call('TIME')") == 1
    monkeypatch.setattr(wire, "SCRIPT", wire.SCRIPT.replace("redis.call('TIME')", "{ 0, ask.test_now }"))
    monkeypatch.setattr(wire.Wire, "run", run_at)
    for module in (expensify.budget.budget, expensify.budget.permit):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


@dataclass
class Job:
    """A run as its row would be: the truth, from which a lost place is found again."""

    name: str
    flow: str
    saved_at: float
    lead: float = 0
    calls: int = 2
    team: str = ""
    order: float | None = None
    resting: bool = True
    started_at: float | None = None
    finished_at: float | None = None
    failed: bool = False

    def ticket(self) -> Ticket:
        return Ticket(self.name, self.flow, self.lead, self.order, self.calls, self.team)


@dataclass
class Luck:
    """What may go wrong, as probabilities; how many seconds a request and its answer take, as draws."""

    draw: random.Random
    latency: Callable[[random.Random], float] = lambda draw: draw.uniform(0, 0.15)
    answer: Callable[[random.Random], float] = lambda draw: draw.uniform(0, 0.15)
    late_wake: float = 0
    lost_wake: float = 0
    dies_before: float = 0
    dies_after: float = 0
    not_sent: float = 0
    unanswered: float = 0

    def hits(self, probability: float) -> bool:
        return probability > 0 and self.draw.random() < probability


@dataclass
class Office:
    """As many workers as there are wakes; jobs, calls and wakes are events on one heap."""

    budget: Budget
    clock: Clock
    luck: Luck
    jobs: dict[str, Job] = field(default_factory=dict)
    arrivals: list[float] = field(default_factory=list)
    starts: list[str] = field(default_factory=list)
    lost: int = 0
    trips: int = 0
    _events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = field(default_factory=list)
    _numbers: count = field(default_factory=count)  # type: ignore[type-arg]

    def later(self, seconds: float, happen: Callable[..., None], *args: Any) -> None:
        heapq.heappush(self._events, (self.clock.now + seconds, next(self._numbers), happen, args))

    def run(self, until: float) -> None:
        """Let things happen until so many seconds from now, or until nothing is left to happen."""
        end = self.clock.now + until
        while self._events and self._events[0][0] <= end:
            at, _, happen, args = heapq.heappop(self._events)
            if at > self.clock.now:
                self.clock.set(at)
            happen(*args)

    def step(self, **wishes: Any) -> Decision:
        self.trips += 1
        step = self.budget.step(KEY, **wishes)
        if step.wake_in is not None:
            if self.luck.hits(self.luck.lost_wake):
                self.lost += 1
            else:
                late = self.luck.draw.uniform(1, 8) if self.luck.hits(self.luck.late_wake) else 0
                self.later(step.wake_in + late, self.wake, step.token)
        return step

    def save(self, *jobs: Job) -> None:
        for job in jobs:
            self.jobs[job.name] = job
        self.step(enqueue=[job.ticket() for job in jobs])

    def wake(self, token: str) -> None:
        self.send(self.step(token=token, pop=True))

    def sweep(self) -> None:
        """What beat does every five seconds."""
        resting = [job for job in self.jobs.values() if job.resting]
        if resting:
            for missing in self.budget.lost({KEY: [job.name for job in resting]}).values():
                self.step(enqueue=[self.jobs[name].ticket() for name in missing])
        self.later(5, self.sweep)

    def send(self, step: Decision) -> None:
        if step.permit is None:
            return
        job, luck, handle = self.jobs[step.ticket], self.luck, step.permit
        job.order, job.resting = step.order, False
        if job.started_at is None:
            job.started_at = self.clock.now
            self.starts.append(job.name)
        if luck.hits(luck.dies_before):
            return self.later(30, self.restore, job)
        handle.use()
        if luck.hits(luck.not_sent):
            handle.not_sent()
            return self.later(0.02, self.answer, job, handle.done, False)
        arrives_in = luck.latency(luck.draw)
        self.later(arrives_in, self.arrive)
        if luck.hits(luck.dies_after):
            return self.later(30, self.restore, job)
        if luck.hits(luck.unanswered):
            handle.unanswered()
            return self.later(40, self.answer, job, handle.done, False)
        handle.answered()
        return self.later(arrives_in + luck.answer(luck.draw), self.answer, job, handle.done, True)

    def arrive(self) -> None:
        self.arrivals.append(self.clock.now)

    def restore(self, job: Job) -> None:
        job.resting, job.failed = True, True

    def answer(self, job: Job, done: Done, succeeded: bool) -> None:
        job.calls -= succeeded
        job.failed |= not succeeded
        job.resting = job.calls > 0
        if not job.resting:
            job.finished_at = self.clock.now
        self.send(self.step(done=done, enqueue=[job.ticket()] if job.resting else [], pop=True))

    @property
    def waits(self) -> dict[str, float]:
        """Seconds from saving to the last answer, by job."""
        return {name: job.finished_at - job.saved_at for name, job in self.jobs.items() if job.finished_at is not None}
