"""Worker processes of the compared limiters; all send the same requests from the same queue."""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any, ClassVar

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
class Race:
    """Settings of a race, for its worker processes."""

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
        """Our limits at this speed. Stalls of the machine do not shrink with it, so `unanswered` has a minimum."""
        return Limits(self.windows, margin=0.05 / self.speed, unanswered=max(1.5 / self.speed, 0.3))

    @property
    def left(self) -> float:
        return self.until - time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, min(seconds, self.left)))


class CountingConnection(redis.Connection):
    """Count round trips: one for each packed command or pipeline."""

    trips: ClassVar[int] = 0

    def send_packed_command(self, command: object, check_health: bool = True) -> None:
        CountingConnection.trips += 1
        super().send_packed_command(command, check_health)  # type: ignore[no-untyped-call]  # redis-py has no types here.


def counting_client(url: str) -> redis.Redis:
    return redis.Redis(connection_pool=redis.ConnectionPool.from_url(url, connection_class=CountingConnection))


class Sender:
    """Send over a persistent connection with 0-150 ms latency each way at real speed."""

    def __init__(self, race: Race, seed: int) -> None:
        self._draw = random.Random(seed)
        self._latency = 0.15 / race.speed
        self._http = HTTPConnection("127.0.0.1", race.port)

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


def ours(race: Race, seed: int) -> None:
    queue: Any = redis.Redis.from_url(race.queue_url)
    send = Sender(race, seed)
    budget = Budget(counting_client(race.redis_url), race.limits)
    while race.left > 0.1:
        message = queue.blpop(["wakes"], timeout=min(race.left, 1))
        if message is None:
            continue
        due, token = json.loads(message[1])
        race.sleep(due - time.monotonic())
        step = publish(queue, budget.step(KEY, token=token, pop=True))
        while step.permit is not None:
            retries: list[Ticket] = []
            try:
                step.permit.use()
                step.permit.answered() if send(step.ticket) else step.permit.refused()
            except PermitExpired:
                retries = [Ticket(step.ticket, "export", order=step.order)]
            step = publish(queue, budget.step(KEY, done=step.permit.done, enqueue=retries, pop=True))
    queue.incrby("trips", CountingConnection.trips)


def save_ours(race: Race, names: list[str]) -> None:
    budget = Budget(counting_client(race.redis_url), race.limits)
    step = budget.enqueue(KEY, [Ticket(name, "export") for name in names])
    publish(redis.Redis.from_url(race.queue_url), step)


def save_queued(race: Race, names: list[str]) -> None:
    redis.Redis.from_url(race.queue_url).rpush("jobs", *names)


def one_by_one(race: Race, seed: int, acquire: Callable[[], None], back_off: Callable[[int], float]) -> None:
    """The loop of a task queue: take a job, sleep in the worker until a call is allowed, send, repeat after a 429."""
    queue: Any = redis.Redis.from_url(race.queue_url)
    send = Sender(race, seed)
    while race.left > 0.1:
        message = queue.blpop(["jobs"], timeout=min(race.left, 1))
        if message is None:
            continue
        acquire()
        refusals = 0
        while race.left > 0 and not send(message[1].decode()):
            race.sleep(back_off(refusals))
            refusals += 1
            acquire()
    queue.incrby("trips", CountingConnection.trips)


def naive(race: Race, seed: int) -> None:
    draw = random.Random(seed)

    def exponential(refusals: int) -> float:
        return min(2.0**refusals, 32) * draw.uniform(0.5, 1.5) / race.speed

    one_by_one(race, seed, lambda: None, exponential)


def limits_moving_window(race: Race, seed: int) -> None:
    storage = RedisStorage("redis://", connection_pool=counting_client(race.redis_url).connection_pool)
    limiter = MovingWindowRateLimiter(storage)
    items = [RateLimitItemPerSecond(calls, round(seconds)) for calls, seconds in race.windows]

    def acquire() -> None:
        while race.left > 0:
            full = [item for item in items if not limiter.test(item, KEY)]
            if not full and all(limiter.hit(item, KEY) for item in items):
                return
            resets = [limiter.get_window_stats(item, KEY).reset_time for item in full or items]
            race.sleep(max(0.001, max(resets) - time.time()))

    one_by_one(race, seed, acquire, lambda _: 10 / race.speed)


def pyrate(race: Race, seed: int) -> None:
    rates = [Rate(calls, round(seconds * 1000)) for calls, seconds in race.windows]
    bucket = RedisBucket.init(rates, counting_client(race.redis_url), KEY)
    limiter = Limiter(bucket, buffer_ms=50 // race.speed)

    def acquire() -> None:
        limiter.try_acquire("call", timeout=max(race.left, 0))

    one_by_one(race, seed, acquire, lambda _: 10 / race.speed)


Work = Callable[[Race, int], None]
Save = Callable[[Race, list[str]], None]

CONTENDERS: dict[str, tuple[Work, Save]] = {
    "this budget": (ours, save_ours),
    "back off on 429": (naive, save_queued),
    "limits, moving window": (limits_moving_window, save_queued),
    "pyrate-limiter": (pyrate, save_queued),
}
