"""Post signed webhooks; to private addresses only with AUDIT_ALLOW_PRIVATE."""

from __future__ import annotations

import hashlib
import hmac
import socket
import time
from typing import TYPE_CHECKING

from django.conf import settings

from accounts.public_hosts import NotAHost, is_public, parse_url

if TYPE_CHECKING:
    import httpx

# Connecting takes a second at worst; storing a batch takes a receiver a few seconds.
CONNECT_SECONDS, ANSWER_SECONDS = 5, 10
SIGNATURE = "X-Portal-Signature"


class CannotPost(Exception):
    """The webhook may not have arrived and may be tried again; the message tells operators why."""


def post(url: str, body: bytes, *, content_type: str) -> None:
    """Post the body; return after a 2xx response. Follows no redirect. Raises CannotPost."""
    # Imported here: see tests/test_process_imports.py.
    import httpx

    try:
        target = httpx.URL(parse_url(url, ("https", "http")).text)
    except NotAHost as reason:
        raise CannotPost(f"The address of the webhook cannot be read. {reason}") from None
    address = _resolve(target)
    timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS)
    try:
        with httpx.Client(timeout=timeout, trust_env=False) as client:
            answer = client.post(
                # The IP that was checked, not the name: DNS may answer differently the second time (rebinding).
                target.copy_with(host=address),
                content=body,
                headers={"Host": target.netloc.decode(), "Content-Type": content_type, SIGNATURE: sign(body)},
                extensions={"sni_hostname": target.host},
            )
    except httpx.HTTPError as error:
        raise CannotPost(f"{target.host} did not take it: {type(error).__name__}.") from None
    if not answer.is_success:
        raise CannotPost(f"{target.host} answered {answer.status_code}.")


def sign(body: bytes) -> str:
    """Sign the time and the body, `t=…,v1=…`, so that the receiver can reject forged and replayed posts."""
    at = int(time.time())
    signature = hmac.new(settings.AUDIT_WEBHOOK_KEY.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signature.hexdigest()}"


def _resolve(target: httpx.URL) -> str:
    if target.scheme != "https" and not settings.AUDIT_ALLOW_PRIVATE:
        raise CannotPost("A webhook needs https://.")
    try:
        infos = socket.getaddrinfo(
            target.host, target.port or {"http": 80}.get(target.scheme, 443), type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError):
        raise CannotPost(f"{target.host} has no address.") from None
    addresses = [str(info[4][0]) for info in infos]
    if not settings.AUDIT_ALLOW_PRIVATE and not all(map(is_public, addresses)):
        raise CannotPost(
            f"{target.host} is on a private network. AUDIT_ALLOW_PRIVATE=yes allows that, where it is meant."
        )
    return addresses[0]
