from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts import people
from accounts.addresses import read_address
from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.models import User


class Command(BaseCommand):
    help = "Remove all second factors of a person who lost theirs, and end their sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    @transaction.atomic
    def handle(self, *, email: str, **_: Any) -> None:
        user = User.objects.filter(email__iexact=read_address(email)).first()
        if user is None:
            raise CommandError(f"There is nobody with the address {email}.")
        factors = Authenticator.objects.filter(user=user)
        if not factors:
            raise CommandError(f"{user.email} has no second factor.")
        for factor in factors:
            people.log(
                Action.FACTOR_REMOVED, user, by=audit.operator(), kind=factor.get_type_display(), name=str(factor)
            )
        factors.delete()
        people.end_sessions(user)
        self.stdout.write(f"{user.email} signs in without a second factor now, and has to sign in again.")
