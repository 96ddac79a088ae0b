"""The budget inside Celery: eight worker processes execute real runs against servers that count in different ways.

Shares are of the published limit; waits are converted to the real limits at any speed.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from expensify.budget.limits import Limits
from tests.servers import RedisServer

ROOT = Path(__file__).resolve().parents[2]
MODELS = ("sliding log", "fixed windows", "strict bucket")


def engine(speed: int, minutes: float, models: list[str]) -> None:
    """Measure a backlog, then a load of 80 %, on one credential."""
    print(f"\nInside Celery: 8 worker processes, one credential, {speed} x speed, 0-150 ms each way,")
    print(f"{minutes:g} minutes a load. Left: a backlog. Right: runs at random, 80 % of the limit; waits in s.\n")
    print("{:<16} {:>9} {:>6} {:>10} {:>11} | {:>8} {:>8} {:>6} {:>10}".format(
        "server", "of limit", "429s", "overtaken", "trips/call", "wait p50", "p95", "429s", "overtaken"
    ))  # fmt: skip
    for model in models:
        full = measure_load(model, speed, minutes, 1, None)
        print(
            f"{model:<16} {full['share']:>9.1%} {full['refused']:>6} {full['overtaken']:>10} {full['trips']:>11.1f}",
            end=" | ",
            flush=True,
        )
        load = measure_load(model, speed, minutes, 1, 0.8)
        print(f"{load['p50']:>8.2f} {load['p95']:>8.1f} {load['refused']:>6} {load['overtaken']:>10}", flush=True)


def many(speed: int, minutes: float, credentials: int) -> None:
    """Measure many credentials with backlogs at once: the used share of all their limits."""
    results = measure_load("sliding log", speed, minutes, credentials, None)
    print(
        f"\n{credentials} credentials with a backlog each, 8 worker processes, {speed} x speed, {minutes:g} minutes: "
        f"{results['used']:.1%} of all budgets used, {results['calls']} calls, {results['refused']} 429s, "
        f"{results['trips']:.1f} trips a call",
        flush=True,
    )


def tick(credentials: int) -> None:
    """Measure beat's periodic sweep."""
    print(f"\nOne sweep, {credentials:,} credentials, a hundred runs of each busy one in line:")
    for busy in (0, 100, 1000):
        results = run_installed("benchmarks.budget.tick", credentials, busy)
        print(
            f"  {busy:>5,} busy {results['milliseconds']:>10.1f} ms {results['queries']:>6} queries "
            f"{results['trips']:>7} trips",
            flush=True,
        )


def measure_load(model: str, speed: int, minutes: float, credentials: int, load: float | None) -> dict[str, Any]:
    """Results of one load on a new installation."""
    arguments = ["--model", model, "--speed", speed, "--minutes", minutes, "--credentials", credentials]
    if load is not None:
        arguments += ["--load", load]
    return run_installed("benchmarks.budget.load", *arguments, speed=speed)


def run_installed(module: str, *arguments: object, speed: int = 1) -> dict[str, Any]:
    """Results of a module in its own process, with a new Redis, and with SQLite or the database in DATABASE_URL."""
    server, folder = RedisServer().start(), tempfile.mkdtemp(prefix="portal-benchmark-")
    limits = ",".join(f"{calls}/{seconds / speed:g}s" for calls, seconds in Limits().windows)
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DEMO": "yes",
        "SECRET_KEY": "demo-benchmark-" + "k" * 50,
        "CREDENTIAL_KEYS": "demo" + "A" * 39 + "=",
        "LOG_LEVEL": "ERROR",
        "REDIS_URL": server.url,
        "VAR_DIR": folder,
        "EXPENSIFY_LIMITS": limits,
    }
    try:
        process = subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    finally:
        server.remove()
        shutil.rmtree(folder, ignore_errors=True)
    results: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    return results
