"""Word to people: who is told what, once. The mails go out with the others, see `accounts.mail`."""

from collections.abc import Iterable

from accounts.models import Membership, Notice, Team, User
from accounts.permissions import Permission


def tell(team: Team, key: str, people: Iterable[User], *, subject: str, text: str, path: str = "") -> int:
    """Queue a mail to each of these people, in the caller's transaction; how many were not told before.

    `key` names the event, such as "schedule 7 failed at run 12". `text` is plain paragraphs without a secret; `path`
    is the page to look at, from the root.
    """
    rows = [
        Notice(team=team, key=key, user=user, address=user.email, subject=subject[:200], text=text, path=path)
        for user in {user.pk: user for user in people if user.is_active}.values()
    ]
    known = set(
        Notice.objects.filter(team=team, key=key, address__in=[row.address for row in rows]).values_list(
            "address", flat=True
        )
    )
    new = [row for row in rows if row.address not in known]
    Notice.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def admins(team: Team) -> list[User]:
    """Who manages the team."""
    members = Membership.objects.filter(team=team, user__is_active=True).select_related("user")
    return [member.user for member in members if member.may(Permission.MANAGE_TEAM)]
