"""`python -m tests.chaos`: a campaign with everything it needs, started and removed again. script/chaos calls it."""

import argparse
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

import django

from tests.chaos.disk import Disk
from tests.servers import RedisServer

DISK_MEGABYTES = 512


def main() -> int:
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="portal-chaos-"))
    (folder / "var").mkdir()
    disk = Disk(folder / "var", DISK_MEGABYTES)
    redis = RedisServer().start()
    postgres = None
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "VAR_DIR": str(folder / "var"),
        "REDIS_URL": redis.url,
        "DATABASE_URL": f"sqlite:///{folder / 'portal.sqlite3'}",
    }
    if options.engine == "postgres":
        from tests.chaos.postgres import PostgresServer

        postgres = PostgresServer().start()
        os.environ["DATABASE_URL"] = postgres.url
    django.setup()
    from django.core.management import call_command

    from exports import dispatch
    from tests.chaos.campaign import Campaign, Plan

    call_command("migrate", verbosity=0)
    dispatch.budget().introduce(fresh=True)
    print(f"seed {options.seed}, {options.runs} runs on {options.engine}, logs in {folder}", flush=True)
    campaign = Campaign(
        Plan(runs=options.runs, seed=options.seed, engine=options.engine),
        folder,
        redis=redis,
        postgres=postgres,
        disk=disk,
    )
    held = False
    try:
        held = campaign.carry_out()
    finally:
        campaign.stop()
        redis.remove()
        if postgres is not None:
            postgres.remove()
        if held:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if held else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--engine", choices=["sqlite", "postgres"], default="sqlite")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
