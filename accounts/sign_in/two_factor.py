"""Second factors: an authenticator app, passkeys, recovery codes. What must stay secret of them is sealed.

The flows are allauth's (`allauth.mfa`); here is what the portal adds. A secret is bound to its purpose but not to its
row: allauth seals before there is one.
"""

import base64
from collections.abc import Iterator

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator

from accounts.credentials.keyring import ring
from accounts.models import User

BINDING = ["mfa.Authenticator", "secret"]
SECRETS = ("secret", "seed")


class Adapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code is not right, or was used already. Wait for the next one.",
    }

    def encrypt(self, text: str) -> str:
        return base64.b64encode(ring().seal(text, BINDING)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return str(ring().open(base64.b64decode(encrypted_text), BINDING))

    def generate_authenticator_name(self, user: User, type: str) -> str:
        return f"Passkey {Authenticator.objects.filter(user=user, type=type).count() + 1}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return super().get_public_key_credential_rp_entity() | {"name": "Expensify portal"}


def has_factor(user: User) -> bool:
    """Whether the sign-in of this person asks for more than one thing. Recovery codes alone are none."""
    return Authenticator.objects.filter(user=user).exclude(type="recovery_codes").exists()


def under_older_keys() -> Iterator[tuple[Authenticator, str]]:
    """The rows, and which of their secrets, that are not sealed with the newest key of the ring."""
    for row in Authenticator.objects.order_by("pk").iterator(chunk_size=500):
        for name in SECRETS:
            if name in row.data and not ring().is_newest(base64.b64decode(row.data[name])):
                yield row, name


def seal_again(row: Authenticator, name: str) -> int:
    """1, or 0 when the row was changed since it was read: it then waits for the next time. Raises CannotOpen."""
    adapter, read = Adapter(), row.data[name]
    unchanged = Authenticator.objects.filter(pk=row.pk, data=row.data)
    row.data = row.data | {name: adapter.encrypt(adapter.decrypt(read))}
    return unchanged.update(data=row.data)
