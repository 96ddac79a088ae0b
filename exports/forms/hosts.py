"""Check of host names, typed by people, that Expensify shall call."""

from django.conf import settings

from accounts.public_hosts import is_outside


def private_host_error(host: str) -> str:
    """An error sentence for a host inside a private network, which Expensify cannot reach; else empty."""
    if not host or settings.EXPENSIFY_ALLOW_PRIVATE or is_outside(host):
        return ""
    return f"“{host}” is inside of a private network: Expensify cannot call it. Give the name it has on the internet."
