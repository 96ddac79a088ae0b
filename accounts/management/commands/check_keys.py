from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.credentials.key_check import MissingKey, check_keys


class Command(BaseCommand):
    help = "Check that CREDENTIAL_KEYS opens every stored secret, as each process of the portal does before it starts."
    requires_system_checks: list[str] = []

    def handle(self, **_: Any) -> None:
        try:
            check_keys()
        except MissingKey as error:
            raise CommandError(str(error)) from None
