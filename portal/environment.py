"""Read settings from the environment: from NAME, or from the file that NAME_FILE names."""

import base64
import binascii
import os
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from accounts.public_hosts import NotAHost, parse_url


def text(name: str, default: str | None = None) -> str:
    """The setting `name`. Raises ImproperlyConfigured when it is missing and has no default."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names {path}, which cannot be read: {error.strerror}.") from None
    value = os.environ.get(name) or default
    if value is None:
        raise ImproperlyConfigured(f"Set {name} (or {name}_FILE): the portal does not start without it.")
    return value


def flag(name: str, default: bool = False) -> bool:
    value = text(name, "yes" if default else "no").lower()
    if value in {"1", "yes", "true", "on"}:
        return True
    if value in {"0", "no", "false", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} is “{value}”; use yes or no.")


def number(name: str, default: float) -> float:
    value = text(name, str(default))
    try:
        return float(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is “{value}”; a number is needed.") from None


def words(name: str, default: str | None = None) -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


class Address(NamedTuple):
    """The parts of a URL such as EMAIL_URL and STORAGE_URL."""

    scheme: str
    user: str
    password: str
    host: str
    port: int | None
    path: str
    options: dict[str, str]


def address(name: str, default: str | None = None) -> Address:
    parts = urlsplit(text(name, default))
    if not parts.scheme:
        raise ImproperlyConfigured(f"{name} must be a URL such as scheme://host/path.")
    return Address(
        parts.scheme,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        parts.hostname or "",
        parts.port,
        unquote(parts.path),
        dict(parse_qsl(parts.query)),
    )


# Keys of the demo start with this, so that production can reject them; the rest is random.
DEMO_KEY = base64.urlsafe_b64decode("demo")


def keys(name: str) -> list[bytes]:
    """Keys of 32 bytes in URL-safe base64, separated by commas."""
    keys = []
    for position, word in enumerate(words(name), start=1):
        try:
            key = base64.urlsafe_b64decode(word)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != 32:
            raise ImproperlyConfigured(
                f"{name}: key number {position} is not 32 bytes of URL-safe base64. `script/new-key` prints a good one."
            )
        keys.append(key)
    if not keys:
        raise ImproperlyConfigured(f"{name} is empty: it needs at least one key. `script/new-key` prints one.")
    return keys


def refuse_audit_address(name: str, address: str, schemes: list[str], key: str) -> None:
    """Raise ImproperlyConfigured when audit entries or heads cannot be sent to this address."""
    scheme = urlsplit(address).scheme
    if address and scheme not in schemes:
        raise ImproperlyConfigured(f"{name} must begin with one of: {', '.join(schemes)}.")
    if scheme in {"http", "https"}:
        try:
            parse_url(address, (scheme,))
        except NotAHost as reason:
            raise ImproperlyConfigured(f"{name} cannot be read. {reason}") from None
    if scheme in {"http", "https"} and len(key) < 32:
        raise ImproperlyConfigured(
            f"{name} is a webhook: set AUDIT_WEBHOOK_KEY to at least 32 characters, with which it is signed."
        )
