"""What Redis has forgotten, or cannot be asked, must never lead to a call too many."""

import signal
import time
from collections.abc import Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from expensify.budget import Budget, BudgetUnavailable, Limits, Ticket, connect
from expensify.errors import PermitExpired
from tests.expensify.budget.office import KEY
from tests.expensify.budget.referees import SlidingLog
from tests.expensify.budget.steps import missing
from tests.servers import RedisServer

MINUTE = 60 + 0.05 + 1.5  # the long window, its guard, and how late an unanswered call may arrive

FAST = Limits(((5, 0.5), (20, 3.0)), eps=0.01, unanswered=0.2, slack_step=0.05, slack_most=0.2)


@pytest.fixture
def busy(redis_server: RedisServer) -> Iterator[Budget]:
    """A budget that gave one permit, with a run still waiting."""
    client = connect(redis_server.url)
    client.config_set("appendfsync", "always")
    budget = Budget(client, Limits())
    budget.introduce(fresh=True)
    budget.enqueue(KEY, [Ticket("run:1", "a"), Ticket("run:2", "a")])
    assert budget.step(KEY, pop=True).ticket == "run:1"
    yield budget
    client.close()


def pause(budget: Budget) -> float | None:
    return budget.usage(KEY).held_until


def test_new_installation_goes_at_once(redis_client: redis.Redis) -> None:
    budget = Budget(redis_client, Limits())

    assert budget.introduce(fresh=True) == 0
    assert budget.step(KEY, enqueue=Ticket("run:1", "a"), pop=True).ticket == "run:1"


def test_unknown_server_is_given_a_minute(redis_client: redis.Redis) -> None:
    budget = Budget(redis_client, Limits())

    step = budget.step(KEY, enqueue=Ticket("run:1", "a"), pop=True)

    assert step.permit is None
    assert step.wake_in == pytest.approx(MINUTE, abs=0.01)


def test_minute_begins_at_the_first_meeting(redis_client: redis.Redis) -> None:
    budget = Budget(redis_client, FAST)
    assert budget.introduce(fresh=False) == pytest.approx(3.21, abs=0.01)

    time.sleep(0.5)

    assert pause(Budget(redis_client, FAST)) == pytest.approx(2.71, abs=0.1)


def test_word_that_all_is_new_counts_only_at_first(redis_client: redis.Redis) -> None:
    budget = Budget(redis_client, Limits())
    budget.introduce(fresh=False)

    assert budget.introduce(fresh=True) == pytest.approx(MINUTE, abs=0.1)


def test_word_that_all_is_new_does_not_count_after_a_restart(busy: Budget, redis_server: RedisServer) -> None:
    redis_server.restart()

    assert busy.introduce(fresh=True) == pytest.approx(MINUTE, abs=0.5)


def test_second_process_does_not_pause_a_known_server(busy: Budget, redis_server: RedisServer) -> None:
    other = Budget(redis.Redis.from_url(redis_server.url), Limits())

    assert other.introduce(fresh=False) == 0
    assert other.step(KEY, pop=True).ticket == "run:2"


def test_restart_that_kept_everything_is_given_a_minute(busy: Budget, redis_server: RedisServer) -> None:
    redis_server.restart()

    assert busy.step(KEY, pop=True).permit is None
    assert pause(busy) == pytest.approx(MINUTE, abs=0.5)
    assert busy.waiting(KEY) == ["run:2"]


def test_restart_that_lost_everything_is_given_a_minute(busy: Budget, redis_server: RedisServer) -> None:
    redis_server.restart(emptied=True)

    assert missing(busy, ["run:2"]) == ["run:2"]
    assert busy.step(KEY, enqueue=Ticket("run:2", "a"), pop=True).permit is None
    assert pause(busy) == pytest.approx(MINUTE, abs=0.5)


def test_emptied_server_is_given_a_minute_though_it_runs_on(busy: Budget, redis_server: RedisServer) -> None:
    redis.Redis.from_url(redis_server.url).flushall()

    assert busy.step(KEY, enqueue=Ticket("run:2", "a"), pop=True).permit is None
    assert pause(busy) == pytest.approx(MINUTE, abs=0.5)


def test_page_that_only_looks_starts_the_minute_too(busy: Budget, redis_server: RedisServer) -> None:
    redis.Redis.from_url(redis_server.url).flushall()

    assert pause(busy) == pytest.approx(MINUTE, abs=0.5)
    assert busy.introduce(fresh=True) == pytest.approx(MINUTE, abs=0.5)


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
        lambda: busy.usage(KEY),
        lambda: busy.hold(KEY, 1),
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
    assert busy.usage(KEY).used[0].calls == 1


@pytest.mark.parametrize("retries", [0, 3])
def test_step_whose_answer_got_lost_is_not_repeated(
    busy: Budget, redis_server: RedisServer, retries: int
) -> None:
    """The grant stands: its slot is lost, and the ticket is found missing by the sweep."""
    assert redis_server.process is not None
    client = redis.Redis.from_url(redis_server.url, socket_timeout=0.3, retry=Retry(NoBackoff(), retries))
    budget = Budget(client, Limits())
    budget.enqueue(KEY, Ticket("run:3", "a"))
    redis_server.process.send_signal(signal.SIGSTOP)

    with pytest.raises(BudgetUnavailable):
        budget.step(KEY, pop=True)

    redis_server.process.send_signal(signal.SIGCONT)
    assert budget.usage(KEY).used[0].calls == 2
    assert budget.waiting(KEY) == ["run:3"]
    assert missing(budget, ["run:2", "run:3"]) == ["run:2"]


def test_answer_that_came_too_late_is_not_taken_for_the_next_one(
    busy: Budget, redis_server: RedisServer
) -> None:
    class TimeLimit(BaseException):
        """As a worker's soft time limit would: at any line, through every `except Exception`."""

    def strike(*_: object) -> None:
        raise TimeLimit

    assert redis_server.process is not None
    redis_server.process.send_signal(signal.SIGSTOP)
    before = signal.signal(signal.SIGALRM, strike)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(TimeLimit):
            busy.waiting(KEY)
    finally:
        signal.signal(signal.SIGALRM, before)
        redis_server.process.send_signal(signal.SIGCONT)

    assert missing(busy, ["run:2"]) == []
    assert busy.usage(KEY).waiting == 1


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["emptied", "kept", "flushed"])
def test_saturated_budget_is_never_refused_when_redis_forgets(redis_server: RedisServer, loss: str) -> None:
    budget = Budget(connect(redis_server.url), FAST)
    budget.introduce(fresh=True)
    judge, verdicts, lost = SlidingLog(FAST.windows), [], False
    start = time.monotonic()
    while (elapsed := time.monotonic() - start) < 7:
        if elapsed > 2 and not lost:
            lost = True
            if loss == "flushed":
                redis.Redis.from_url(redis_server.url).flushall()
            else:
                redis_server.restart(emptied=loss == "emptied")
        step = budget.step(KEY, enqueue=Ticket("run:1", "a"), pop=True)
        if step.permit is None:
            time.sleep(0.005)
            continue
        try:
            step.permit.use()
        except PermitExpired:  # this process had to wait, and gives the turn back as a worker does
            budget.step(KEY, done=step.permit.done)
            continue
        verdicts.append(judge(time.monotonic()))
        step.permit.answered()
        budget.step(KEY, done=step.permit.done)

    assert verdicts.count(False) == 0
    assert len(verdicts) > 25  # 20 before, a pause of 3.2 s, then more
