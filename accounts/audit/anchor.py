"""Send the last hash of every chain (its head) to AUDIT_HEADS once a day, outside of the database.

Somebody with write access to the database can rewrite a chain from any entry to its end so that it looks whole. It then
no longer matches the heads kept elsewhere, and `verify_audit --heads` says from which entry on.
"""

import json
import os
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import structlog
from django.conf import settings
from django.core.mail import EmailMessage

from accounts import webhooks
from accounts.models import AuditChain, AuditHeads

log = structlog.get_logger(__name__)


class CannotDeliver(Exception):
    """The heads were not delivered; the message says why."""


def write(now: datetime) -> int:
    """Store today's heads, once, and deliver all that are not delivered yet; return for how many days.

    Run twice at once, it delivers the same heads twice, which is harmless.
    """
    if not settings.AUDIT_HEADS:
        return 0
    today = now.date()
    AuditHeads.objects.get_or_create(day=today, defaults={"heads": _heads})
    delivered = 0
    for row in AuditHeads.objects.filter(delivered_at=None).order_by("day"):
        try:
            _deliver(row)
        except (CannotDeliver, webhooks.CannotPost) as error:
            log.error("heads of the audit log not delivered", day=str(row.day), reason=str(error))
            AuditHeads.objects.filter(pk=row.pk).update(error=str(error)[:500])
            break
        AuditHeads.objects.filter(pk=row.pk).update(delivered_at=now, error="")
        delivered += 1
    return delivered


def lines_of(row: AuditHeads) -> str:
    """A JSON line for each chain, as `verify_audit --heads` reads them."""
    return "".join(json.dumps({"day": str(row.day), **head}) + "\n" for head in row.heads)


def _heads() -> list[dict[str, object]]:
    chains = AuditChain.objects.select_related("team").order_by("pk")
    return [
        {
            "chain": chain.name,
            "team": chain.team.slug if chain.team else None,
            "number": chain.length,
            "hash": chain.head,
        }
        for chain in chains
    ]


def _deliver(row: AuditHeads) -> None:
    target = urlsplit(settings.AUDIT_HEADS)
    if target.scheme == "file":
        _append(Path(unquote(target.path)), lines_of(row))
    elif target.scheme == "mailto":
        _mail(unquote(target.path).split(","), row)
    else:
        webhooks.post(settings.AUDIT_HEADS, lines_of(row).encode(), content_type="application/x-ndjson")


def _append(path: Path, lines: str) -> None:
    """Append in a single write and fsync; the file may be append-only."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, lines.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise CannotDeliver(f"{path} cannot be written: {error.strerror}.") from None


def _mail(addresses: list[str], row: AuditHeads) -> None:
    text = (
        "Keep this mail: it proves what the portal's audit log said on this day. To compare the log with it, save it "
        "as a text file and run\n\n  python manage.py verify_audit --heads FILE\n\n" + lines_of(row)
    )
    subject = f"Heads of the audit log on {row.day}"
    try:
        EmailMessage(subject, text, to=[address.strip() for address in addresses]).send()
    except OSError as error:  # includes smtplib's errors
        raise CannotDeliver(f"The mail was not taken: {type(error).__name__}.") from None
