from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from exports.results import retention


class Command(BaseCommand):
    help = "Delete the files of results that are older than their team keeps them. Beat does the same each hour."

    def handle(self, **_: Any) -> None:
        now, purged = timezone.now(), 0
        while count := retention.purge_results(now):
            purged += count
        self.stdout.write(f"Deleted the files of {purged} runs; their records stay.")
