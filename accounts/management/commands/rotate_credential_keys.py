from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import models, transaction
from django.utils.text import capfirst
from django_scopes import scopes_disabled

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.credentials.keyring import CannotOpen, Sealed, binding, ring, sealed_fields, unseal
from accounts.models import Credential, Rotation
from accounts.models.credential import fingerprint
from accounts.sign_in import two_factor

BATCH = 500


class Command(BaseCommand):
    help = "Encrypt every stored secret again with the newest of CREDENTIAL_KEYS, while the portal runs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="only say how many are left under an older key; exit 1 if any"
        )

    def handle(self, *, check: bool, **_: Any) -> None:
        with scopes_disabled():
            if not check:
                self._rotate()
            left = sum(1 for _ in _under_older_keys()) + sum(1 for _ in two_factor.under_older_keys())
        if left:
            raise CommandError(f"Secrets still under an older key: {left}. Keep that key, and run this again.")
        self.stdout.write("Every secret is under the newest key: older keys may be dropped from CREDENTIAL_KEYS.")

    def _rotate(self) -> None:
        encrypted = 0
        for row, name in _under_older_keys():
            try:
                encrypted += _seal_again(row, name)
            except CannotOpen as error:
                self.stderr.write(f"{capfirst(row._meta.verbose_name)} {row.pk}, {name}: {error}")
        for factor, name in two_factor.under_older_keys():
            try:
                encrypted += two_factor.seal_again(factor, name)
            except CannotOpen as error:
                self.stderr.write(f"Second factor {factor.pk}, {name}: {error}")
        recounted = sum(map(_fingerprint_again, _rows(Credential)))
        recounted += sum(map(_new_fingerprint_again, _rows(Rotation)))
        with transaction.atomic():
            audit.record(Action.KEYS_ROTATED, None, by=audit.operator(), secrets=encrypted, fingerprints=recounted)
        self.stdout.write(f"Secrets encrypted again: {encrypted}.")


def _under_older_keys() -> Iterator[tuple[models.Model, str]]:
    for model in apps.get_models():
        fields = [field.attname for field in sealed_fields(model)]
        for row in _rows(model) if fields else ():
            for name in fields:
                sealed = getattr(row, name)
                if sealed is not None and not ring().is_newest(sealed.token):
                    yield row, name


def _rows(model: type[models.Model]) -> Iterator[Any]:
    """All rows, in batches by primary key. Rows added meanwhile use the newest key anyway."""
    last = 0
    while batch := list(model._base_manager.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield from batch
        last = batch[-1].pk


def _seal_again(row: models.Model, name: str) -> int:
    """Encrypt with the newest key; 0 when the secret was replaced meanwhile, otherwise 1."""
    sealed = Sealed(ring().seal(unseal(row, name), binding(row, name)))
    unchanged = type(row)._base_manager.filter(pk=row.pk, **{name: getattr(row, name)})
    return unchanged.update(**{name: sealed})


def _fingerprint_again(credential: Credential) -> int:
    """Recompute the fingerprints, which depend on SECRET_KEY; return how many credentials changed."""
    try:
        pair = credential.partner_pair() if credential.pair is not None else None
        before = credential.previous_partner_pair()
    except CannotOpen:
        return 0
    fingerprints = {
        "fingerprint": fingerprint(pair.partner_user_id) if pair else credential.fingerprint,
        "previous_fingerprint": fingerprint(before.partner_user_id) if before else credential.previous_fingerprint,
    }
    if all(getattr(credential, name) == value for name, value in fingerprints.items()):
        return 0
    unchanged = Credential._base_manager.filter(pk=credential.pk, paired_at=credential.paired_at)
    return unchanged.update(**fingerprints)


def _new_fingerprint_again(rotation: Rotation) -> int:
    """The same for the new key pair of a rotation."""
    try:
        current = fingerprint(rotation.partner_pair().partner_user_id) if rotation.pair else rotation.fingerprint
    except CannotOpen:
        return 0
    if current == rotation.fingerprint:
        return 0
    return Rotation._base_manager.filter(pk=rotation.pk).update(fingerprint=current)
