"""Response times of list pages, for a team with 100,000 runs and 1,000,000 audit entries.

    script/postgres python -m benchmarks.lists                   about five minutes, two of them to fill the tables
    script/postgres python -m benchmarks.lists --runs 20000 --entries 100000 --times 10

Each request passes the whole stack (middleware, door, view, template). There are five other teams beside Acme.
"""

import argparse
import time
from statistics import quantiles

from benchmarks import stage

# ruff: noqa: I001 — the stage comes first.
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks.lists.asking import pages
from benchmarks.lists.filling import fill


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="benchmarks.lists"
    )
    options.add_argument("--runs", type=int, default=100_000)
    options.add_argument("--entries", type=int, default=1_000_000)
    options.add_argument("--times", type=int, default=40)
    options.add_argument("--only", default="", help="only pages with this in their name")
    arguments = options.parse_args()
    with stage.database() as engine:
        if engine != "Postgres":
            raise SystemExit("Put `script/postgres` in front: large lists belong in Postgres.")
        started = time.monotonic()
        data = fill(arguments.runs, arguments.entries)
        print(
            f"{arguments.runs} runs, {arguments.entries} audit entries, created in {time.monotonic() - started:.0f} s"
        )
        # Without Django's test environment: its signal for every template costs more than the templates.
        client = Client(SERVER_NAME="localhost")
        client.force_login(data.people[0], backend="allauth.account.auth_backends.AuthenticationBackend")
        print(f"{'page':<60}{'queries':>8}{'p50':>9}{'p95':>9}")
        for name, url in pages(data):
            if arguments.only in name:
                measure(client, name, url, arguments.times)


def measure(client: Client, name: str, url: str, times: int) -> None:
    with CaptureQueriesContext(connection) as captured:
        seconds(client, url)
    queries = len(captured)
    cuts = quantiles([seconds(client, url) for _ in range(times)], n=20)
    print(f"{name:<60}{queries:>8}{cuts[9] * 1000:>6.0f} ms{cuts[18] * 1000:>6.0f} ms", flush=True)


def seconds(client: Client, url: str) -> float:
    start = time.perf_counter()
    response = client.get(url)
    elapsed = time.perf_counter() - start
    assert response.status_code == 200, f"{url}: {response.status_code}"
    return elapsed


if __name__ == "__main__":
    main()
