"""Factories for deliveries: a schedule, its recipients, and a delivery with a file."""

from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from accounts.models import User
from exports.deliveries.settings import MailSettings
from exports.models import Delivery, Occurrence, Recipient, Run, SavedExport, Schedule
from tests.exports.conftest import make_result, make_run

CONTENT = b"Merchant,Amount\nHofbr\xc3\xa4u,12.50\n"


def make_schedule(export: SavedExport, owner: User | None, name: str = "Month end", **fields: Any) -> Schedule:
    described = {"rule": {}, "mail": MailSettings().to_json(), "owner_name": str(owner or "")}
    return Schedule.objects.create(team=export.team, export=export, name=name, owner=owner, **(described | fields))


def make_recipient(schedule: Schedule, address: str, **fields: Any) -> Recipient:
    return Recipient.objects.create(
        team=schedule.team, schedule=schedule, address=address, **({"kind": Recipient.Kind.ADDRESS} | fields)
    )


def make_delivery(recipient: Recipient, content: bytes = CONTENT, name: str = "month.csv") -> Delivery:
    """A mail that was sent with the file of a run that this makes."""
    schedule = recipient.schedule
    run = make_run(schedule.export, status=Run.Status.SUCCEEDED)
    due_at = datetime(2026, 11, 3, 6, 30, tzinfo=UTC).replace(microsecond=run.pk % 1_000_000)
    occurrence = Occurrence.objects.create(
        team=schedule.team,
        schedule=schedule,
        due_at=due_at,
        outcome=Occurrence.Outcome.STARTED,
        run=run,
        settled_at=timezone.now(),
    )
    return Delivery.objects.create(
        team=schedule.team,
        occurrence=occurrence,
        run=run,
        recipient=recipient,
        result=make_result(run, content, name),
        address=recipient.address,
        status=Delivery.Status.SENT,
    )
