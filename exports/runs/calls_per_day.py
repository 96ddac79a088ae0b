"""How many calls a credential makes per day."""

from datetime import timedelta
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import Credential

DAYS = 14


def by_day(credential: Credential) -> list[dict[str, Any]]:
    """`day` and `calls` of each day with a call in the last two weeks, in the team's time zone, newest first."""
    since = timezone.now() - timedelta(days=DAYS)
    recent = credential.calls.filter(sent_at__gte=since).order_by()
    days = recent.annotate(day=TruncDate("sent_at", tzinfo=credential.team.zone)).values("day")
    return list(days.annotate(calls=Count("pk")).order_by("-day"))
