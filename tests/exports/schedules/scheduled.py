"""Factories for schedules as the form creates them, due when the test chooses."""

from datetime import UTC, datetime
from typing import Any

from django_scopes import scope

from accounts.models import Notice, Team, User
from exports.models import Recipient, SavedExport, Schedule
from exports.schedules.rules.rule import Rule
from tests.factories import make_recipient, make_schedule

MONDAY = datetime(2026, 11, 2, 7, 30, tzinfo=UTC)
DAILY = {"kind": "daily", "times": ["07:30"], "zone": "UTC"}
HOURLY = {"kind": "cron", "cron": "30 * * * *", "zone": "UTC"}


def make_daily_schedule(export: SavedExport, owner: User | None, name: str = "Managers", **fields: Any) -> Schedule:
    """A schedule for every day, due on MONDAY."""
    return make_schedule(export, owner, name, **({"rule": DAILY, "next_at": MONDAY} | fields))


def make_allowed_recipient(schedule: Schedule, address: str, **fields: Any) -> Recipient:
    """A recipient whose domain is the one that the team allows from here on."""
    Team.objects.filter(pk=schedule.team_id).update(recipient_domains=address.partition("@")[2])
    return make_recipient(schedule, address, **fields)


def rule(**fields: Any) -> Rule:
    return Rule.from_json(DAILY | fields)


def told(schedule: Schedule) -> list[tuple[str, str]]:
    """The notices of its team: to whom, and of what."""
    with scope(team=schedule.team):
        return list(Notice.objects.order_by("pk").values_list("address", "subject"))
