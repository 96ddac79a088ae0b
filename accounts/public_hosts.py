"""Which addresses belong to the internet at large, and which to some private network."""

import ipaddress
import socket

# Addresses of IPv6 at whose other end a gateway speaks to the IPv4 address in their last 32 bits.
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet at large: neither private nor link-local, nor this machine."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = _within(found) if isinstance(found, ipaddress.IPv6Address) else None
    meant = inner or found
    return meant.is_global and not meant.is_multicast


def _within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that this one stands for, if it stands for one."""
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]


# Endings of names that mean something inside of a network only.
_INSIDE = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa")


def is_outside(host: str) -> bool:
    """Whether a host that Expensify is to call can be one of the internet, going by how it is written.

    It is not looked up: what a name means here says nothing of what it means there.
    """
    host = host.strip().strip("[]").rstrip(".").lower()
    try:
        return is_public(host)
    except ValueError:
        pass
    try:
        return is_public(socket.inet_ntoa(socket.inet_aton(host)))  # 127.1 and 0x7f000001 are addresses, too
    except OSError:
        return "." in host and not host.endswith(_INSIDE)
