"""Compare limiters: the share of Expensify's call limit that each uses, and how often it gets a 429.

    python -m benchmarks.budget                                  ten times the real speed, about four minutes
    python -m benchmarks.budget race --speed 1 --minutes 5       true speed, 5 minutes for each load of each contender
    python -m benchmarks.budget engine --speed 1 --minutes 5     the whole portal: Celery, database, sandbox
    python -m benchmarks.budget many --speed 1                   fifty credentials at once
    python -m benchmarks.budget scale                            cost of 10,000 credentials in Redis, and of a sweep

In the race eight processes share one credential and call an HTTP server that counts arrivals in sliding windows.
Minutes and waits are converted to the real limits at any speed.
"""

import argparse
import multiprocessing
import random
import time
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

import redis

from benchmarks.budget.contenders import CONTENDERS, Race, save_ours
from benchmarks.budget.engine import MODELS, engine, many, tick
from benchmarks.budget.scale import scale
from expensify.budget.budget import Budget
from tests.expensify.budget.referees import HttpReferee, steady_share
from tests.servers import RedisServer

WORKERS = 8
HEADS = ("", "of limit", "429s", "overtaken", "trips/call", "| wait p50", "p95", "429s")


@dataclass(frozen=True)
class Outcome:
    share: float
    refused: int
    overtaken: float
    trips: float
    waits: list[float]


def race(name: str, speed: int, minutes: float, load: float | None) -> Outcome:
    """Run one contender, with a backlog from the start or, with `load`, random jobs for that share of the limit."""
    work, save = CONTENDERS[name]
    budgets, queues = RedisServer().start(), RedisServer().start()
    span = minutes * 60 / speed
    capacity = round(20 * minutes)
    settings = Race(speed, budgets.url, queues.url, 0, 0)
    with HttpReferee(settings.windows).serving() as referee:
        if save is save_ours:
            Budget(redis.Redis.from_url(budgets.url), settings.limits).introduce(fresh=True)
        start = time.monotonic() + 3  # Processes need that long to start.
        settings = Race(speed, budgets.url, queues.url, referee.server_port, start + span)
        spawn = multiprocessing.get_context("spawn")
        workers = [spawn.Process(target=work, args=(settings, seed), daemon=True) for seed in range(WORKERS)]
        for worker in workers:
            worker.start()
        time.sleep(max(0.0, start - time.monotonic()))
        saved: dict[str, float] = {}

        def put(*names: str) -> None:
            saved.update(dict.fromkeys(names, time.monotonic()))
            save(settings, list(names))

        if load is None:
            put(*(f"run:{n}" for n in range(capacity * 2)))
        else:
            draw, n = random.Random(1), 0
            while settings.left > 10 / speed:
                put(f"run:{n}")
                n += 1
                time.sleep(draw.expovariate(load * speed * 20 / 60))
        for worker in workers:
            worker.join(max(settings.left, 0) + 120 / speed)
            worker.kill()
    queue: Any = redis.Redis.from_url(queues.url)
    trips = int(queue.get("trips") or 0)
    if save is save_ours:
        trips += 1 if load is None else len(saved)
    budgets.remove()
    queues.remove()
    calls = len(referee.accepted)
    return Outcome(
        share=steady_share(referee.arrivals, 20, 60 / speed),
        refused=referee.refused,
        overtaken=overtaken(referee.accepted, 0.15 / speed) / calls,
        trips=trips / calls,
        waits=[(at - saved[name]) * speed for name, at in referee.accepted],
    )


def overtaken(accepted: list[tuple[str, float]], latency: float) -> int:
    """Number of calls that a later job overtook, beyond the network's latency."""
    count, arrivals = 0, [(int(name.split(":")[1]), at) for name, at in accepted]
    for i, (number, at) in enumerate(arrivals):
        count += any(other > number and earlier < at - latency - 0.02 for other, earlier in arrivals[:i])
    return count


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="benchmarks.budget"
    )
    parser.add_argument("section", nargs="?", choices=("race", "scale", "engine", "many"))
    parser.add_argument("--speed", type=int, choices=(1, 2, 5, 10), default=10, help="times the real limits")
    parser.add_argument("--minutes", type=float, default=4, help="of the real limits, for each load")
    parser.add_argument("--credentials", type=int, help="10000 to measure the scale, or 50 with backlogs at once")
    parser.add_argument("--only", choices=(*CONTENDERS, *MODELS), help="one contender, or one way to count")
    options = parser.parse_args()
    if options.section in (None, "race"):
        compare([options.only] if options.only else list(CONTENDERS), options.speed, options.minutes)
    if options.section in (None, "scale"):
        scale(options.credentials or 10_000)
    if options.section == "scale":
        tick(options.credentials or 10_000)
    if options.section == "engine":
        engine(options.speed, options.minutes, [options.only] if options.only else list(MODELS))
    if options.section == "many":
        many(options.speed, options.minutes, options.credentials or 50)


def compare(names: list[str], speed: int, minutes: float) -> None:
    print(f"{WORKERS} processes, one credential, {speed} x speed, {minutes:g} minutes a load.")
    print("Left: a backlog from the start. Right: jobs at random, 80 % of the limit; waits in seconds.\n")
    print("{:<22} {:>9} {:>6} {:>10} {:>11} {:>11} {:>6} {:>6}".format(*HEADS))
    for name in names:
        backlog = race(name, speed, minutes, None)
        random_jobs = race(name, speed, minutes, 0.8)
        cuts = quantiles(random_jobs.waits, n=20)
        print(
            f"{name:<22} {backlog.share:>9.1%} {backlog.refused:>6} {backlog.overtaken:>10.0%} {backlog.trips:>11.1f} "
            f"| {cuts[9]:>9.2f} {cuts[18]:>6.1f} {random_jobs.refused:>6}",
            flush=True,
        )


if __name__ == "__main__":
    main()
