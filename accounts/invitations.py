"""Invitations to a team: an Admin invites an e-mail address, and the person accepts by the mailed link."""

import secrets
from datetime import timedelta
from email.message import EmailMessage

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts import teams
from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.mail import outbox
from accounts.models import Invitation, MailStatus, Team, User
from accounts.models.invitation import close
from accounts.tokens import digest_of

log = structlog.get_logger(__name__)


class AlreadyInvited(Exception):
    """There is an open invitation to this address already."""


class NoLongerOpen(Exception):
    """The invitation was accepted, was revoked, or has expired."""


@transaction.atomic
def invite(team: Team, address: str, role: str, *, by: User) -> Invitation:
    """Invite an address; revokes an expired invitation to it. Raises AlreadyInvited and `teams.AlreadyMember`."""
    Team.objects.select_for_update().get(pk=team.pk)
    if team.memberships.filter(user__email__iexact=address).exists():
        raise teams.AlreadyMember
    now = timezone.now()
    for earlier in _unanswered(team).filter(address__iexact=address):
        if earlier.is_open(now):
            raise AlreadyInvited
        close(_unanswered(team).filter(pk=earlier.pk), now)
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
    """Queue a new mail with a new link and a new expiry; the old link stops working. Raises NoLongerOpen."""
    changed = _unanswered(invitation.team).filter(pk=invitation.pk).update(
        status=MailStatus.QUEUED, token_hash="", attempts=0, retry_at=None, error="", sent_at=None,
        claimed_at=None, expires_at=timezone.now() + timedelta(days=settings.INVITATION_DAYS),
    )  # fmt: skip
    if not changed:
        raise NoLongerOpen
    audit.record(Action.INVITATION_RESENT, invitation, by=by, email=invitation.address)


@transaction.atomic
def revoke(invitation: Invitation, *, by: User) -> None:
    """Close the link, and withdraw a mail that was not sent yet. Raises NoLongerOpen."""
    if not close(_unanswered(invitation.team).filter(pk=invitation.pk), timezone.now()):
        raise NoLongerOpen
    audit.record(Action.INVITATION_REVOKED, invitation, by=by, email=invitation.address)


def compose_invitation(invitation: Invitation) -> EmailMessage:
    """Compose the mail with a new link, which replaces the previous link."""
    token = secrets.token_urlsafe(32)
    if not _unanswered(invitation.team).filter(pk=invitation.pk).update(token_hash=digest_of(token)):
        raise outbox.Withheld(MailStatus.WITHDRAWN, "It was answered or revoked before the mail left.")
    context = {
        "invitation": invitation,
        "team": invitation.team,
        "role": invitation.get_role_display(),
        "link": settings.SITE_URL + reverse("accounts:invitation", args=[token]),
    }
    return outbox.render("invitation", context)


def find(token: str) -> Invitation | None:
    """The open invitation of this token, of any team: the token is the permission."""
    with scopes_disabled():
        invitation = Invitation.objects.select_related("team").filter(token_hash=digest_of(token)).first()
    return invitation if invitation is not None and invitation.is_open(timezone.now()) else None


@transaction.atomic
def accept(invitation: Invitation, token: str, user: User) -> None:
    """Accept and join the team. Raises NoLongerOpen, also when `user` has another address than the invitation."""
    if user.email.lower() != invitation.address.lower():
        raise NoLongerOpen
    now = timezone.now()
    row = _unanswered(invitation.team).filter(pk=invitation.pk, token_hash=digest_of(token), expires_at__gt=now)
    if not row.update(accepted_at=now, accepted_by=user, token_hash=""):
        raise NoLongerOpen
    audit.record(Action.INVITATION_ACCEPTED, invitation, by=user, email=invitation.address, role=invitation.role)
    if not invitation.team.memberships.filter(user=user).exists():
        teams.add(invitation.team, user, invitation.role, by=user)


def _unanswered(team: Team) -> QuerySet[Invitation]:
    """Invitations that were neither accepted nor revoked; each update of an invitation has this condition."""
    with scope(team=team):
        return Invitation.objects.filter(team=team, accepted_at=None, revoked_at=None)


def _log_if_not_sent(invitation: Invitation) -> None:
    """Log a mail that was not sent, for operators; the team's page shows its status."""
    if invitation.status not in {MailStatus.SENT, MailStatus.WITHDRAWN}:
        log.warning("invitation not sent", id=invitation.pk, status=invitation.status, reason=invitation.error)


MAILS = outbox.MailKind(Invitation, compose_invitation, _log_if_not_sent)
