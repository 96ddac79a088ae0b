"""What a tick reads: the database goes by the short indexes of what is due, not over every schedule there is."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django_scopes import scope, scopes_disabled

from accounts import clock
from accounts.models import User
from exports.models import SavedExport, Schedule
from tests.exports.scheduled import DAILY

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


def plan_of(rows: QuerySet[Any, Any]) -> str:
    return rows.explain()


@pytest.mark.usefixtures("many_at_rest")
def test_what_is_due_is_found_by_its_index() -> None:
    with scopes_disabled():
        plan = plan_of(Schedule.objects.to_start(clock.now()).values_list("team_id", "pk")[:5000])

    assert "schedule_due" in plan
    assert "Seq Scan on exports_schedule" not in plan


@pytest.mark.usefixtures("many_at_rest")
def test_who_resumes_by_themselves_are_found_by_their_index() -> None:
    with scopes_disabled():
        plan = plan_of(Schedule.objects.filter(resume_at__lte=clock.now()))

    assert "schedule_to_resume" in plan
