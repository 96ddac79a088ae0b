"""The budget inside Celery: eight worker processes drive real runs, against each way a server could count.

Shares are of the published limit; waits are those of the real limits, whatever the speed.
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
    """A backlog, then a load of 80 %, on one credential."""
    print(f"\nInside Celery: 8 worker processes, one credential, {speed} x speed, 0-150 ms each way,")
    print(
        f"{minutes:g} minutes a load. Left: a backlog. Right: runs at random, 80 % of the limit; waits in s.\n"
    )
    print("{:<16} {:>9} {:>6} {:>10} {:>11} | {:>8} {:>8} {:>6} {:>10}".format(
        "server", "of limit", "429s", "overtaken", "trips/call", "wait p50", "p95", "429s", "overtaken"
    ))  # fmt: skip
    for model in models:
        full = measured(model, speed, minutes, 1, None)
        print(
            f"{model:<16} {full['share']:>9.1%} {full['refused']:>6} {full['overtaken']:>10} {full['trips']:>11.1f}",
            end=" | ",
            flush=True,
        )
        open_ = measured(model, speed, minutes, 1, 0.8)
        print(
            f"{open_['p50']:>8.2f} {open_['p95']:>8.1f} {open_['refused']:>6} {open_['overtaken']:>10}",
            flush=True,
        )


def many(speed: int, minutes: float, credentials: int) -> None:
    """Many credentials with bulk backlogs at once; what they used of all that their limits allow."""
    found = measured("sliding log", speed, minutes, credentials, None)
    print(
        f"\n{credentials} credentials with a backlog each, 8 worker processes, {speed} x speed, {minutes:g} minutes: "
        f"{found['used']:.1%} of all budgets used, {found['calls']} calls, {found['refused']} 429s, "
        f"{found['trips']:.1f} trips a call",
        flush=True,
    )


def tick(credentials: int) -> None:
    """What beat's sweep costs every few seconds."""
    print(f"\nOne sweep, {credentials:,} credentials, a hundred runs of each busy one in line:")
    for busy in (0, 100, 1000):
        found = installed("benchmarks.budget.tick", credentials, busy)
        print(
            f"  {busy:>5,} busy {found['milliseconds']:>10.1f} ms {found['queries']:>6} queries "
            f"{found['trips']:>7} trips",
            flush=True,
        )


def measured(model: str, speed: int, minutes: float, credentials: int, load: float | None) -> dict[str, Any]:
    """One load on a new installation."""
    arguments = ["--model", model, "--speed", speed, "--minutes", minutes, "--credentials", credentials]
    if load is not None:
        arguments += ["--load", load]
    return installed("benchmarks.budget.load", *arguments, speed=speed)


def installed(module: str, *arguments: object, speed: int = 1) -> dict[str, Any]:
    """What a module says in a process of its own: over a new Redis, and SQLite or the database of DATABASE_URL."""
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
    return json.loads(process.stdout.splitlines()[-1])
