"""Word to people: who is told what, once. The mails go out with the others, see `accounts.mail.outbox`."""

from collections.abc import Iterable
from email.message import EmailMessage

import structlog
from django.conf import settings
from django.template.loader import render_to_string

from accounts.mail import outbox
from accounts.models import MailStatus, Membership, Notice, Team, User
from accounts.permissions import Permission

log = structlog.get_logger(__name__)


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


def compose_notification(notice: Notice) -> EmailMessage:
    """The mail of a notice, for a phone too: its paragraphs and a link to the page to look at."""
    if notice.user is not None and not notice.user.is_active:
        raise outbox.Withheld(MailStatus.WITHDRAWN, "This account is closed.")
    context = {"notice": notice, "url": settings.SITE_URL + notice.path if notice.path else ""}
    message = EmailMessage()
    # A header is one line, whatever the names in it hold.
    message["Subject"] = " ".join(render_to_string("emails/notice_subject.txt", context).split())
    message.set_content(render_to_string("emails/notice_text.txt", context))
    message.add_alternative(render_to_string("emails/notice_html.html", context), subtype="html")
    return message


def _ended(notice: Notice) -> None:
    """There is nobody else to tell; operators see it."""
    if notice.status != MailStatus.SENT:
        log.warning("notice not sent", id=notice.pk, status=notice.status, reason=notice.error)


MAILS = outbox.MailKind(Notice, compose_notification, _ended)
