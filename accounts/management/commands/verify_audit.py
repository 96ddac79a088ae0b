from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.audit import verify as audit_verify
from accounts.audit.verify import Head, NoHeads
from accounts.models import AuditChain


class Command(BaseCommand):
    help = "Check that no audit entry was changed, removed or inserted. Exits with 1 when one was."
    requires_system_checks: list[str] = []  # they would load all pages; `migrate` runs them

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("team", nargs="?", help="only this team, as its address has it (default: all of them)")
        parser.add_argument(
            "--heads",
            metavar="FILE",
            help="what AUDIT_HEADS kept elsewhere, as JSON lines: finds a log that was rewritten to its end, too",
        )

    def handle(self, *, team: str | None, heads: str | None, **_: Any) -> None:
        kept_heads = _read(heads) if heads else []
        chains = AuditChain.objects.select_related("team").order_by("pk")
        if team is not None:
            chains = chains.filter(team__slug=team)
            if not chains:
                raise CommandError(f"There is no audit log of a team “{team}”.")
        broken = 0
        for chain in chains:
            faults = [*audit_verify.faults(chain), *audit_verify.faults_by_heads(chain, kept_heads)]
            owner = chain.team or "the portal"
            if faults:
                broken += 1
                self.stdout.write(f"The log of {owner} is NOT whole:")
                for sentence in faults:
                    self.stdout.write(f"  {sentence}")
            else:
                removed = sum(summary.count for summary in chain.summaries.all())
                note = f", of which {removed} are summarised" if removed else ""
                self.stdout.write(f"The log of {owner} is whole (entries: {chain.length}{note}).")
        missing = {head.chain for head in kept_heads} - set(AuditChain.objects.values_list("name", flat=True))
        for name in sorted(missing) if team is None else ():
            broken += 1
            self.stdout.write(f"The log “{name}” is gone: the file knows it, the database does not.")
        if broken:
            raise CommandError(f"{broken} of {len(chains) + len(missing)} logs are not whole.")


def _read(path: str) -> list[Head]:
    try:
        return audit_verify.read_heads(Path(path).read_text(errors="replace"))
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
    except NoHeads as error:
        raise CommandError(f"{path} cannot be used. {error}") from None
