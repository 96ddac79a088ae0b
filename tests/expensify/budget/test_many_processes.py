"""Eight processes, one budget, ten times the real speed, real requests to a referee that counts arrivals."""

import json
import multiprocessing
import random
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from multiprocessing.synchronize import Event, Semaphore

import pytest
import redis

from expensify.budget import Budget, Limits, Step, Ticket, connect
from expensify.errors import PermitExpired
from tests.expensify.budget.office import KEY
from tests.expensify.budget.referees import HttpReferee, steady_share

FAST = Limits(((5, 1.0), (20, 6.0)), eps=0.005, unanswered=0.3, slack_step=0.05, slack_most=0.2)


@pytest.fixture
def referee() -> Iterator[HttpReferee]:
    with HttpReferee(FAST.windows).serving() as referee:
        yield referee


def work(redis_url: str, port: int, seed: int, ready: Semaphore, stop: Event) -> None:
    """One worker: takes a wake from the queue, waits for its time, and calls as long as it is granted."""
    draw = random.Random(seed)
    client = connect(redis_url)
    budget = Budget(client, FAST)
    http = HTTPConnection("127.0.0.1", port)
    ready.release()
    while not stop.is_set():
        message = client.blpop(["wakes"], timeout=1)
        if message is None:
            continue
        due, token = json.loads(message[1])
        stop.wait(max(0.0, due - time.monotonic()))
        step = publish(client, budget.step(KEY, token=token, pop=True))
        while step.permit is not None:
            try:
                step.permit.use()
            except PermitExpired:  # this machine was busy with something else for a tenth of a second
                again = Ticket(step.ticket, "a", order=step.order)
                step = publish(client, budget.step(KEY, done=step.permit.done, enqueue=again, pop=True))
                continue
            time.sleep(draw.uniform(0, 0.015))
            http.request("POST", "/", step.ticket)
            answer = http.getresponse()
            answer.read()
            time.sleep(draw.uniform(0, 0.015))
            step.permit.answered() if answer.status == 200 else step.permit.refused()
            step = publish(client, budget.step(KEY, done=step.permit.done, pop=not stop.is_set()))


def publish(client: redis.Redis, step: Step) -> Step:
    if step.wake_in is not None:
        client.rpush("wakes", json.dumps([time.monotonic() + step.wake_in, step.token]))
    return step


@pytest.mark.slow
def test_eight_processes_use_the_limit_and_are_never_refused(
    referee: HttpReferee, redis_url: str, redis_client: redis.Redis
) -> None:
    budget = Budget(redis_client, FAST)
    budget.introduce(fresh=True)
    spawn = multiprocessing.get_context("spawn")
    ready, stop = spawn.Semaphore(0), spawn.Event()
    workers = [
        spawn.Process(target=work, args=(redis_url, referee.server_port, seed, ready, stop))
        for seed in range(8)
    ]
    for worker in workers:
        worker.start()
    for _ in workers:
        assert ready.acquire(timeout=60)

    names = [f"run:{n}" for n in range(200)]
    publish(redis_client, budget.enqueue(KEY, [Ticket(name, "a") for name in names]))
    time.sleep(19)
    stop.set()
    for worker in workers:
        worker.join(10)

    assert [worker.exitcode for worker in workers] == [0] * 8
    assert referee.refused == 0
    assert len({name for name, _ in referee.accepted}) == len(referee.accepted)
    assert len(referee.accepted) > 60
    assert steady_share(referee.arrivals, 20, 6.0) > 0.97
