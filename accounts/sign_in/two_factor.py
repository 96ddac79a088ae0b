"""Second factors on top of `allauth.mfa`: encrypt their secrets and rotate the keys.

A secret is bound to its purpose but not to its row: allauth encrypts it before the row exists.
"""

import base64
from collections.abc import Iterator

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth

from accounts.credentials.keyring import ring
from accounts.models import User

BINDING = ["mfa.Authenticator", "secret"]
SECRETS = ("secret", "seed")


class FactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is not right, or was used already. Wait for the next one."
    }

    def encrypt(self, text: str) -> str:
        return base64.b64encode(ring().seal(text, BINDING)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return str(ring().open(base64.b64decode(encrypted_text), BINDING))

    def generate_authenticator_name(self, user: User, type: str) -> str:
        return f"Passkey {Authenticator.objects.filter(user=user, type=type).count() + 1}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": "Expensify portal"}


def has_factor(user: User) -> bool:
    """Whether the person has a second factor. Recovery codes alone do not count."""
    return bool(Authenticator.objects.filter(user=user).exclude(type="recovery_codes").exists())


def use_code(app: Authenticator, code: str) -> bool:
    """Record the step of an app's valid code. False when that step, or a later one, was used before (RFC 6238, 5.2).

    The step is kept in the row, because a cache may forget it while the code is still accepted.
    """
    secret = FactorAdapter().decrypt(app.data["secret"])
    steps = auth.yield_hotp_counters_from_time()
    step = next((step for step in steps if auth.format_hotp_value(auth.hotp_value(secret, step)) == code), None)
    if step is None or step <= app.data.get("last_step", 0):
        return False
    unchanged = Authenticator.objects.filter(pk=app.pk, data=app.data)
    app.data = app.data | {"last_step": step}
    return bool(unchanged.update(data=app.data))


def under_older_keys() -> Iterator[tuple[Authenticator, str]]:
    """Rows and names of secrets that are not encrypted with the newest key."""
    for row in Authenticator.objects.order_by("pk").iterator(chunk_size=500):
        for name in SECRETS:
            if name in row.data and not ring().is_newest(base64.b64decode(row.data[name])):
                yield row, name


def seal_again(row: Authenticator, name: str) -> int:
    """Encrypt with the newest key; 0 when the row was changed meanwhile, otherwise 1. Raises CannotOpen."""
    adapter = FactorAdapter()
    unchanged = Authenticator.objects.filter(pk=row.pk, data=row.data)
    row.data = row.data | {name: adapter.encrypt(adapter.decrypt(row.data[name]))}
    return int(unchanged.update(data=row.data))
