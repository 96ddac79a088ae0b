"""Read hosts and addresses by their grammar, and tell public ones from private ones.

1. Parse: a host is a name, or an IP address in one of its spellings. Anything else in it is refused.
2. Normalise: IDNA turns letters such as full-width digits into the ASCII that a program connects to (UTS 46).
3. Judge the normalised host. What is stored and called is this one, never the text that was typed.
"""

import ipaddress
import re
import socket
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotAHost(ValueError):
    """The text does not name one host; the message says what to give."""


class HostUrl(NamedTuple):
    """A URL with its host normalised; `text` is the whole of it."""

    text: str
    scheme: str
    host: str


# ------------------------------------------------------------ parse and normalise

# Of domain names, with the underscore that some have.
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# A name whose last label is a number is an IPv4 address, as browsers and resolvers read it (WHATWG URL, 3.5).
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_NETLOC = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?")
_NOT_IN_URLS = re.compile(r"[\s\x00-\x20\x7f-\x9f\\]")
_LONGEST_NAME = 253

ONE_HOST = "Give one host name, such as hr.acme.example, without a user name, a port or anything else."
ONE_URL = "Give an address that begins with {} and names a host, such as {}hr.acme.example/feed, without a user name."


def parse_host(text: str) -> str:
    """The host in lower-case ASCII: a name, an IPv4 address, or an IPv6 address without brackets. Raises NotAHost."""
    host = text.strip(" ")
    if host.startswith("[") and host.endswith("]"):
        return _ipv6(host[1:-1])
    if host.count(":") > 1:
        return _ipv6(host)
    name = _ascii(host)
    labels = name.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or len(name) > _LONGEST_NAME:
        raise NotAHost(ONE_HOST)
    if not _NUMBER.fullmatch(labels[-1]):
        return name
    try:
        return socket.inet_ntoa(socket.inet_aton(name))  # 127.1 and 0x7f000001 are addresses too
    except OSError:
        raise NotAHost(ONE_HOST) from None


def parse_url(text: str, schemes: Collection[str] = ("https",)) -> HostUrl:
    """The URL, with its host as `parse_host` gives it. Raises NotAHost, whose message quotes nothing of the URL."""
    expected = NotAHost(ONE_URL.format(*[f"{next(iter(schemes))}://"] * 2))
    text = text.strip(" ")
    if _NOT_IN_URLS.search(text):
        raise expected
    try:
        parts = urlsplit(text)
    except ValueError:
        raise expected from None
    netloc = _NETLOC.fullmatch(parts.netloc)
    if parts.scheme not in schemes or netloc is None or not 0 < int(netloc[2] or 1) <= 65535:
        raise expected
    try:
        host = parse_host(netloc[1])
    except NotAHost:
        raise expected from None
    port = f":{int(netloc[2])}" if netloc[2] else ""
    bracketed = f"[{host}]" if ":" in host else host
    return HostUrl(parts._replace(netloc=bracketed + port).geturl(), parts.scheme, host)


def _ascii(host: str) -> str:
    """The name as IDNA spells it, without the dot of the root. Raises NotAHost."""
    # Imported here: see tests/test_process_imports.py.
    import idna

    try:
        name = host.lower() if host.isascii() else idna.uts46_remap(host, std3_rules=False, transitional=False)
        name = name.removesuffix(".")
        if name.isascii():
            for label in name.split("."):
                if label.startswith("xn--"):
                    idna.ulabel(label)
            return name
        return idna.encode(name).decode().lower()
    except (idna.IDNAError, UnicodeError):
        raise NotAHost(ONE_HOST) from None


def _ipv6(text: str) -> str:
    if "%" in text:  # a zone is a network card of the machine that connects
        raise NotAHost(ONE_HOST)
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise NotAHost(ONE_HOST) from None


# ------------------------------------------------------------ judge

# NAT64: the last 32 bits are the IPv4 address that a gateway connects to.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# All that is allocated of the IPv6 internet. Outside of it lie the spellings of IPv4 that nobody routes.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_ISATAP = 0x00005EFE, 0x02005EFE
# Domains that resolve in private networks only.
_PRIVATE_DOMAINS = (
    ".localhost", ".localdomain", ".local", ".internal", ".intranet", ".private", ".corp", ".home", ".lan",
    ".home.arpa",
)  # fmt: skip


def is_public(address: str) -> bool:
    """Whether an IP address is global: neither private nor link-local nor loopback nor multicast."""
    ip: IPAddress = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = _embedded_ipv4(ip)
        if embedded is None and ip not in _GLOBAL_UNICAST:
            return False
        ip = embedded or ip
    return ip.is_global and not ip.is_multicast


def _embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address maps to, if any."""
    last = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _NAT64 or int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
        return last
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]


def is_outside(host: str) -> bool:
    """Whether a host that Expensify is to call can be public, judged by its name or address alone.

    No DNS lookup: the portal's resolver may answer differently from Expensify's. What is no host is not public.
    """
    try:
        host = parse_host(host)
    except NotAHost:
        return False
    try:
        return is_public(host)
    except ValueError:
        return "." in host and not host.endswith(_PRIVATE_DOMAINS)
