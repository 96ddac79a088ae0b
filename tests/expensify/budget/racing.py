"""One process of the race for a budget: it shares nothing with the others but Redis and the queue of wakes."""

import json
import random
import time
from http.client import HTTPConnection
from multiprocessing.synchronize import Event, Semaphore

import redis

from expensify.budget.budget import Budget, Decision, Ticket
from expensify.budget.limits import Limits
from expensify.errors import PermitExpired
from tests.expensify.budget.office import KEY

# Forty times the real speed. A call counts from its answer, however long a busy machine takes to send it: the referee
# looks at the arrivals, and no promise about speed is part of what it judges.
FAST = Limits(((5, 0.25), (20, 1.5)), margin=0.005, unanswered=90.0, slack_step=0.05, slack_most=0.2)


def work(redis_url: str, port: int, seed: int, ready: Semaphore, stop: Event) -> None:
    """Take a wake from the queue, wait for its time, and call as long as calls are granted."""
    draw = random.Random(seed)
    client = redis.Redis.from_url(redis_url)
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
            except PermitExpired:  # this machine was busy with something else for half a minute
                again = Ticket(step.ticket, "a", order=step.order)
                step = publish(client, budget.step(KEY, done=step.permit.done, enqueue=again, pop=True))
                continue
            time.sleep(draw.uniform(0, 0.015))
            http.request("POST", "/", step.ticket)
            answer = http.getresponse()
            answer.read()
            time.sleep(draw.uniform(0, 0.015))
            step.permit.answered() if answer.status == 200 else step.permit.refused()
            step = publish(client, budget.step(KEY, done=step.permit.done, pop=True))


def publish(client: redis.Redis, step: Decision) -> Decision:
    if step.wake_in is not None:
        client.rpush("wakes", json.dumps([time.monotonic() + step.wake_in, step.token]))
    return step
