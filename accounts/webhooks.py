"""Posting to an address that operators chose: signed, never to this network's own machines unless they allow it."""

from __future__ import annotations

import hashlib
import hmac
import socket
import time
from typing import TYPE_CHECKING

from django.conf import settings

from accounts.public_hosts import is_public

if TYPE_CHECKING:
    import httpx

# Connecting takes a second at worst, and a receiver that stores a batch takes a few.
CONNECT_SECONDS, ANSWER_SECONDS = 5, 10
SIGNATURE = "X-Portal-Signature"


class CannotPost(Exception):
    """Nothing says that it arrived; the message says why, for operators. It may be tried again."""


def post(url: str, body: bytes, *, content_type: str) -> None:
    """Send this and return when it was taken (2xx). Raises CannotPost. No redirect is followed."""
    # Imported here: tests/test_process_imports.py tells why.
    import httpx

    target = httpx.URL(url)
    address = _address(target)
    timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    try:
        with httpx.Client(timeout=timeout, trust_env=False) as client:
            answer = client.post(
                # The very address that was looked at: asked a second time, its name could lead elsewhere.
                target.copy_with(host=address),
                content=body,
                headers={
                    "Host": target.netloc.decode(),
                    "Content-Type": content_type,
                    SIGNATURE: sign(body),
                },
                extensions={"sni_hostname": target.host},
            )
    except httpx.HTTPError as error:
        raise CannotPost(f"{target.host} did not take it: {type(error).__name__}.") from None
    if not answer.is_success:
        raise CannotPost(f"{target.host} answered {answer.status_code}.")


def sign(body: bytes, at: int | None = None) -> str:
    """Of the time and the body, so that a receiver can refuse what is forged and what is old: `t=…,v1=…`."""
    at = int(time.time()) if at is None else at
    made = hmac.new(settings.AUDIT_WEBHOOK_KEY.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={made.hexdigest()}"


def _address(target: httpx.URL) -> str:
    if target.scheme != "https" and not settings.AUDIT_ALLOW_PRIVATE:
        raise CannotPost("A webhook needs https://.")
    try:
        found = socket.getaddrinfo(
            target.host, target.port or {"http": 80}.get(target.scheme, 443), type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError):
        raise CannotPost(f"{target.host} has no address.") from None
    addresses = [str(entry[4][0]) for entry in found]
    if not settings.AUDIT_ALLOW_PRIVATE and not all(map(is_public, addresses)):
        raise CannotPost(
            f"{target.host} is on a private network. AUDIT_ALLOW_PRIVATE=yes allows that, where it is meant."
        )
    return addresses[0]
