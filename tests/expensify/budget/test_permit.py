import math
from typing import Any

import pytest
import redis

from expensify.budget.budget import Budget, Ticket
from expensify.budget.limits import Limits
from expensify.budget.permit import Done, Permit
from expensify.budget.wire import Wire
from expensify.errors import PermitExpired
from tests.expensify.budget.office import KEY, Clock
from tests.expensify.budget.steps import granted


def fresh() -> Permit:
    return Permit(7, good_until=math.inf)


def test_permit_is_for_one_request() -> None:
    permit = fresh()
    permit.use()

    with pytest.raises(RuntimeError):
        permit.use()


def test_permit_handed_back_cannot_be_used() -> None:
    permit = fresh()
    permit.not_sent()

    with pytest.raises(RuntimeError):
        permit.use()


def test_stale_permit_is_refused_and_its_slot_goes_back() -> None:
    permit = Permit(7, good_until=-math.inf)

    with pytest.raises(PermitExpired):
        permit.use()

    assert permit.done == Done(7, "not_sent")


def test_permit_goes_stale_a_third_into_the_time_a_call_may_take_to_arrive(budget: Budget, clock: Clock) -> None:
    budget.enqueue(KEY, [Ticket("run:1", "a"), Ticket("run:2", "a")])
    in_time, late = granted(budget.step(KEY, pop=True)), granted(budget.step(KEY, pop=True))

    clock.advance(0.5)
    in_time.use()
    clock.advance(0.001)

    with pytest.raises(PermitExpired):
        late.use()
    assert Limits().permit_seconds == 0.5


def test_permit_goes_stale_while_its_grant_is_on_the_way(
    budget: Budget, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Wire.run

    def slow(*args: Any) -> Any:
        answer = run(*args)
        clock.advance(0.501)
        return answer

    monkeypatch.setattr(Wire, "run", slow)
    permit = granted(budget.step(KEY, enqueue=Ticket("run:1", "a"), pop=True))

    with pytest.raises(PermitExpired):
        permit.use()


def test_budget_lives_by_the_clock_of_redis(redis_client: redis.Redis) -> None:
    def at() -> float:
        seconds, micros = redis_client.time()
        return seconds + micros / 1e6

    budget = Budget(redis_client, Limits())
    budget.introduce(fresh=True)

    before = at()
    step = budget.step(KEY, enqueue=Ticket("run:1", "a"), pop=True)

    assert before <= step.at <= at()


def test_nothing_is_known_of_a_permit_before_somebody_says_so() -> None:
    permit = fresh()
    permit.use()

    assert permit.done is None


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (["answered"], "answered"),
        (["unanswered"], "unanswered"),
        (["not_sent"], "not_sent"),
        (["refused"], "refused"),
        (["answered", "unanswered"], "answered"),  # the body broke off after the headers
        (["answered", "refused"], "refused"),  # 429 inside a 200
        (["refused", "answered"], "refused"),
        (["unanswered", "not_sent"], "unanswered"),
    ],
)
def test_strongest_word_about_a_call_stands(said: list[str], outcome: str) -> None:
    permit = fresh()
    permit.use()

    for word in said:
        getattr(permit, word)()

    assert permit.done is not None
    assert permit.done.outcome == outcome


def test_refusal_carries_the_servers_wish() -> None:
    permit = fresh()

    permit.refused(12.5)

    assert permit.done == Done(7, "refused", 12.5)


def test_answer_tells_how_long_ago_it_came(clock: Clock) -> None:
    permit = Permit(7, good_until=clock.now + 5)
    permit.use()
    permit.answered()

    clock.advance(0.25)

    assert permit.done is not None
    assert permit.done.ago == 0.25
