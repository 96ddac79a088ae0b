"""Encrypted fields over django_cryptography's primitives, with several keys, bound to their row.

CREDENTIAL_KEYS lists the keys, newest first. A ciphertext starts with the ID of its key, so any listed key decrypts
it; `rotate_credential_keys` encrypts everything again with the newest key. The payload is JSON with the row, team and
field it belongs to: a ciphertext copied to another row cannot be decrypted there.
"""

import hashlib
import json
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.signing import BadSignature
from django.db import models
from django_cryptography.core.signing import FernetSigner
from django_cryptography.utils.crypto import FernetBytes, InvalidToken

# A ciphertext starts with the ID of its key.
KEY_ID_BYTES = 4


class CannotOpen(Exception):
    """The secret cannot be decrypted: its key is not in the ring, or it belongs to another row."""


class Key:
    def __init__(self, material: bytes) -> None:
        self.id = hashlib.sha256(b"key id" + material).digest()[:KEY_ID_BYTES]
        halves = HKDF(hashes.SHA256(), 64, salt=None, info=b"portal credential key").derive(material)
        self._fernet = FernetBytes(halves[:32], FernetSigner(halves[32:]))

    def seal(self, data: bytes) -> bytes:
        return self.id + self._fernet.encrypt(data)

    def open(self, token: bytes) -> bytes:
        opened: bytes = self._fernet.decrypt(token[KEY_ID_BYTES:])
        return opened


class KeyRing:
    def __init__(self, materials: list[bytes]) -> None:
        self.newest, *_ = keys = [Key(material) for material in materials]
        self._by_id = {key.id: key for key in keys}

    def seal(self, value: Any, binding: list[str]) -> bytes:
        return self.newest.seal(json.dumps({"for": binding, "value": value}).encode())

    def open(self, token: bytes, binding: list[str]) -> Any:
        key = self._by_id.get(bytes(token[:KEY_ID_BYTES]))
        if key is None:
            raise CannotOpen("This secret was stored under a key that CREDENTIAL_KEYS does not list.")
        try:
            payload = json.loads(key.open(bytes(token)))
        except (BadSignature, InvalidToken, ValueError):
            raise CannotOpen("This secret is damaged, or was stored under another key.") from None
        if payload["for"] != binding:
            raise CannotOpen("This secret belongs to another row.")
        return payload["value"]

    def knows(self, key_id: bytes) -> bool:
        return key_id in self._by_id

    def is_newest(self, token: bytes) -> bool:
        return bytes(token[:KEY_ID_BYTES]) == self.newest.id


@cache
def _ring(materials: tuple[bytes, ...]) -> KeyRing:
    return KeyRing(list(materials))


def ring() -> KeyRing:
    return _ring(tuple(settings.CREDENTIAL_KEYS))


class Sealed:
    """An encrypted secret, as in the database. Its repr shows nothing."""

    __slots__ = ("token",)

    def __init__(self, token: bytes) -> None:
        self.token = bytes(token)

    def __repr__(self) -> str:
        return "<sealed>"

    __str__ = __repr__


class SealedField(models.BinaryField):  # type: ignore[type-arg]  # not generic at run time
    """Assign a JSON value and save: it is encrypted for that row. Reading gives a `Sealed`; `unseal` decrypts it.

    The model is a `SealedRow`.
    """

    def from_db_value(self, value: Any, *_: Any) -> Sealed | None:
        return None if value is None else Sealed(value)

    def to_python(self, value: Any) -> Any:
        return value

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is not None and not isinstance(value, Sealed):
            raise TypeError(f"{self.name} takes a sealed secret here: assign it to a row and save the row.")
        return super().get_db_prep_value(None if value is None else value.token, connection, prepared)

    def pre_save(self, instance: models.Model, add: bool) -> Sealed | None:
        value: Sealed | None = getattr(instance, self.attname)
        if value is not None and not isinstance(value, Sealed):
            value = Sealed(ring().seal(value, binding(instance, self.attname)))
            setattr(instance, self.attname, value)
        return value

    def value_to_string(self, obj: models.Model) -> str:
        return "<sealed>"  # dumpdata shows that there is a secret, not its ciphertext


def binding(row: Any, name: str) -> list[str]:
    """What the ciphertext in the field `name` of a `SealedRow` is bound to."""
    return [row._meta.label, name, str(row.team_id), str(row.seal)]


def unseal(instance: models.Model, name: str) -> Any:
    """The decrypted secret in the field `name` of this row, or None. Raises CannotOpen."""
    sealed = getattr(instance, name)
    return None if sealed is None else ring().open(sealed.token, binding(instance, name))


def sealed_fields(model: type[models.Model]) -> list[SealedField]:
    return [field for field in model._meta.concrete_fields if isinstance(field, SealedField)]
