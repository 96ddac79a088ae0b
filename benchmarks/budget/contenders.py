"""The worker process of each way to keep a call limit; all send the same requests over the same queue."""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import ClassVar

import redis
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from pyrate_limiter import Limiter, Rate, RedisBucket

from expensify.budget.budget import Budget, Decision, Ticket
from expensify.budget.limits import Limits
from expensify.errors import PermitExpired

KEY = "0123456789abcdef0123"


@dataclass(frozen=True)
class Field:
    """Where the race takes place: everything a worker process needs to know."""

    speed: int
    redis_url: str
    queue_url: str
    port: int
    until: float  # time.monotonic()

    @property
    def windows(self) -> tuple[tuple[int, float], ...]:
        return (5, 10 / self.speed), (20, 60 / self.speed)

    @property
    def limits(self) -> Limits:
        """Ours at this speed; but a stall of this machine is no shorter at ten times the speed."""
        return Limits(self.windows, eps=0.05 / self.speed, unanswered=max(1.5 / self.speed, 0.3))

    @property
    def left(self) -> float:
        return self.until - time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, min(seconds, self.left)))


class CountingConnection(redis.Connection):
    """Counts what is sent: one packed command or pipeline is one round trip."""

    trips: ClassVar[int] = 0

    def send_packed_command(self, command: object, check_health: bool = True) -> None:
        CountingConnection.trips += 1
        super().send_packed_command(command, check_health)


def counted(url: str) -> redis.Redis:
    return redis.Redis(
        connection_pool=redis.ConnectionPool.from_url(url, connection_class=CountingConnection)
    )


class Sender:
    """Sends over a connection that stays open, 0-150 ms each way at real speed."""

    def __init__(self, field: Field, seed: int) -> None:
        self._draw = random.Random(seed)
        self._latency = 0.15 / field.speed
        self._http = HTTPConnection("127.0.0.1", field.port)

    def __call__(self, name: str) -> bool:
        time.sleep(self._draw.uniform(0, self._latency))
        self._http.request("POST", "/", name)
        answer = self._http.getresponse()
        answer.read()
        time.sleep(self._draw.uniform(0, self._latency))
        return answer.status == 200


def publish(queue: redis.Redis, step: Decision) -> Decision:
    if step.wake_in is not None:
        queue.rpush("wakes", json.dumps([time.monotonic() + step.wake_in, step.token]))
    return step


def ours(field: Field, seed: int) -> None:
    queue, send = redis.Redis.from_url(field.queue_url), Sender(field, seed)
    budget = Budget(counted(field.redis_url), field.limits)
    while field.left > 0.1:
        message = queue.blpop(["wakes"], timeout=min(field.left, 1))
        if message is None:
            continue
        due, token = json.loads(message[1])
        field.sleep(due - time.monotonic())
        step = publish(queue, budget.step(KEY, token=token, pop=True))
        while step.permit is not None:
            again: list[Ticket] = []
            try:
                step.permit.use()
                step.permit.answered() if send(step.ticket) else step.permit.refused()
            except PermitExpired:
                again = [Ticket(step.ticket, "export", order=step.order)]
            step = publish(queue, budget.step(KEY, done=step.permit.done, enqueue=again, pop=True))
    queue.incrby("trips", CountingConnection.trips)


def save_ours(field: Field, names: list[str]) -> None:
    budget = Budget(counted(field.redis_url), field.limits)
    step = budget.enqueue(KEY, [Ticket(name, "export") for name in names])
    publish(redis.Redis.from_url(field.queue_url), step)


def save_queued(field: Field, names: list[str]) -> None:
    redis.Redis.from_url(field.queue_url).rpush("jobs", *names)


def one_by_one(
    field: Field, seed: int, acquire: Callable[[], None], back_off: Callable[[int], float]
) -> None:
    """The loop of a task queue: take a job, sleep in the worker until allowed, send, again after a 429."""
    queue, send = redis.Redis.from_url(field.queue_url), Sender(field, seed)
    while field.left > 0.1:
        message = queue.blpop(["jobs"], timeout=min(field.left, 1))
        if message is None:
            continue
        acquire()
        refusals = 0
        while field.left > 0 and not send(message[1].decode()):
            field.sleep(back_off(refusals))
            refusals += 1
            acquire()
    queue.incrby("trips", CountingConnection.trips)


def naive(field: Field, seed: int) -> None:
    draw = random.Random(seed)

    def exponential(refusals: int) -> float:
        return min(2.0**refusals, 32) * draw.uniform(0.5, 1.5) / field.speed

    one_by_one(field, seed, lambda: None, exponential)


def limits_moving_window(field: Field, seed: int) -> None:
    storage = RedisStorage("redis://", connection_pool=counted(field.redis_url).connection_pool)
    limiter = MovingWindowRateLimiter(storage)
    items = [RateLimitItemPerSecond(calls, round(seconds)) for calls, seconds in field.windows]

    def acquire() -> None:
        while field.left > 0:
            full = [item for item in items if not limiter.test(item, KEY)]
            if not full and all(limiter.hit(item, KEY) for item in items):
                return
            resets = [limiter.get_window_stats(item, KEY).reset_time for item in full or items]
            field.sleep(max(0.001, max(resets) - time.time()))

    one_by_one(field, seed, acquire, lambda _: 10 / field.speed)


def pyrate(field: Field, seed: int) -> None:
    rates = [Rate(calls, round(seconds * 1000)) for calls, seconds in field.windows]
    bucket = RedisBucket.init(rates, counted(field.redis_url), KEY)
    limiter = Limiter(bucket, buffer_ms=50 // field.speed)

    def acquire() -> None:
        limiter.try_acquire("call", timeout=max(field.left, 0))

    one_by_one(field, seed, acquire, lambda _: 10 / field.speed)


Work = Callable[[Field, int], None]
Save = Callable[[Field, list[str]], None]

CONTENDERS: dict[str, tuple[Work, Save]] = {
    "this budget": (ours, save_ours),
    "back off on 429": (naive, save_queued),
    "limits, moving window": (limits_moving_window, save_queued),
    "pyrate-limiter": (pyrate, save_queued),
}
