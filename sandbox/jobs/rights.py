"""Check the rights of a key pair to act for other people."""

import re

from sandbox.answers import Refused
from sandbox.state import Request, State

_ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")


def is_address(value: object) -> bool:
    return isinstance(value, str) and _ADDRESS.fullmatch(value) is not None


def act_as(state: State, request: Request, email: str) -> str:
    """Return the address if the key pair may act in that account; Refused 500 otherwise [M: code and words].

    Everyone may act in their own account. Other accounts need a domain admin, the same domain, and enablement by
    Expensify.
    """
    account = request.pair.account
    same_domain = email.rpartition("@")[2] == account.rpartition("@")[2]
    allowed = state.choices.create_for_others and request.pair.domain_admin and same_domain
    if email != account and not (allowed and email in state.company.people):
        raise Refused(500, f"Not authorized to authenticate as user {email}")
    return email


def require_domain_admin(request: Request, domain: str) -> None:
    """Refused 403 unless the account administers that domain [M*: code; words ours]."""
    if not request.pair.domain_admin or request.pair.account.rpartition("@")[2] != domain:
        raise Refused(403, f"Not authorized to administer domain {domain}")
