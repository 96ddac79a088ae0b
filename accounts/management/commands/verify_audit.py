from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import audit
from accounts.models import AuditChain


class Command(BaseCommand):
    help = "Check that no audit entry was changed, removed or inserted. Exits with 1 when one was."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "team", nargs="?", help="only this team, as its address has it (default: all of them)"
        )

    def handle(self, *, team: str | None, **_: Any) -> None:
        chains = AuditChain.objects.select_related("team").order_by("pk")
        if team is not None:
            chains = chains.filter(team__slug=team)
            if not chains:
                raise CommandError(f"There is no audit log of a team “{team}”.")
        broken = 0
        for chain in chains:
            faults = list(audit.faults(chain))
            owner = chain.team or "the portal"
            if faults:
                broken += 1
                self.stdout.write(f"The log of {owner} is NOT whole:")
                for sentence in faults:
                    self.stdout.write(f"  {sentence}")
            else:
                self.stdout.write(f"The log of {owner} is whole (entries: {chain.length}).")
        if broken:
            raise CommandError(f"{broken} of {len(chains)} logs are not whole.")
