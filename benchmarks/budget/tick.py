"""Cost of a sweep with many credentials; prints one line of JSON for `engine.run_installed`."""

import json
import os
import sys
import time
from statistics import median
from typing import Any

import django
import redis

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_scopes import scope

from accounts.audit.record import PORTAL
from accounts.models import Credential, Team, User
from expensify.pair import KeyPair
from exports.models import Run, SavedExport
from exports.runs import actions as runs
from exports.runs import queue
from exports.saved_exports import actions as saved_exports
from exports.saved_exports.job import ExportSettings

RUNS = 100
REPEATS = 5


def unsaved_credential(team: Team, number: int) -> Credential:
    credential = Credential(team=team, name=f"Pair {number}")
    credential.take_pair(KeyPair(f"aa_{number}", "s" * 40), timezone.now())
    credential.status = Credential.Status.WORKING
    return credential


def main(credentials: int, busy: int) -> None:
    call_command("migrate", verbosity=0)
    queue.budget().introduce(fresh=True)
    team = Team.objects.create(name="Acme", slug="acme", time_zone="UTC")
    by = User.objects.create_user("alice@acme.example", "x" * 30)
    with scope(team=team):
        Credential.objects.bulk_create([unsaved_credential(team, n) for n in range(credentials)], batch_size=500)
        first = Credential.objects.order_by("pk").first()
        export_settings = ExportSettings(policy_ids=[], report_ids=["1"], states=[], email_recipients=[])
        export = SavedExport(team=team, credential=first, name="Export")
        saved_exports.save(export, settings=export_settings, template="x", sftp_password=None, by=by)
        run = runs.start(export, by=PORTAL)
        fields = {field.attname: getattr(run, field.attname) for field in Run._meta.concrete_fields}
        Run.objects.filter(pk=run.pk).delete() if not busy else None
        pks = Credential.objects.order_by("pk").values_list("pk", flat=True)[:busy]
        rows = [Run(**fields | {"id": None, "credential_id": pk}) for pk in pks for _ in range(RUNS)]
        Run.objects.bulk_create(rows, batch_size=500)
        queue.sweep()

        client: Any = redis.Redis.from_url(settings.REDIS_URL)
        client.config_resetstat()
        times = []
        for _ in range(REPEATS):
            with CaptureQueriesContext(connection) as captured:
                started = time.perf_counter()
                queue.sweep()
                times.append(time.perf_counter() - started)
        stats = client.info("commandstats")
    trips = sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("evalsha", "hmget"))
    results = {"milliseconds": median(times) * 1000, "queries": len(captured), "trips": trips // REPEATS}
    print(json.dumps(results))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
