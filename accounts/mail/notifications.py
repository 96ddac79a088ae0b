"""Notify people of an event, once. `accounts.mail.outbox` sends the mails."""

from collections.abc import Iterable
from email.message import EmailMessage
from typing import Protocol

import structlog
from django.conf import settings

from accounts.mail import outbox
from accounts.models import MailStatus, Membership, Notice, Team, User
from accounts.permissions import Permission

log = structlog.get_logger(__name__)


def tell(team: Team, key: str, people: Iterable[User], *, subject: str, text: str, path: str = "") -> int:
    """Queue a mail to each of these people in the caller's transaction; return how many were not notified before.

    `key` names the event, such as "schedule 7 failed at run 12". `text` is plain paragraphs without secrets; `path` is
    the path of a page of the portal.
    """
    rows = [
        Notice(team=team, key=key, user=user, address=user.email, subject=subject[:200], text=text, path=path)
        for user in {user.pk: user for user in people if user.is_active}.values()
    ]
    earlier = Notice.objects.filter(team=team, key=key, address__in=[row.address for row in rows])
    notified = set(earlier.values_list("address", flat=True))
    new = [row for row in rows if row.address not in notified]
    Notice.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


class HasPage(Protocol):
    """An object of a team with a page."""

    @property
    def team(self) -> Team: ...

    def get_absolute_url(self) -> str: ...


def tell_admins(about: HasPage, key: str, *, subject: str, text: str) -> int:
    """`tell` the Admins of an object's team; the mail links to its page."""
    people, path = admins(about.team), about.get_absolute_url()
    return tell(about.team, key, people, subject=subject, text=text, path=path)


def admins(team: Team) -> list[User]:
    """The members who may manage the team."""
    members = Membership.objects.filter(team=team, user__is_active=True).select_related("user")
    return [member.user for member in members if member.may(Permission.MANAGE_TEAM)]


def compose_notification(notice: Notice) -> EmailMessage:
    """Compose the mail: the paragraphs and a link to the page."""
    if notice.user is not None and not notice.user.is_active:
        raise outbox.Withheld(MailStatus.WITHDRAWN, "This account is closed.")
    context = {"notice": notice, "url": settings.SITE_URL + notice.path if notice.path else ""}
    return outbox.render("notice", context)


def _log_if_not_sent(notice: Notice) -> None:
    """Log a mail that was not sent, for operators."""
    if notice.status != MailStatus.SENT:
        log.warning("notice not sent", id=notice.pk, status=notice.status, reason=notice.error)


MAILS = outbox.MailKind(Notice, compose_notification, _log_if_not_sent)
