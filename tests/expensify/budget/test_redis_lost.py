"""What Redis has forgotten, or cannot be asked, must never lead to a call too many."""

import random
import select
import signal
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from expensify.budget.budget import Budget, Ticket
from expensify.budget.limits import Limits
from expensify.budget.wire import BudgetUnavailable
from tests.expensify.budget.office import KEY, Clock
from tests.expensify.budget.referees import SlidingLog
from tests.expensify.budget.steps import about, is_next_grant, missing
from tests.servers import RedisServer

MINUTE = 60 + 0.05 + 1.5  # the long window, its guard, and how late an unanswered call may arrive


@pytest.fixture
def busy(redis_server: RedisServer, clock: Clock) -> Iterator[Budget]:
    """A budget that gave one permit, with a run still waiting; no time passes."""
    client = redis.Redis.from_url(redis_server.url)
    client.config_set("appendfsync", "always")
    budget = Budget(client, Limits())
    budget.introduce(fresh=True)
    budget.enqueue(KEY, [Ticket("run:1", "a"), Ticket("run:2", "a")])
    assert budget.step(KEY, pop=True).ticket == "run:1"
    yield budget
    client.close()


def pause(budget: Budget) -> float | None:
    return budget.usages([KEY])[KEY].held_until


def test_new_installation_goes_at_once(redis_client: redis.Redis) -> None:
    budget = Budget(redis_client, Limits())

    assert budget.introduce(fresh=True) == 0
    assert budget.step(KEY, enqueue=Ticket("run:1", "a"), pop=True).ticket == "run:1"


def test_unknown_server_is_given_a_minute(clock: Clock, redis_client: redis.Redis) -> None:
    budget = Budget(redis_client, Limits())

    step = budget.step(KEY, enqueue=Ticket("run:1", "a"), pop=True)

    assert step.permit is None
    assert step.wake_in == about(MINUTE)


def test_minute_begins_at_the_first_meeting(clock: Clock, redis_client: redis.Redis) -> None:
    budget = Budget(redis_client, Limits())
    assert budget.introduce(fresh=False) == about(MINUTE)

    clock.advance(20)

    other = Budget(redis_client, Limits())
    assert pause(other) == about(MINUTE - 20)
    other.enqueue(KEY, Ticket("run:1", "a"))
    assert is_next_grant(other, clock, MINUTE - 20)


def test_word_that_all_is_new_counts_only_at_first(clock: Clock, redis_client: redis.Redis) -> None:
    budget = Budget(redis_client, Limits())
    budget.introduce(fresh=False)

    assert budget.introduce(fresh=True) == about(MINUTE)


def test_word_that_all_is_new_does_not_count_after_a_restart(busy: Budget, redis_server: RedisServer) -> None:
    redis_server.restart()

    assert busy.introduce(fresh=True) == about(MINUTE)


def test_second_process_does_not_pause_a_known_server(busy: Budget, redis_server: RedisServer) -> None:
    other = Budget(redis.Redis.from_url(redis_server.url), Limits())

    assert other.introduce(fresh=False) == 0
    assert other.step(KEY, pop=True).ticket == "run:2"


def test_restart_that_kept_everything_is_given_a_minute(busy: Budget, redis_server: RedisServer) -> None:
    redis_server.restart()

    assert busy.step(KEY, pop=True).permit is None
    assert pause(busy) == about(MINUTE)
    assert busy.waiting(KEY) == ["run:2"]


def test_restart_that_lost_everything_is_given_a_minute(busy: Budget, redis_server: RedisServer) -> None:
    redis_server.restart(emptied=True)

    assert missing(busy, ["run:2"]) == ["run:2"]
    assert busy.step(KEY, enqueue=Ticket("run:2", "a"), pop=True).permit is None
    assert pause(busy) == about(MINUTE)


def test_emptied_server_is_given_a_minute_though_it_runs_on(busy: Budget, redis_server: RedisServer) -> None:
    redis.Redis.from_url(redis_server.url).flushall()

    assert busy.step(KEY, enqueue=Ticket("run:2", "a"), pop=True).permit is None
    assert pause(busy) == about(MINUTE)


def test_page_that_only_looks_starts_the_minute_too(busy: Budget, redis_server: RedisServer) -> None:
    redis.Redis.from_url(redis_server.url).flushall()

    assert pause(busy) == about(MINUTE)
    assert busy.introduce(fresh=True) == about(MINUTE)


def test_forgotten_script_is_sent_again(busy: Budget, redis_server: RedisServer) -> None:
    redis.Redis.from_url(redis_server.url).script_flush()

    assert busy.step(KEY, pop=True).ticket == "run:2"


def test_every_question_says_so_when_redis_is_away(busy: Budget, redis_server: RedisServer) -> None:
    redis_server.stop()

    for ask in (
        lambda: busy.step(KEY, pop=True),
        lambda: busy.enqueue(KEY, Ticket("run:3", "a")),
        lambda: busy.remove(KEY, "run:2"),
        lambda: busy.places(KEY, ["run:2"]),
        lambda: busy.usages([KEY])[KEY],
        lambda: busy.waiting(KEY),
        lambda: missing(busy, ["run:2"]),
        lambda: busy.introduce(fresh=True),
    ):
        with pytest.raises(BudgetUnavailable):
            ask()


def test_full_server_takes_no_ticket_by_halves(busy: Budget, redis_server: RedisServer) -> None:
    redis.Redis.from_url(redis_server.url).config_set("maxmemory", 1)

    with pytest.raises(BudgetUnavailable):
        busy.step(KEY, enqueue=Ticket("run:3", "a"), pop=True)

    assert busy.waiting(KEY) == ["run:2"]
    assert busy.usages([KEY])[KEY].used[0].calls == 1


class Way(socketserver.ThreadingTCPServer):
    """The way to a Redis. With `loses_answers` each question is answered, but the connection breaks then."""

    daemon_threads = True

    def __init__(self, to: int) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.to = to
        self.loses_answers = False

    @contextmanager
    def open(self) -> Iterator[str]:
        """The address at this end of the way."""
        thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"redis://127.0.0.1:{self.server_address[1]}/0"
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _Passing(socketserver.BaseRequestHandler):
    server: Way

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.to)) as far:
            while True:
                for near in select.select([self.request, far], [], [])[0]:
                    data = near.recv(65536)
                    if not data or (near is far and self.server.loses_answers):
                        return
                    (self.request if near is far else far).sendall(data)


@pytest.mark.parametrize("retries", [0, 3])
def test_step_whose_answer_got_lost_is_not_repeated(busy: Budget, redis_server: RedisServer, retries: int) -> None:
    """The grant stands: its slot is lost, and the ticket is found missing by the sweep."""
    way = Way(redis_server.port)
    with way.open() as url, redis.Redis.from_url(url, retry=Retry(NoBackoff(), retries)) as client:
        budget = Budget(client, Limits())
        budget.enqueue(KEY, Ticket("run:3", "a"))
        way.loses_answers = True

        with pytest.raises(BudgetUnavailable):
            budget.step(KEY, pop=True)

    assert busy.usages([KEY])[KEY].used[0].calls == 2
    assert busy.waiting(KEY) == ["run:3"]
    assert missing(busy, ["run:2", "run:3"]) == ["run:2"]


def test_answer_that_came_too_late_is_not_taken_for_the_next_one(busy: Budget, redis_server: RedisServer) -> None:
    class TimeLimit(BaseException):
        """As a worker's soft time limit would: at any line, through every `except Exception`."""

    def strike(*_: object) -> None:
        raise TimeLimit

    assert redis_server.process is not None
    redis_server.process.send_signal(signal.SIGSTOP)
    before = signal.signal(signal.SIGALRM, strike)

    def ask() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        busy.waiting(KEY)

    try:
        with pytest.raises(TimeLimit):
            ask()
    finally:
        signal.signal(signal.SIGALRM, before)
        redis_server.process.send_signal(signal.SIGCONT)

    assert missing(busy, ["run:2"]) == []
    assert busy.usages([KEY])[KEY].waiting == 1


@pytest.mark.parametrize("loss", ["emptied", "kept", "flushed"])
def test_saturated_budget_is_never_refused_when_redis_forgets(
    redis_server: RedisServer, clock: Clock, loss: str
) -> None:
    """Forty calls, then the loss while the last one is under way, the pause, and a minute of calls."""
    budget, draw = Budget(redis.Redis.from_url(redis_server.url), Limits()), random.Random(1)
    budget.introduce(fresh=True)
    start, arrivals, under_way = clock.now, [], []
    lost_at: float | None = None
    while clock.now < start + 240:
        for answered_at, permit in [call for call in under_way if call[0] <= clock.now]:
            under_way.remove((answered_at, permit))
            permit.answered()
            budget.step(KEY, done=permit.done)
        step = budget.step(KEY, enqueue=Ticket("run:1", "a"), pop=True)
        if step.permit is None:
            clock.advance(0.25)
            continue
        step.permit.use()
        arrivals.append(clock.now + draw.uniform(0, 1.5))  # as late as a request may be that was sent in time
        under_way.append((arrivals[-1] + draw.uniform(0, 0.1), step.permit))
        if len(arrivals) == 40:
            lost_at = clock.now
            if loss == "flushed":
                redis.Redis.from_url(redis_server.url).flushall()
            else:
                redis_server.restart(emptied=loss == "emptied")

    judge = SlidingLog()
    assert [judge(at) for at in sorted(arrivals)].count(False) == 0
    assert lost_at is not None
    assert lost_at + MINUTE <= arrivals[40] <= lost_at + MINUTE + 0.25 + 1.5
    assert len(arrivals) > 55
