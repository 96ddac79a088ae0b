"""Factories for schedules as the form creates them, due when the test chooses."""

from datetime import UTC, datetime
from typing import Any

from django_scopes import scope

from accounts.models import Notice, Team, User
from exports.deliveries.settings import MailSettings
from exports.models import Recipient, SavedExport, Schedule
from exports.schedules.rules.rule import Rule

MONDAY = datetime(2026, 11, 2, 7, 30, tzinfo=UTC)
DAILY = {"kind": "daily", "times": ["07:30"], "zone": "UTC"}
HOURLY = {"kind": "cron", "cron": "30 * * * *", "zone": "UTC"}


def make_schedule(
    export: SavedExport, owner: User | None, name: str = "Managers", *, mail: MailSettings | None = None, **fields: Any
) -> Schedule:
    described: dict[str, Any] = {
        "rule": DAILY,
        "mail": (mail or MailSettings()).to_json(),
        "next_at": MONDAY,
        "owner_name": str(owner or "Somebody"),
    }
    with scope(team=export.team):
        return Schedule.objects.create(team=export.team, export=export, name=name, owner=owner, **(described | fields))


def make_recipient(schedule: Schedule, address: str, **fields: Any) -> Recipient:
    """Of a domain that the team allows from here on."""
    Team.objects.filter(pk=schedule.team_id).update(recipient_domains=address.partition("@")[2])
    with scope(team=schedule.team):
        return Recipient.objects.create(
            team=schedule.team, schedule=schedule, address=address, **({"kind": Recipient.Kind.ADDRESS} | fields)
        )


def rule(**fields: Any) -> Rule:
    return Rule.from_json(DAILY | fields)


def told(schedule: Schedule) -> list[tuple[str, str]]:
    """The notices of its team: to whom, and of what."""
    with scope(team=schedule.team):
        return list(Notice.objects.order_by("pk").values_list("address", "subject"))


__all__ = ["DAILY", "HOURLY", "MONDAY", "make_recipient", "make_schedule", "rule", "told"]
