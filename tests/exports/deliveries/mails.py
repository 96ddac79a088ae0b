"""Deliveries of one occurrence, and what became of them."""

from typing import Any

from accounts.models import AuditEntry, MailStatus
from exports.models import Delivery, Occurrence
from tests.factories import make_delivery, make_recipient


def delivery(
    occurrence: Occurrence, address: str = "paula@partner.example", *, status: str = MailStatus.QUEUED, **fields: Any
) -> Delivery:
    recipient = occurrence.schedule.recipients.filter(address=address).first()
    assert occurrence.run is not None
    described = {"result": occurrence.run.result} | fields
    return make_delivery(occurrence, recipient or make_recipient(occurrence.schedule, address), status, **described)


def ends(row: Delivery) -> tuple[str, str]:
    row.refresh_from_db()
    return row.status, row.error


def actions(row: Delivery) -> list[str]:
    entries = AuditEntry.objects.filter(target_type="delivery", target_id=row.pk).order_by("number")
    return list(entries.values_list("action", flat=True))
