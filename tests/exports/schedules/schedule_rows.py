"""Factories for schedules with a history, for tests of pages."""

from datetime import datetime, time, timedelta
from typing import Any

from django.utils import timezone
from django_scopes import scope

from accounts.models import MailStatus, User
from exports.deliveries.settings import MailSettings
from exports.models import Delivery, Link, LinkOpening, Occurrence, Recipient, Run, SavedExport, Schedule
from exports.schedules.rules.rule import Rule, RuleKind
from tests.exports.conftest import make_run

SECOND_BUSINESS_DAY = Rule(RuleKind.BUSINESS_DAY, times=(time(7, 30),), zone="Europe/Berlin", nth=2)


def make_schedule(
    export: SavedExport, owner: User, name: str = "To approvers", *, mail: MailSettings | None = None, **fields: Any
) -> Schedule:
    described: dict[str, Any] = {
        "rule": SECOND_BUSINESS_DAY.to_json(),
        "mail": (mail or MailSettings()).to_json(),
        "owner": owner,
        "owner_name": str(owner),
        "next_at": None if fields.get("paused_at") or fields.get("archived_at") else timezone.now() + timedelta(days=3),
    }
    with scope(team=export.team):
        return Schedule.objects.create(team=export.team, export=export, name=name, **(described | fields))


def make_recipient(schedule: Schedule, address: str, **fields: Any) -> Recipient:
    with scope(team=schedule.team):
        return Recipient.objects.create(
            team=schedule.team, schedule=schedule, address=address, **({"kind": Recipient.Kind.ADDRESS} | fields)
        )


def make_occurrence(
    schedule: Schedule, *, due_at: datetime | None = None, run: str | None = Run.Status.SUCCEEDED, **fields: Any
) -> Occurrence:
    """One with a run in this state, settled when it succeeded; or without one, for a due time that was left out."""
    now = timezone.now()
    described: dict[str, Any] = {"outcome": Occurrence.Outcome.STARTED, "settled_at": now}
    if run == Run.Status.SUCCEEDED:
        described |= {"rows": 120, "totals": {"EUR": "4321.00"}}
    if run is None:
        described = {"outcome": Occurrence.Outcome.SKIPPED}
    else:
        made = make_run(schedule.export, None, run, source=Run.Source.SCHEDULE)
        if not made.is_final:
            described["settled_at"] = None
        described["run"] = made
    with scope(team=schedule.team):
        return Occurrence.objects.create(
            team=schedule.team, schedule=schedule, due_at=due_at or now, **(described | fields)
        )


def make_delivery(
    occurrence: Occurrence, recipient: Recipient, status: str = MailStatus.SENT, **fields: Any
) -> Delivery:
    sent = (
        {"sent_at": timezone.now(), "way": Delivery.Way.ATTACHED, "size": 43_210} if status == MailStatus.SENT else {}
    )
    assert occurrence.run is not None
    with scope(team=occurrence.team):
        return Delivery.objects.create(
            team=occurrence.team,
            occurrence=occurrence,
            run=occurrence.run,
            recipient=recipient,
            address=recipient.address,
            status=status,
            **(sent | fields),
        )


def make_link(delivery: Delivery, *, opened_by: str = "", **fields: Any) -> Link:
    now = timezone.now()
    with scope(team=delivery.team):
        link = Link.objects.create(
            team=delivery.team,
            delivery=delivery,
            **({"token_hash": f"{delivery.pk:064x}", "expires_at": now + timedelta(days=30)} | fields),
        )
        if opened_by:
            LinkOpening.objects.create(team=delivery.team, link=link, at=now, by_name=opened_by, proof="code")
            Link.objects.filter(pk=link.pk).update(opened_at=now, openings=1)
    return link
