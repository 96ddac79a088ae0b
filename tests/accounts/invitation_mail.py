"""The mail that invites somebody to a team, and its link."""

import re
from typing import Any

from django.test import Client

from accounts import invitations
from accounts.models import Invitation
from tests.factories import PASSWORD


def link_in(invitation: Invitation) -> str:
    """The path of the link in the mail."""
    body = invitations.compose_invitation(invitation).get_body(("plain",))
    assert body is not None
    match = re.search(r"(/invitation/\S+)", body.get_content())
    assert match is not None
    return match[1]


def accept(path: str, client: Client | None = None, **values: str) -> Any:
    return (client or Client()).post(path, {"name": "Nina", "password": PASSWORD, **values})
