"""How much a credential is used."""

from datetime import timedelta
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import Credential

DAYS = 14


def by_day(credential: Credential) -> list[dict[str, Any]]:
    """`day` and `calls` of each of the last two weeks' days with a call, by the team's clock, newest first."""
    since = timezone.now() - timedelta(days=DAYS)
    recent = credential.calls.filter(sent_at__gte=since).order_by()
    days = recent.annotate(day=TruncDate("sent_at", tzinfo=credential.team.zone)).values("day")
    return list(days.annotate(calls=Count("pk")).order_by("-day"))
