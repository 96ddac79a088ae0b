"""What stands in Redis, and for how long."""

from collections.abc import Callable
from typing import cast

import redis
from redis.crc import key_slot

from expensify.budget.budget import Budget, Decision, Ticket
from expensify.budget.limits import Limits
from tests.expensify.budget.office import KEY, Clock
from tests.expensify.budget.steps import full_burst, granted, kept_for, told
from tests.waiting import wait_until

Timed = Callable[..., Budget]

STATE = "{portal}:" + KEY + ":state"


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


def test_calls_are_remembered_as_long_as_they_matter(budget: Budget, clock: Clock, redis_client: redis.Redis) -> None:
    steps: list[Decision] = []

    def call() -> None:
        steps.append(budget.step(KEY, enqueue=Ticket("run:1", "a"), pop=True))

    def hear_of_it() -> None:
        budget.step(KEY, done=told(granted(steps[0]), "answered"))

    def be_refused() -> None:
        budget.step(KEY, done=told(granted(steps[0]), "refused"))

    [unanswered] = kept_for(redis_client, [STATE], call)
    [answered] = kept_for(redis_client, [STATE], hear_of_it)
    [refused] = kept_for(redis_client, [STATE], be_refused)

    assert unanswered[0] <= 60.05 + 2 + 1.5 <= unanswered[1]  # the longest gap, the most slack, and its way
    assert answered[0] <= 60.05 + 2 <= answered[1]
    assert refused[0] <= 86_400 <= refused[1]


def test_idle_budget_takes_nothing(timed: Timed, redis_client: redis.Redis) -> None:
    limits = Limits(((5, 0.1), (20, 0.6)), margin=0.01, unanswered=0.1, slack_step=0, slack_most=0)
    budget = timed(limits)
    step = budget.step(KEY, enqueue=Ticket("run:1", "a"), pop=True)

    [kept] = kept_for(redis_client, [STATE], lambda: budget.step(KEY, done=told(granted(step), "answered")))

    assert kept[0] <= 1 <= kept[1]
    wait_until(lambda: redis_client.keys("*") == [b"{portal}:boot"])
    assert redis_client.pttl("{portal}:boot") == -1


def test_waiting_line_is_kept_for_a_day(budget: Budget, redis_client: redis.Redis) -> None:
    keys = [f"{{portal}}:{KEY}:{part}" for part in ("again::0", "flows", "state", "tickets")]

    kept = kept_for(redis_client, keys, lambda: budget.enqueue(KEY, Ticket("run:1", "a")))

    assert sorted(redis_client.keys("*" + KEY + "*")) == [key.encode() for key in keys]
    assert [least <= 86_400 <= most for least, most in kept] == [True] * 4


def test_two_budgets_do_not_know_each_other(timed: Timed, clock: Clock) -> None:
    budget, other = timed(), "f" * 20
    full_burst(budget)

    assert budget.step(other, enqueue=Ticket("run:1", "a"), pop=True).ticket == "run:1"
