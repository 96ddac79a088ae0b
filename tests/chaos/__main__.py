"""`python -m tests.chaos`: a campaign with everything it needs, started and removed again. script/chaos calls it."""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import django
from django.core.management import call_command

from tests.chaos.disk import Disk
from tests.chaos.postgres import PostgresServer
from tests.servers import RedisServer

DISK_MEGABYTES = 512


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is removed
    folder = Path(tempfile.mkdtemp(prefix="portal-chaos-"))
    (folder / "var").mkdir()
    disk = Disk(folder / "var", DISK_MEGABYTES)
    redis = RedisServer().start()
    postgres = PostgresServer().start() if options.engine == "postgres" else None
    held = False
    try:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "VAR_DIR": str(folder / "var"),
            "REDIS_URL": redis.url,
            "DATABASE_URL": postgres.url if postgres else f"sqlite:///{folder / 'portal.sqlite3'}",
        }
        django.setup()
        held = _campaign(options, folder, disk, redis, postgres)
    finally:
        redis.remove()
        if postgres is not None:
            postgres.remove()
        if held:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"The workers' logs are in {folder}")
    return 0 if held else 1


def _campaign(
    options: argparse.Namespace, folder: Path, disk: Disk, redis: RedisServer, postgres: PostgresServer | None
) -> bool:
    # The portal can be imported only now that its settings are known.
    from exports.runs import queue
    from tests.chaos.campaign import Campaign, Plan

    call_command("migrate", verbosity=0)
    queue.budget().introduce(fresh=True)
    print(f"seed {options.seed}, {options.runs} runs on {options.engine}", flush=True)
    campaign = Campaign(
        Plan(runs=options.runs, seed=options.seed, every=1.5 if options.runs >= 100 else 0.8),
        folder,
        redis=redis,
        postgres=postgres,
        disk=disk,
    )
    try:
        return campaign.carry_out()
    finally:
        campaign.stop()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/chaos", description="The portal under real trouble.")
    parser.add_argument("--runs", type=int, default=500, help="how many people start (default: 500)")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="of everything that is drawn")
    parser.add_argument("--engine", choices=["sqlite", "postgres"], default="sqlite")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
