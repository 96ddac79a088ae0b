import sys
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, models
from django.db.models import F, Func, Value

from accounts.keyring import KEY_ID_BYTES, ring, sealed_fields


class Command(BaseCommand):
    help = "Check that CREDENTIAL_KEYS opens every stored secret, as each process of the portal does before it starts."
    requires_system_checks: list[str] = []

    def handle(self, **_: Any) -> None:
        try:
            missing = sum(map(_under_unknown_keys, apps.get_models()))
        except DatabaseError as error:
            # Not made yet, or away: that is for the process itself to find, and no question of keys.
            sys.stderr.write(f"The stored secrets were not looked at: {type(error).__name__}.\n")
            return
        if missing:
            raise CommandError(
                f"CREDENTIAL_KEYS opens not all of the stored secrets: {missing} were stored under a key that it does "
                "not list. Put that key back, behind the newest one; docs/operations.md tells how keys are changed."
            )


def _under_unknown_keys(model: type[models.Model]) -> int:
    """How many secrets of the model name a key that is not in the ring; their first bytes tell."""
    count = 0
    for field in sealed_fields(model):
        begin = Func(
            F(field.attname),
            Value(1),
            Value(KEY_ID_BYTES),
            function="SUBSTR",
            output_field=models.BinaryField(),
        )
        rows = model._base_manager.exclude(**{field.attname: None}).order_by()
        found = rows.annotate(key_id=begin).values_list("key_id").annotate(models.Count("pk"))
        count += sum(secrets for key_id, secrets in found if not ring().knows(bytes(key_id)))
    return count
