"""Time until real workers have started 10,000 schedules due in the same minute, each exactly once.

    script/postgres .venv/bin/python -m benchmarks.starting [schedules] [teams] [more that are not due]

Beat and a worker of two processes start them. It also measures a tick with nothing due, and the sweep of runs and the
settling of occurrences with as many resting runs.
"""

import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks import stage

# ruff: noqa: I001 — the stage comes first.
from django.db import connection
from django.db.models import Count
from django.utils import timezone
from django_scopes import scopes_disabled

from accounts import clock
from accounts.audit.verify import faults
from accounts.models import AuditChain, Credential, Membership, Team, User
from accounts.permissions import Role
from expensify.pair import KeyPair
from exports.runs import queue
from exports.saved_exports import actions as saved_exports
from exports.schedules import finish, start_due
from exports.saved_exports.job import ExportSettings
from exports.deliveries.settings import MailSettings
from exports.models import Occurrence, Run, SavedExport, Schedule
from exports.schedules.rules.rule import RuleKind, Rule
from tests.factories import TEMPLATE
from tests.workers import Processes


def create(schedules: int, teams: int, others: int) -> datetime:
    """Create teams with an export for every ten schedules. Returns the due time, which has just passed."""
    due_at = clock.now().replace(second=0, microsecond=0)
    rule = Rule(RuleKind.DAILY, times=(due_at.time(),), zone="UTC").to_json()
    mail = MailSettings().to_json()
    due, not_due = schedules // teams, others // teams
    for number in range(teams):
        team = Team.objects.create(name=f"Team {number}", slug=f"team-{number}")
        user = User.objects.create_user(f"admin@team-{number}.example", None)
        Membership.objects.create(team=team, user=user, role=Role.ADMIN)
        credential = Credential(team=team, name="Main", status=Credential.Status.WORKING)
        credential.take_pair(KeyPair(f"partner-{number}", "secret"), timezone.now())
        credential.save()
        exports = [
            saved_exports.save(
                SavedExport(team=team, credential=credential, name=f"Export {place}"),
                settings=ExportSettings(
                    policy_ids=[], report_ids=[], states=[], email_recipients=[], period="last_month"
                ),
                template=TEMPLATE,
                sftp_password=None,
                by=user,
            )
            for place in range(max(due // 10, 1))
        ]
        Schedule.objects.bulk_create(
            [
                Schedule(
                    team=team,
                    export=exports[place % len(exports)],
                    name=f"Schedule {place}",
                    owner=user,
                    owner_name=str(user),
                    rule=rule,
                    mail=mail,
                    # Later than now until the workers are ready.
                    next_at=due_at + timedelta(days=1 + place % 300),
                )
                for place in range(due + not_due)
            ],
            batch_size=2000,
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return due_at


def make_due(schedules: int, teams: int, due_at: datetime) -> None:
    for team in Team.objects.all():
        ids = list(team.schedules.order_by("pk").values_list("pk", flat=True)[: schedules // teams])
        Schedule.objects.filter(pk__in=ids).update(next_at=due_at)


def tick(label: str) -> None:
    now = clock.now() - timedelta(days=400)
    best = min(stage.seconds(lambda: start_due.start_due(now)) for _ in range(20))
    print(f"  a tick with nothing due, {label}: {best * 1000:.1f} ms")


def main(schedules: int = 10_000, teams: int = 20, others: int = 0) -> None:
    with stage.database() as database, scopes_disabled():
        print(f"{database}: {schedules:,} schedules of {teams} teams, {others:,} more that are not due")
        tick("no schedules at all")
        due_at = create(schedules, teams, others)
        tick(f"{schedules + others:,} that are not due")
        queue.budget().introduce(fresh=True)
        with tempfile.TemporaryDirectory() as folder:
            processes = Processes(Path(folder), LOG_LEVEL="WARNING")
            processes.worker(processes=2)
            processes.beat()
            time.sleep(8)
            try:
                measure(schedules, teams, due_at)
            finally:
                processes.stop()
        report()


def measure(schedules: int, teams: int, due_at: datetime) -> None:
    make_due(schedules, teams, due_at)
    began = time.perf_counter()
    while (started := Occurrence.objects.count()) < schedules and time.perf_counter() - began < 300:
        time.sleep(0.25)
    seconds = time.perf_counter() - began
    print(f"  {started:,} started in {seconds:.1f} s after they came due, {started / seconds:,.0f} a second")
    queued = _count_queued()
    print(f"  all that may call now, {queued:,}, in their queues after {time.perf_counter() - began:.1f} s")


def report() -> None:
    twice = Occurrence.objects.values("schedule", "due_at").annotate(times=Count("pk")).filter(times__gt=1)
    broken = [sentence for chain in AuditChain.objects.all() for sentence in faults(chain)]
    print(f"  started twice: {twice.count()}; faults of the audit chains: {len(broken)}")
    resting = Run.objects.resting().count()
    queue.sweep()
    print(f"  sweep of runs with {resting:,} at rest: {stage.seconds(queue.sweep) * 1000:.0f} ms")
    settling = stage.seconds(lambda: finish.settle_ended(clock.now()))
    print(f"  settling with none ended: {settling * 1000:.0f} ms")
    tick("all under way")


def _count_queued() -> int:
    give_up = time.monotonic() + 120
    while True:
        runs = list(Run.objects.due(clock.now()).brief().select_related("credential"))
        queued = len(queue.positions(runs))
        # A run that is calling at this moment is in no queue.
        if queued >= len(runs) - Team.objects.count() or time.monotonic() > give_up:
            return queued
        time.sleep(1)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
