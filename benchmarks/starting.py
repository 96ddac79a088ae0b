"""10,000 schedules due in the same minute: how soon real workers have started each of them, once.

    script/postgres .venv/bin/python -m benchmarks.starting [schedules] [teams] [more that are not due]

Beat and a worker of two processes start them; then it says what a tick costs when nothing is due, and how the sweep of
runs and the settling cope with as many runs at rest.
"""

import sys
import tempfile
import time
from collections.abc import Callable
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
from tests.conftest import TEMPLATE
from tests.workers import Processes


def make(schedules: int, teams: int, at_rest: int) -> datetime:
    """Teams with an export for every ten schedules; all due at one instant, which has just been."""
    due_at = clock.now().replace(second=0, microsecond=0)
    rule = Rule(RuleKind.DAILY, times=(due_at.time(),), zone="UTC").to_json()
    mail = MailSettings().to_json()
    each, resting = schedules // teams, at_rest // teams
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
            for place in range(max(each // 10, 1))
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
                    # At rest until the workers stand ready.
                    next_at=due_at + timedelta(days=1 + place % 300),
                )
                for place in range(each + resting)
            ],
            batch_size=2000,
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return due_at


def come_due(schedules: int, teams: int, due_at: datetime) -> None:
    for team in Team.objects.all():
        ids = list(team.schedules.order_by("pk").values_list("pk", flat=True)[: schedules // teams])
        Schedule.objects.filter(pk__in=ids).update(next_at=due_at)


def tick(label: str) -> None:
    now = clock.now() - timedelta(days=400)
    best = min(_seconds(lambda: start_due.start_due(now)) for _ in range(20))
    print(f"  a tick with nothing due, {label}: {best * 1000:.1f} ms")


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main(schedules: int = 10_000, teams: int = 20, others: int = 0) -> None:
    with stage.database() as database, scopes_disabled():
        print(f"{database}: {schedules:,} schedules of {teams} teams, {others:,} more that are not due")
        tick("no schedules at all")
        due_at = make(schedules, teams, others)
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
    come_due(schedules, teams, due_at)
    began = time.perf_counter()
    while (started := Occurrence.objects.count()) < schedules and time.perf_counter() - began < 300:
        time.sleep(0.25)
    seconds = time.perf_counter() - began
    print(f"  {started:,} started in {seconds:.1f} s after they came due, {started / seconds:,.0f} a second")
    in_line = _lined_up()
    print(f"  all that may call now, {in_line:,}, in their lines after {time.perf_counter() - began:.1f} s")


def report() -> None:
    twice = Occurrence.objects.values("schedule", "due_at").annotate(times=Count("pk")).filter(times__gt=1)
    broken = [sentence for chain in AuditChain.objects.all() for sentence in faults(chain)]
    print(f"  started twice: {twice.count()}; faults of the audit chains: {len(broken)}")
    resting = Run.objects.resting().count()
    queue.sweep()
    print(f"  sweep of runs with {resting:,} at rest: {_seconds(queue.sweep) * 1000:.0f} ms")
    settle = _seconds(lambda: finish.settle_ended(clock.now()))
    print(f"  settling with none ended: {settle * 1000:.0f} ms")
    tick("all under way")


def _lined_up() -> int:
    give_up = time.monotonic() + 120
    while True:
        runs = list(Run.objects.due(clock.now()).brief().select_related("credential"))
        found = len(queue.positions(runs))
        # A turn that is being taken at this moment is in no line.
        if found >= len(runs) - Team.objects.count() or time.monotonic() > give_up:
            return found
        time.sleep(1)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
