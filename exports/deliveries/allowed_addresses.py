"""Where a file may be mailed: to the team's members, and to the domains that the team allows, exactly."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models.functions import Lower
from django.utils.encoding import punycode

from accounts.models import Membership, Team, User

# Less than the standard allows: quotes, and the % and ! by which old mail servers pass a mail on to elsewhere.
_LOCAL_PART = re.compile(r"[-#$&'*+/=?^_`{|}~.0-9a-z]+")
MOST_CHARACTERS = 254


def normal(address: str) -> str:
    """The one spelling by which addresses are compared, stored and mailed: small letters, the domain in ASCII.

    What is no address comes back in small letters. A part after a plus is part of the address.
    """
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local}{at}{_ascii(domain)}"


def is_address(address: str) -> bool:
    """Whether something in its normal spelling is an address that a file can be mailed to."""
    local, _, domain = address.rpartition("@")
    try:
        validate_email(address)
    except ValidationError:
        return False
    return (
        len(address) <= MOST_CHARACTERS
        and domain.isascii()
        and not domain.startswith("[")
        and _LOCAL_PART.fullmatch(local) is not None
    )


@dataclass(frozen=True)
class AllowedAddresses:
    """Which of some addresses belong to members of a team, and which domains the team allows."""

    team: str
    members: dict[str, User]
    closed: frozenset[str]
    domains: frozenset[str]

    @classmethod
    def of(cls, team: Team, addresses: Iterable[str]) -> "AllowedAddresses":
        asked = {normal(address) for address in addresses}
        found = Membership.objects.filter(team=team).select_related("user")
        if not any("xn--" in address for address in asked):  # those members' own spelling is another
            found = found.alias(small=Lower("user__email")).filter(small__in=asked)
        users = {normal(membership.user.email): membership.user for membership in found}
        return cls(
            team.name,
            {address: user for address, user in users.items() if user.is_active},
            frozenset(address for address, user in users.items() if not user.is_active),
            frozenset(_ascii(domain.lstrip("@")) for domain in team.allowed_domains),
        )

    def why_not(self, address: str) -> str | None:
        """A sentence when no file of the team may go to this address."""
        address = normal(address)
        domain = address.rpartition("@")[2]
        if not is_address(address):
            return f"“{address}” is not an e-mail address that a file can be mailed to."
        if address in self.members:
            return None
        if address in self.closed:
            return f"The account of {address} is closed."
        if domain in self.domains:
            return None
        return (
            f"{address} is no member of {self.team}, and the team does not allow mail to {domain}. "
            "An Admin can allow that domain in the team's settings."
        )


def _ascii(domain: str) -> str:
    try:
        return punycode(domain).lower()
    except UnicodeError:
        return domain
