"""Eight processes, one budget, real time and real requests, to a referee that counts arrivals by its own clock."""

import multiprocessing
from collections.abc import Iterator

import pytest
import redis

from expensify.budget.budget import Budget, Ticket
from tests.expensify.budget.office import KEY
from tests.expensify.budget.racing import FAST, publish, work
from tests.expensify.budget.referees import HttpReferee
from tests.waiting import PATIENCE, wait_until


@pytest.fixture
def referee() -> Iterator[HttpReferee]:
    with HttpReferee(FAST.windows).serving() as referee:
        yield referee


def test_eight_processes_make_every_call_once_and_are_never_refused(
    referee: HttpReferee, redis_url: str, redis_client: redis.Redis
) -> None:
    """What they use of the limit depends on the machine: `python -m benchmarks.budget race` tells."""
    budget = Budget(redis_client, FAST)
    budget.introduce(fresh=True)
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.expensify.budget.racing"])
    ready, stop = processes.Semaphore(0), processes.Event()
    workers = [
        processes.Process(target=work, args=(redis_url, referee.server_port, seed, ready, stop), daemon=True)
        for seed in range(8)
    ]
    for worker in workers:
        worker.start()
    for _ in workers:
        assert ready.acquire(timeout=PATIENCE)

    names = [f"run:{n}" for n in range(60)]
    publish(redis_client, budget.enqueue(KEY, [Ticket(name, "a") for name in names]))
    wait_until(lambda: referee.refused or len(referee.accepted) >= len(names))
    stop.set()
    for worker in workers:
        worker.join(PATIENCE)

    assert [worker.exitcode for worker in workers] == [0] * 8
    assert referee.refused == 0
    assert sorted(name for name, _ in referee.accepted) == sorted(names)
