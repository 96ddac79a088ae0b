"""Tell public internet addresses from private ones."""

import ipaddress
import socket

# NAT64: the last 32 bits are the IPv4 address that a gateway connects to.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address is global: neither private nor link-local nor loopback nor multicast."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = _embedded_ipv4(ip) or ip
    return ip.is_global and not ip.is_multicast


def _embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address maps to, if any."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]


# Domains that resolve in private networks only.
_PRIVATE_DOMAINS = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa")


def is_outside(host: str) -> bool:
    """Whether a host that Expensify is to call can be public, judged by its name or address alone.

    No DNS lookup: the portal's resolver may answer differently from Expensify's.
    """
    host = host.strip().strip("[]").rstrip(".").lower()
    try:
        return is_public(host)
    except ValueError:
        pass
    try:
        return is_public(socket.inet_ntoa(socket.inet_aton(host)))  # 127.1 and 0x7f000001 are addresses too
    except OSError:
        return "." in host and not host.endswith(_PRIVATE_DOMAINS)
