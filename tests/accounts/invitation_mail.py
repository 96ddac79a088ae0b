"""The mail that invites somebody to a team."""

import re

from accounts import invitations
from accounts.models import Invitation


def link_in(invitation: Invitation) -> str:
    """The path of the link in the mail."""
    body = invitations.compose_invitation(invitation).get_body(("plain",))
    assert body is not None
    match = re.search(r"(/invitation/\S+)", body.get_content())
    assert match is not None
    return match[1]
