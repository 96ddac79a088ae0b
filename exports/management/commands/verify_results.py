from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.door import each_of
from exports.models import Result
from exports.results import integrity


class Command(BaseCommand):
    help = "Compare every stored file with its SHA-256. Names damaged and missing files, and then exits with 1."

    def handle(self, **_: Any) -> None:
        checked = faults = 0
        for result in each_of(lambda: Result.objects.filter(purged_at=None).order_by("pk")):
            checked += 1
            if fault := integrity.check(result):
                faults += 1
                self.stdout.write(f"{fault}: result {result.pk} of {result.team}, “{result}”, {result.file.name}")
        if faults:
            raise CommandError(f"{faults} of {checked} files are not as they were stored. Restore them from a backup.")
        self.stdout.write(f"All {checked} files are as they were stored.")
