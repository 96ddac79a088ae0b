"""Hosts and addresses, typed by people, that Expensify shall call: the normalised ones, or an error in a sentence."""

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.public_hosts import NotAHost, is_outside, parse_host, parse_url


def read_host(text: str) -> str:
    """The host; empty without one. Raises ValidationError, also for a private one, which Expensify cannot reach."""
    try:
        return _reachable(parse_host(text), text) if text else ""
    except NotAHost as reason:
        raise ValidationError(str(reason)) from None


def read_url(text: str) -> str:
    """The https:// address. Raises ValidationError."""
    try:
        url = parse_url(text)
    except NotAHost as reason:
        raise ValidationError(str(reason)) from None
    _reachable(url.host, url.host)
    return url.text


def _reachable(host: str, typed: str) -> str:
    if settings.EXPENSIFY_ALLOW_PRIVATE or is_outside(host):
        return host
    raise ValidationError(
        f"“{typed}” is inside of a private network: Expensify cannot call it. Give the name it has on the internet."
    )
