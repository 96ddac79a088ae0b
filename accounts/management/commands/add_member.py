from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts import people, teams
from accounts.audit import record as audit
from accounts.models import Team
from accounts.permissions import Role


class Command(BaseCommand):
    help = "Add a person to a team. Prints a link with which a new person chooses a password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("team", help="the team as its address has it: “acme” of /t/acme/")
        parser.add_argument("email")
        parser.add_argument("--role", required=True, choices=Role.values)

    @transaction.atomic
    def handle(self, *, team: str, email: str, role: str, **_: Any) -> None:
        target = Team.objects.filter(slug=team).first()
        if target is None:
            raise CommandError(f"There is no team “{team}”. Name it as its address does: “acme” of /t/acme/.")
        try:
            user = people.find_or_make(email)
            teams.add(target, user, role, by=audit.operator())
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except teams.AlreadyMember:
            raise CommandError(f"{email} is in {target} already. Change their role on the team's page.") from None
        self.stdout.write(f"{user.email} is now {Role(role).label} of {target}.")
        if not user.has_usable_password():
            self.stdout.write(f"They choose a password here, within three days:\n{people.password_link(user)}")
