"""What a sweep costs on an installation of so many credentials; prints one line of JSON, see `engine.installed`."""

import json
import sys
import time
from statistics import median

import django
import redis

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


def credential(team: Team, number: int) -> Credential:
    made = Credential(team=team, name=f"Pair {number}")
    made.take_pair(KeyPair(f"aa_{number}", "s" * 40), timezone.now())
    made.status = Credential.Status.WORKING
    return made


def main(credentials: int, busy: int) -> None:
    call_command("migrate", verbosity=0)
    queue.budget().introduce(fresh=True)
    team = Team.objects.create(name="Acme", slug="acme", time_zone="UTC")
    by = User.objects.create_user("alice@acme.example", "x" * 30)
    with scope(team=team):
        Credential.objects.bulk_create([credential(team, n) for n in range(credentials)], batch_size=500)
        first = Credential.objects.order_by("pk").first()
        asked = ExportSettings(policy_ids=[], report_ids=["1"], states=[], email_recipients=[])
        export = SavedExport(team=team, credential=first, name="Export")
        saved_exports.save(export, settings=asked, template="x", sftp_password=None, by=by)
        run = runs.start(export, by=PORTAL)
        fields = {field.attname: getattr(run, field.attname) for field in Run._meta.concrete_fields}
        Run.objects.filter(pk=run.pk).delete() if not busy else None
        of = Credential.objects.order_by("pk").values_list("pk", flat=True)[:busy]
        rows = [Run(**fields | {"id": None, "credential_id": pk}) for pk in of for _ in range(RUNS)]
        Run.objects.bulk_create(rows, batch_size=500)
        queue.sweep()

        client = redis.Redis.from_url(settings.REDIS_URL)
        client.config_resetstat()
        took = []
        for _ in range(REPEATS):
            with CaptureQueriesContext(connection) as captured:
                started = time.perf_counter()
                queue.sweep()
                took.append(time.perf_counter() - started)
        stats = client.info("commandstats")
    trips = sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("evalsha", "hmget"))
    found = {"milliseconds": median(took) * 1000, "queries": len(captured), "trips": trips // REPEATS}
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
