"""Cost of a budget in Redis: microseconds of the server per call, bytes per credential."""

from typing import Any

import redis

from expensify.budget.budget import Budget, Ticket
from expensify.budget.limits import Limits
from expensify.budget.permit import Permit
from tests.servers import RedisServer


def scale(credentials: int) -> None:
    server = RedisServer().start()
    client: Any = redis.Redis.from_url(server.url)
    budget = Budget(client, Limits())
    budget.introduce(fresh=True)
    keys = [f"{n:020x}" for n in range(credentials)]

    def memory() -> int:
        return int(client.info("memory")["used_memory"])

    def report(label: str, empty: int, count: int) -> None:
        micro = client.info("commandstats")["cmdstat_evalsha"]["usec_per_call"]
        print(f"  {label:<36} {micro:>8.1f} µs {(memory() - empty) / count:>8.0f} bytes each")
        client.config_resetstat()

    empty = memory()
    print(f"\nRedis {client.info('server')['redis_version']}, {credentials:,} credentials, one round trip each:")
    client.config_resetstat()
    for key in keys:
        budget.enqueue(key, [Ticket(f"run:{n}", "export:1", calls=2) for n in range(7)])
    report("enqueue seven runs", empty, credentials)
    permits: dict[str, Permit] = {}
    for _ in range(5):
        for key in keys:
            permit = budget.step(key, pop=True).permit
            if permit is not None:
                permits[key] = permit
    report("pop, granted", empty, credentials)
    for key in keys:
        budget.step(key, pop=True)
    report("pop, too early", empty, credentials)
    for key, permit in permits.items():
        permit.answered()
        budget.step(key, done=permit.done, enqueue=Ticket("run:4", "export:1", order=1.0), pop=True)
    report("answer + enqueue + pop", empty, credentials)
    for start in range(0, credentials, 50):
        budget.usages(keys[start : start + 50])
    report("usage of fifty", empty, credentials)
    for key in keys:
        budget.remove(key, [f"run:{n}" for n in range(7)])
    report("remove seven; the log alone is left", empty, credentials)

    line, empty = "f" * 20, memory()
    budget.enqueue(line, [Ticket(f"run:{n}", f"export:{n % 40}", calls=2) for n in range(5000)])
    client.config_resetstat()
    for start in range(0, 5000, 50):
        budget.places(line, [f"run:{n}" for n in range(start, start + 50)])
    print("one line of 5,000 runs:")
    report("places of fifty", empty, 5000)
    for n in range(1000):
        budget.enqueue(line, Ticket(f"late:{n}", "export:1"))
    report("enqueue one", empty, 6000)
    server.remove()
