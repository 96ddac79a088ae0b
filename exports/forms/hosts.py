"""Hosts that Expensify is to call on somebody's word."""

from django.conf import settings

from accounts.public_hosts import is_outside


def inside(host: str) -> str:
    """A sentence when the host lies inside of some network, where Expensify has no business; empty when it may be."""
    if not host or settings.EXPENSIFY_ALLOW_PRIVATE or is_outside(host):
        return ""
    return f"“{host}” is inside of a private network: Expensify cannot call it. Give the name it has on the internet."
