from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts import people, teams
from accounts.audit import record as audit


class Command(BaseCommand):
    help = "Make a team and its first Admin. Prints a link with which a new Admin chooses a password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the team's name, for example “Acme GmbH”")
        parser.add_argument("--admin", required=True, metavar="EMAIL", help="the first Admin's e-mail address")
        parser.add_argument("--time-zone", default="UTC", help="for example Europe/Berlin (default: UTC)")

    @transaction.atomic
    def handle(self, *, name: str, admin: str, time_zone: str, **_: Any) -> None:
        try:
            user = people.find_or_make(admin)
            team = teams.create(name, time_zone, admin=user, by=audit.operator())
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(f"Made the team “{team}” at /t/{team.slug}/ with {user.email} as Admin.")
        if not user.has_usable_password():
            self.stdout.write(f"They choose a password here, within three days:\n{people.password_link(user)}")
