"""What stands in Redis, and for how long."""

from collections.abc import Callable
from typing import cast

import redis
from redis.crc import key_slot

from expensify.budget import Budget, Limits, Ticket
from tests.expensify.budget.office import KEY, Clock
from tests.expensify.budget.steps import full_burst, granted, told

Timed = Callable[..., Budget]


def test_all_keys_are_in_one_hash_slot(budget: Budget, redis_client: redis.Redis) -> None:
    budget.enqueue(KEY, Ticket("run:1", "a"))
    budget.enqueue("f" * 20, Ticket("run:1", "a"))

    keys = cast(list[bytes], redis_client.keys("*"))

    assert len(keys) == 9
    assert len({key_slot(key) for key in keys}) == 1


def test_client_that_decodes_is_understood(redis_url: str, redis_client: redis.Redis) -> None:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        budget = Budget(client, Limits())
        budget.introduce(fresh=True)

        step = budget.step(KEY, enqueue=[Ticket("run:ä", "flow ä"), Ticket("run:2", "flow ä")], pop=True)

        assert step.ticket == "run:ä"
        assert budget.waiting(KEY) == ["run:2"]


def test_namespaces_are_separate(redis_client: redis.Redis) -> None:
    ours, theirs = Budget(redis_client, Limits()), Budget(redis_client, Limits(), namespace="staging")
    ours.introduce(fresh=True)
    ours.enqueue(KEY, Ticket("run:1", "a"))

    assert theirs.introduce(fresh=True) == 0
    assert theirs.waiting(KEY) == []


def test_calls_are_remembered_as_long_as_they_matter(budget: Budget, redis_client: redis.Redis) -> None:
    state = "{portal}:" + KEY + ":state"
    step = budget.step(KEY, enqueue=Ticket("run:1", "a"), pop=True)

    assert 60 + 1.5 + 2 < cast(int, redis_client.pttl(state)) / 1000 < 70
    budget.step(KEY, done=told(granted(step), "refused"))
    assert 86_390 < cast(int, redis_client.ttl(state)) <= 86_400


def test_idle_budget_takes_nothing(redis_client: redis.Redis) -> None:
    limits = Limits(((5, 0.1), (20, 0.6)), eps=0.01, unanswered=0.1, slack_step=0, slack_most=0)
    budget = Budget(redis_client, limits)
    budget.introduce(fresh=True)
    step = budget.step(KEY, enqueue=Ticket("run:1", "a"), pop=True)
    budget.step(KEY, done=told(granted(step), "answered"))

    left = {key: redis_client.pttl(key) for key in redis_client.keys("*")}

    assert left.pop(b"{portal}:boot") == -1
    assert list(left) == [f"{{portal}}:{KEY}:state".encode()]
    assert 0 < left[f"{{portal}}:{KEY}:state".encode()] <= 1000


def test_waiting_line_is_kept_for_a_day(budget: Budget, redis_client: redis.Redis) -> None:
    budget.enqueue(KEY, Ticket("run:1", "a"))

    ages = [redis_client.ttl(key) for key in redis_client.keys("*" + KEY + "*")]

    assert len(ages) == 4
    assert all(86_390 < age <= 86_400 for age in ages)


def test_two_budgets_do_not_know_each_other(timed: Timed, clock: Clock) -> None:
    budget, other = timed(), "f" * 20
    full_burst(budget)

    assert budget.step(other, enqueue=Ticket("run:1", "a"), pop=True).ticket == "run:1"
