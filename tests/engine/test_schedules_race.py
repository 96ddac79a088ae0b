"""Many processes that start the same schedules at once: each due time has one occurrence and one run."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django_scopes import scope, scopes_disabled

from accounts import clock
from accounts.audit.verify import faults
from accounts.models import AuditChain, AuditEntry, Team, User
from exports.models import Occurrence, Run, Schedule
from tests.exports.schedules.scheduled import DAILY, make_daily_schedule
from tests.factories import make_credential, make_export, make_member
from tests.waiting import wait_until
from tests.workers import Processes

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PROCESSES, SCHEDULES, ROUNDS = 4, 30, 6


def test_each_due_time_starts_once_whoever_starts_it(
    acme: Team, umbrella: Team, alice: User, budget: object, tmp_path: Path
) -> None:
    charlie = make_member(umbrella, "Charlie", "admin")  # type: ignore[arg-type]
    for team, user in ((acme, alice), (umbrella, charlie)):
        with scope(team=team):
            export = make_export(make_credential(team), user)
            for number in range(SCHEDULES):
                make_daily_schedule(
                    export, user, f"Number {number}", next_at=None, rule=DAILY | {"ends_on": "2020-01-01"}
                )
    processes = Processes(tmp_path)
    for number in range(PROCESSES):
        processes.start("-m", "tests.engine.starting", log=f"{number}.log")

    with scopes_disabled():
        try:
            for _ in range(ROUNDS):
                one_round()
        finally:
            processes.stop()
        runs = Counter(Occurrence.objects.values_list("schedule_id", flat=True))
        told = AuditEntry.objects.filter(action="run started").count()
        assert processes.logs().strip() == ""
        assert runs == Counter(dict.fromkeys(Schedule.objects.values_list("pk", flat=True), ROUNDS))
        assert Run.objects.count() == told == 2 * SCHEDULES * ROUNDS
        assert Run.objects.filter(occurrence=None).count() == 0
        assert [fault for chain in AuditChain.objects.all() for fault in faults(chain)] == []


def one_round() -> None:
    """All come due at once, are started by whoever is quickest, and their runs are over."""
    due_at = clock.now() - timedelta(seconds=1)
    Schedule.objects.update(next_at=due_at)
    wait_until(lambda: Occurrence.objects.filter(due_at=due_at).count() >= 2 * SCHEDULES, every=0.02)
    Occurrence.objects.filter(due_at=due_at).update(settled_at=clock.now())
