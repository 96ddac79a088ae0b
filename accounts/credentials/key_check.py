"""Check at the start of each process that CREDENTIAL_KEYS decrypts every stored secret."""

import sys

from django.apps import apps
from django.db import DatabaseError, connections, models
from django.db.models import F, Func, Value

from accounts.credentials.keyring import KEY_ID_BYTES, ring, sealed_fields


class MissingKey(Exception):
    """Secrets are encrypted with a key that CREDENTIAL_KEYS does not list; the message says what to do."""


def check_keys() -> None:
    """Raise MissingKey when a stored secret cannot be decrypted. Closes its connections: a fork must not share them."""
    try:
        missing = sum(map(_under_unknown_keys, apps.get_models()))
    except DatabaseError as error:
        # The tables are missing or the database is down: the process itself will report that.
        sys.stderr.write(f"The stored secrets were not looked at: {type(error).__name__}.\n")
        return
    finally:
        connections.close_all()
    if missing:
        raise MissingKey(
            f"CREDENTIAL_KEYS opens not all of the stored secrets: {missing} were stored under a key that it does "
            "not list. Put that key back, behind the newest one; docs/operations.md tells how keys are changed."
        )


def stop_without_keys() -> None:
    """End this process when a key is missing, instead of failing at the first run hours later."""
    try:
        check_keys()
    except MissingKey as error:
        raise SystemExit(str(error)) from None


def _under_unknown_keys(model: type[models.Model]) -> int:
    """How many secrets of the model have a key ID, in their first bytes, that is not in the ring."""
    count = 0
    for field in sealed_fields(model):
        key_id = Func(
            F(field.attname), Value(1), Value(KEY_ID_BYTES), function="SUBSTR", output_field=models.BinaryField()
        )
        rows = model._base_manager.exclude(**{field.attname: None}).order_by()
        counts = rows.annotate(key_id=key_id).values_list("key_id").annotate(models.Count("pk"))
        count += sum(secrets for name, secrets in counts if not ring().knows(bytes(name)))
    return count
