"""One load on the whole portal: real runs in a database, Celery workers, and an HTTP server that counts calls.

`benchmarks.budget.engine` runs it, with the settings of a new installation in its environment. It prints one line.
"""

import argparse
import json
import os
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import takewhile
from pathlib import Path
from statistics import quantiles
from typing import Any

import django
import redis

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from django_scopes import scope

from accounts.audit.record import PORTAL
from accounts.models import Credential, Team, User
from expensify.budget.limits import Limits
from expensify.pair import KeyPair
from exports.models import ApiCall, Run, SavedExport
from exports.runs import actions as runs
from exports.runs import heartbeat, queue, tasks
from exports.saved_exports import actions as saved_exports
from exports.saved_exports.job import ExportSettings
from sandbox.app import Sandbox
from sandbox.choices import Choices
from tests.expensify.budget.referees import steady_share
from tests.waiting import wait_until
from tests.workers import Processes

PROCESSES = 8
JITTER = 0.15  # seconds each way, at real speed
MODELS = {
    "sliding log": Choices(limit_model="sliding"),
    "fixed windows": Choices(limit_model="fixed"),
    "strict bucket": Choices(limit_model="leaky", limits=((5, 15.0),)),
}
TEMPLATE = "<#list reports as report>${report.reportID}<#lt>\n</#list>"


def delayed(app: Callable[..., Iterable[bytes]], longest: float) -> Callable[..., Iterable[bytes]]:
    """The server behind a network with up to `longest` seconds latency each way."""
    draw = random.Random(1)

    def answer(environ: Any, start_response: Any) -> Iterable[bytes]:
        time.sleep(draw.uniform(0, longest))
        body = list(app(environ, start_response))
        time.sleep(draw.uniform(0, longest))
        return body

    return answer


def make_export(sandbox: Sandbox, team: Team, by: User, number: int) -> SavedExport:
    """A saved export with its own credential, and so its own budget."""
    pair = KeyPair(f"aa_{number}", "s" * 40)
    sandbox.add_pair(pair.partner_user_id, pair.partner_user_secret)
    credential = Credential(team=team, name=f"Pair {number}")
    credential.take_pair(pair, timezone.now())
    credential.status = Credential.Status.WORKING
    credential.save()
    export_settings = ExportSettings(policy_ids=[], report_ids=["50352738"], states=[], email_recipients=[])
    export = SavedExport(team=team, credential=credential, name=f"Export {number}")
    return saved_exports.save(export, settings=export_settings, template=TEMPLATE, sftp_password=None, by=by)


def enqueue_backlog(exports: list[SavedExport], count: int) -> None:
    """Start `count` runs of each export, one export after another."""
    for export in exports:
        for _ in range(count):
            runs.start(export, by=PORTAL, source=Run.Source.COMMAND)
    for wake in queue.sweep():  # All are in the queue before the first worker starts.
        tasks.wake_worker(wake)


def start_at_random(exports: list[SavedExport], speed: int, span: float, load: float) -> None:
    """Start runs at random times, for that share of the limits; each makes two calls."""
    draw, end = random.Random(2), time.monotonic() + span
    while time.monotonic() < end:
        runs.start(draw.choice(exports), by=PORTAL, source=Run.Source.COMMAND)
        time.sleep(draw.expovariate(load * len(exports) * speed * 20 / 60 / 2))


def overtaken(latency: float) -> int:
    """Number of runs that a later run of the same credential overtook, beyond the latency."""
    first_calls: dict[int, list[tuple[int, float]]] = defaultdict(list)
    calls = ApiCall.objects.filter(kind="generate").order_by("sent_at")
    for credential, run, sent_at in calls.values_list("credential_id", "run_id", "sent_at"):
        first_calls[credential].append((run, sent_at.timestamp()))
    return sum(
        any(other > run and earlier < sent - latency for other, earlier in order[:i])
        for order in first_calls.values()
        for i, (run, sent) in enumerate(order)
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", choices=MODELS, required=True)
    parser.add_argument("--load", type=float, default=None)
    parser.add_argument("--speed", type=int, required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--credentials", type=int, required=True)
    options = parser.parse_args()
    speed, span = options.speed, options.minutes * 60 / options.speed
    capacity = sum(1 for _ in takewhile(lambda at: at < options.minutes * 60, Limits(margin=0).upcoming()))

    call_command("migrate", verbosity=0)
    client: Any = redis.Redis.from_url(settings.REDIS_URL)
    queue.budget().introduce(fresh=True)
    sandbox = Sandbox(choices=MODELS[options.model].faster(speed))
    sandbox.wsgi = delayed(sandbox.wsgi, JITTER / speed)
    team = Team.objects.create(name="Acme", slug="acme", time_zone="UTC")
    by = User.objects.create_user("alice@acme.example", "x" * 30)
    with sandbox.serve() as served, scope(team=team):
        exports = [make_export(sandbox, team, by, number) for number in range(options.credentials)]
        if options.load is None:
            enqueue_backlog(exports, capacity // 2 + 3)
        portal = Processes(Path(settings.VAR_DIR), EXPENSIFY_URL=served.url)
        try:
            portal.worker(processes=PROCESSES)
            portal.beat()
            wait_until(heartbeat.is_fresh, seconds=180)
            client.config_resetstat()
            if options.load is None:
                wait_until(lambda: sandbox.log, seconds=180)
                time.sleep(max(0.0, sandbox.log[0].at + span - sandbox.clock()))
            else:
                start_at_random(exports, speed, span, options.load)
                wait_until(lambda: not Run.objects.unfinished().exists(), seconds=60 + 120 / speed)
            arrivals = list(sandbox.log)
            trips = client.info("commandstats")
        finally:
            portal.stop()
        by_pair: dict[str, list[float]] = defaultdict(list)
        for arrival in arrivals:
            by_pair[arrival.pair].append(arrival.at)
        waits = [
            (sent_at - created_at).total_seconds() * speed
            for sent_at, created_at in ApiCall.objects.filter(kind="generate").values_list("sent_at", "run__created_at")
        ]
        cuts = quantiles(waits, n=20)
        shares = [steady_share(at, 20, 60 / speed) for at in by_pair.values() if len(at) > 20]
        evals = sum(trips.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("eval", "evalsha", "hmget"))
        print(
            json.dumps(
                {
                    "share": sum(shares) / len(shares) if shares else None,
                    "used": len(arrivals) / (capacity * len(exports)),
                    "calls": len(arrivals),
                    "refused": sandbox.refused,
                    "overtaken": overtaken(JITTER / speed + 0.05),
                    "trips": evals / len(arrivals),
                    "p50": cuts[9],
                    "p95": cuts[18],
                }
            )
        )


if __name__ == "__main__":
    main()
