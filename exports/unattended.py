"""What nobody rings for: beat has it done, by day and night."""

from celery import shared_task
from django.utils import timezone

from accounts import audit_heads, audit_stream, audit_trim


@shared_task
def stream_audit() -> None:
    """Audit entries on their way to AUDIT_STREAM. Done twice at once, each chain is sent by one of the two."""
    audit_stream.stream()


@shared_task
def write_audit_heads() -> None:
    """The ends of the audit log's chains to AUDIT_HEADS, once a day; hourly, until they have arrived."""
    audit_heads.write(timezone.now())


@shared_task
def trim_audit() -> None:
    """Audit entries that teams keep no longer. Done twice, the second finds nothing."""
    audit_trim.trim_all(timezone.now())
