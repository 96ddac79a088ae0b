"""What a tick reads: the database goes by the short indexes of what is due, not over every schedule there is."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django_scopes import scope, scopes_disabled

from accounts import clock
from accounts.audit.record import PORTAL
from accounts.models import MailStatus, Team, User
from exports.deliveries import summary
from exports.models import Delivery, Occurrence, SavedExport, Schedule
from exports.runs import actions as runs
from exports.schedules import finish
from tests.exports.schedules.scheduled import DAILY, make_daily_schedule
from tests.factories import make_recipient

MANY = 3000


@pytest.fixture
def many_at_rest(export: SavedExport, alice: User) -> None:
    """Schedules that are due in the weeks to come, and as many that rest."""
    now = clock.now()
    with scope(team=export.team):
        Schedule.objects.bulk_create(
            Schedule(
                team=export.team,
                export=export,
                name=f"Number {number}",
                owner=alice,
                owner_name="Alice",
                rule=DAILY,
                mail={},
                next_at=now + timedelta(minutes=number) if number % 2 else None,
            )
            for number in range(MANY)
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


@pytest.fixture
def many_settled(export: SavedExport, alice: User) -> None:
    """Occurrences that were dealt with, and three whose runs are not over."""
    now = clock.now()
    with scope(team=export.team):
        schedule = make_daily_schedule(export, alice, next_at=None)
        others = [make_daily_schedule(export, alice, f"Under way {number}", next_at=None) for number in range(3)]
        made = [runs.prepare(export, by=PORTAL) for _ in range(MANY + len(others))]
        started = runs.start_all(made)
        Occurrence.objects.bulk_create(
            Occurrence(
                team=export.team,
                schedule=others[number] if number < len(others) else schedule,
                due_at=now - timedelta(minutes=number),
                outcome="started",
                run=run,
                settled_at=None if number < len(others) else now,
            )
            for number, run in enumerate(started)
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def scanned(plan: str, table: str) -> list[str]:
    """Lines of the plan in which the whole table is read, row after row."""
    whole = re.compile(rf"(Seq Scan on|SCAN) \"?{table}\b(?!.*USING.*INDEX)")
    return [line for line in plan.splitlines() if whole.search(line)]


def plan_of(rows: QuerySet[Any, Any]) -> str:
    return rows.explain()


@pytest.mark.usefixtures("many_at_rest")
def test_what_is_due_is_found_by_its_index() -> None:
    with scopes_disabled():
        plan = plan_of(Schedule.objects.to_start(clock.now()).values_list("team_id", "pk")[:5000])

    assert "schedule_due" in plan
    assert scanned(plan, "exports_schedule") == []


@pytest.mark.usefixtures("many_at_rest")
def test_who_resumes_by_themselves_are_found_by_their_index() -> None:
    with scopes_disabled():
        plan = plan_of(Schedule.objects.filter(resume_at__lte=clock.now()))

    assert "schedule_to_resume" in plan


@pytest.mark.usefixtures("many_settled")
def test_what_is_to_be_settled_is_found_by_its_index() -> None:
    with scopes_disabled():
        plan = plan_of(finish.ended(clock.now()).values_list("pk", flat=True)[:1000])

    # Both hold nothing but what is to be settled.
    assert "occurrence_to_settle" in plan or "one_run_of_schedule_at_a_time" in plan
    assert scanned(plan, "exports_occurrence") == []


@pytest.mark.usefixtures("many_settled")
def test_who_waits_for_their_run_is_found_by_its_index() -> None:
    with scopes_disabled():
        plan = plan_of(Occurrence.objects.to_settle().filter(schedule__in=list(range(1, 200))))

    assert "occurrence_to_settle" in plan or "one_run_of_schedule_at_a_time" in plan
    assert scanned(plan, "exports_occurrence") == []


@pytest.mark.usefixtures("many_settled")
def test_mails_that_need_somebody_are_found_by_their_index(acme: Team) -> None:
    with scope(team=acme):
        occurrences = list(Occurrence.objects.exclude(settled_at=None).order_by("pk"))
        recipient = make_recipient(occurrences[0].schedule, "nina@acme.example")
        Delivery.objects.bulk_create(
            Delivery(
                team=acme,
                occurrence=each,
                run_id=each.run_id,
                recipient=recipient,
                address=recipient.address,
                status=MailStatus.REFUSED if number < 3 else MailStatus.SENT,
            )
            for number, each in enumerate(occurrences)
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")

    with scope(team=acme):
        plan = plan_of(summary.in_trouble(acme, clock.now())[:20])
        found = summary.troubles(acme, clock.now(), 20)

    if connection.vendor == "postgresql":  # SQLite chooses before it knows which states are asked for
        assert "delivery_troubled" in plan
    assert [trouble.occurrence for trouble in found] == occurrences[2::-1]
