"""Where a file may be mailed: to the team's members, and to exactly the domains that the team allows."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models.functions import Lower
from django.utils.encoding import punycode

from accounts.models import Membership, Team, User

# Stricter than the standard: no quotes, and no % or !, by which old mail servers relay a mail elsewhere.
_LOCAL_PART = re.compile(r"[-#$&'*+/=?^_`{|}~.0-9a-z]+")
MOST_CHARACTERS = 254


def normalize(address: str) -> str:
    """The spelling used to compare, store and mail addresses: lower case, with the domain in ASCII.

    Text that is not an address comes back in lower case. A part after a plus is part of the address.
    """
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local}{at}{_ascii(domain)}"


def is_address(address: str) -> bool:
    """Whether a normalized text is an address that a file can be mailed to."""
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
    """Which of the given addresses belong to members of a team, and which domains the team allows."""

    team: str
    members: dict[str, User]
    closed: frozenset[str]
    domains: frozenset[str]

    @classmethod
    def of(cls, team: Team, addresses: Iterable[str]) -> "AllowedAddresses":
        normalized = {normalize(address) for address in addresses}
        memberships = Membership.objects.filter(team=team).select_related("user")
        # A member with an "xn--" domain may be stored in Unicode, which the database cannot match.
        if not any("xn--" in address for address in normalized):
            memberships = memberships.alias(lower=Lower("user__email")).filter(lower__in=normalized)
        users = {normalize(membership.user.email): membership.user for membership in memberships}
        return cls(
            team.name,
            {address: user for address, user in users.items() if user.is_active},
            frozenset(address for address, user in users.items() if not user.is_active),
            frozenset(_ascii(domain.lstrip("@")) for domain in team.allowed_domains),
        )

    def why_not(self, address: str) -> str | None:
        """A sentence if no file of the team may go to this address, else None."""
        address = normalize(address)
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
