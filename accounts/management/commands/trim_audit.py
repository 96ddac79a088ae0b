from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.audit import record as audit
from accounts.audit import trim as audit_trim
from accounts.models import Team


class Command(BaseCommand):
    help = "Replace audit entries that a team keeps no longer by signed summaries, as beat has it done every night."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("team", help="the team as its address has it: “acme” of /t/acme/")

    def handle(self, *, team: str, **_: Any) -> None:
        target = Team.objects.filter(slug=team).first()
        if target is None:
            raise CommandError(f"There is no team “{team}”. Name it as its address does: “acme” of /t/acme/.")
        if target.audit_kept_days is None:
            raise CommandError(f"{target} keeps its audit log for good: its settings name no days.")
        removed = audit_trim.trim(target, timezone.now(), by=audit.operator())
        self.stdout.write(f"Entries of {target} replaced by a signed summary: {removed}.")
