"""How people come into a team: an Admin invites an address, and whoever reads its mail accepts."""

import hashlib
import secrets
from datetime import timedelta
from email.message import EmailMessage

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts import teams
from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.mail import outbox
from accounts.models import Invitation, MailStatus, Team, User
from accounts.models.invitation import close

log = structlog.get_logger(__name__)


class AlreadyInvited(Exception):
    """There is an open invitation to this address."""


class NoLongerOpen(Exception):
    """It was accepted or revoked, or has expired, meanwhile."""


@transaction.atomic
def invite(team: Team, address: str, role: str, *, by: User) -> Invitation:
    """Raises AlreadyInvited and `teams.AlreadyMember`. An expired invitation to the address makes way."""
    Team.objects.select_for_update().get(pk=team.pk)
    if team.memberships.filter(user__email__iexact=address).exists():
        raise teams.AlreadyMember
    now = timezone.now()
    for found in _unanswered(team).filter(address__iexact=address):
        if found.is_open(now):
            raise AlreadyInvited
        close(_unanswered(team).filter(pk=found.pk), now)
    with scope(team=team):
        invitation = Invitation.objects.create(
            team=team,
            address=address.lower(),
            role=role,
            invited_by=by,
            invited_by_name=str(by),
            expires_at=now + timedelta(days=settings.INVITATION_DAYS),
        )
    audit.record(Action.MEMBER_INVITED, invitation, by=by, email=invitation.address, role=role)
    return invitation


@transaction.atomic
def send_again(invitation: Invitation, *, by: User) -> None:
    """A new mail with a new link, for another while; the old link no longer opens. Raises NoLongerOpen."""
    changed = _unanswered(invitation.team).filter(pk=invitation.pk).update(
        status=MailStatus.QUEUED, token_hash="", attempts=0, retry_at=None, error="", sent_at=None,
        claimed_at=None, expires_at=timezone.now() + timedelta(days=settings.INVITATION_DAYS),
    )  # fmt: skip
    if not changed:
        raise NoLongerOpen
    audit.record(Action.INVITATION_RESENT, invitation, by=by, email=invitation.address)


@transaction.atomic
def revoke(invitation: Invitation, *, by: User) -> None:
    """The link no longer opens; a mail that has not left stays. Raises NoLongerOpen."""
    if not close(_unanswered(invitation.team).filter(pk=invitation.pk), timezone.now()):
        raise NoLongerOpen
    audit.record(Action.INVITATION_REVOKED, invitation, by=by, email=invitation.address)


def compose_invitation(invitation: Invitation) -> EmailMessage:
    """The mail, with a link made for it alone: a mail composed again replaces the link of the one before."""
    token = secrets.token_urlsafe(32)
    if not _unanswered(invitation.team).filter(pk=invitation.pk).update(token_hash=_hash(token)):
        raise outbox.Withheld(MailStatus.WITHDRAWN, "It was answered or revoked before the mail left.")
    context = {
        "invitation": invitation,
        "team": invitation.team,
        "role": invitation.get_role_display(),
        "link": settings.SITE_URL + reverse("accounts:invitation", args=[token]),
    }
    subject, text, html = (
        render_to_string(f"emails/invitation_{part}", context).strip()
        for part in ("subject.txt", "text.txt", "html.html")
    )
    message = EmailMessage()
    message["Subject"] = " ".join(subject.split())
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message


def find(token: str) -> Invitation | None:
    """The open invitation that this token belongs to. Outside of every team: the token is what opens it."""
    with scopes_disabled():
        found = Invitation.objects.select_related("team").filter(token_hash=_hash(token)).first()
    return found if found is not None and found.is_open(timezone.now()) else None


@transaction.atomic
def accept(invitation: Invitation, token: str, user: User) -> None:
    """Take the place. Raises NoLongerOpen; `user` must be the person of the invitation's address."""
    if user.email.lower() != invitation.address.lower():
        raise NoLongerOpen
    now = timezone.now()
    taken = (
        _unanswered(invitation.team)
        .filter(pk=invitation.pk, token_hash=_hash(token), expires_at__gt=now)
        .update(accepted_at=now, accepted_by=user, token_hash="")
    )
    if not taken:
        raise NoLongerOpen
    audit.record(
        Action.INVITATION_ACCEPTED, invitation, by=user, email=invitation.address, role=invitation.role
    )
    if not invitation.team.memberships.filter(user=user).exists():
        teams.add(invitation.team, user, invitation.role, by=user)


def _unanswered(team: Team) -> QuerySet[Invitation]:
    """Every answer goes through this, as a condition of its update. The scope is the team's own, whoever asks."""
    with scope(team=team):
        return Invitation.objects.filter(team=team, accepted_at=None, revoked_at=None)


def _hash(token: str) -> str:
    """256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def _ended(invitation: Invitation) -> None:
    """The team's page shows the state of the mail; operators see what did not leave."""
    if invitation.status not in {MailStatus.SENT, MailStatus.WITHDRAWN}:
        log.warning(
            "invitation not sent", id=invitation.pk, status=invitation.status, reason=invitation.error
        )


MAILS = outbox.MailKind(Invitation, compose_invitation, _ended)
