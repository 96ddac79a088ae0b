"""The mails of a schedule: looked at once more before they leave, sent, sent again to one, and what came back."""

from email import message_from_bytes, policy
from email.message import EmailMessage

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action
from accounts.mail import notifications
from accounts.mail.outbox import MailKind, Withheld
from accounts.models import MAIL_FINAL, MailStatus, User
from exports.deliveries import compose as deliverie_compose
from exports.deliveries import download_links, recipients
from exports.deliveries.allowed_addresses import normal
from exports.deliveries.attachments import CannotEnclose
from exports.deliveries.settings import MailSettings
from exports.models import Delivery, Recipient

NOTED = {
    MailStatus.SENT: Action.MAIL_SENT,
    MailStatus.REFUSED: Action.MAIL_REFUSED,
    MailStatus.FAILED: Action.MAIL_FAILED,
    MailStatus.UNCONFIRMED: Action.MAIL_UNCONFIRMED,
    MailStatus.UNSUBSCRIBED: Action.MAIL_WITHHELD,
    MailStatus.WITHDRAWN: Action.MAIL_WITHHELD,
}
# What the owner hears of. Who has unsubscribed or dropped out was told of when that happened.
TROUBLE = {MailStatus.REFUSED, MailStatus.FAILED, MailStatus.UNCONFIRMED}


class CannotSend(Exception):
    """It is not sent again; the message says why."""


def compose(delivery: Delivery) -> EmailMessage:
    """The mail of a delivery that may still go out, right before it does. Raises Withheld, and CannotStore."""
    check_before_sending(delivery)
    try:
        composed = deliverie_compose.compose_delivery(
            delivery,
            link=lambda: download_links.url(download_links.make(delivery)),
            unsubscribe_url=download_links.unsubscribe_url(delivery.recipient),
            at=timezone.now(),
        )
    except CannotEnclose as reason:
        raise Withheld(MailStatus.FAILED, str(reason)) from None
    Delivery.objects.filter(pk=delivery.pk).update(way=composed.way)
    delivery.way = composed.way
    # Django's own parts insist on eight bits, which not every server takes; read anew, they can be sent in seven.
    message = message_from_bytes(composed.message.message().as_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def check_before_sending(delivery: Delivery) -> None:
    """Raise Withheld for a mail that was rightly queued and must not go any more."""
    recipient, address = delivery.recipient, delivery.address
    if recipient.state == Recipient.State.UNSUBSCRIBED:
        raise Withheld(MailStatus.UNSUBSCRIBED, f"{recipient} has unsubscribed from this schedule.")
    if because := recipients.why_not(recipient):
        raise Withheld(MailStatus.WITHDRAWN, because)
    if not _same(address, recipient.address):
        raise Withheld(
            MailStatus.WITHDRAWN,
            f"This mail was made for {address}, but its recipient is {recipient.address} now.",
        )
    result = delivery.result
    if result is None:
        return
    if result.purged_at is not None:
        raise Withheld(MailStatus.WITHDRAWN, "The file is no longer kept.")
    if result.part_of_id is None:
        return
    # Rows that name nobody are a part of the fallback's.
    whose = result.part_value or MailSettings.from_json(delivery.occurrence.schedule.mail).fallback
    if not _same(whose, address):
        raise Withheld(MailStatus.WITHDRAWN, f"This part of the file is for {whose}, not for {address}.")


def ended(delivery: Delivery) -> None:
    """Note the end of a mail; the owner of the schedule is told of trouble, once for all mails of an occurrence."""
    told = {"address": delivery.address, "run": delivery.run_id, "message_id": delivery.message_id}
    if delivery.result is not None:
        told |= {"file": delivery.result.name, "sha256": delivery.result.sha256, "way": delivery.way}
    if delivery.error:
        told["reason"] = delivery.error
    audit.record(NOTED[MailStatus(delivery.status)], delivery, by=PORTAL, **told)
    if delivery.status in TROUBLE:
        _tell(delivery, "was not delivered")


def send_again(delivery: Delivery, *, by: User) -> Delivery:
    """Another mail to this one recipient, because a person asks for it. Raises CannotSend.

    Two clicks are one mail: there is one row for each time, and only the last one may be followed by another.
    """
    recipient = Recipient.objects.get(pk=delivery.recipient_id)
    try:
        with transaction.atomic():
            before = Delivery.objects.filter(run=delivery.run, recipient=recipient)
            if before.exclude(status__in=sorted(MAIL_FINAL)).exists():
                raise CannotSend(f"A mail to {recipient} is on its way already.")
            last = before.aggregate(last=Max("again"))["last"]
            new = Delivery(
                team=delivery.team,
                occurrence=delivery.occurrence,
                run=delivery.run,
                recipient=recipient,
                result=delivery.result,
                address=recipient.address,
                again=last + 1,
            )
            try:
                check_before_sending(new)
            except Withheld as withheld:
                raise CannotSend(f"It cannot be sent again. {withheld}") from None
            new.save(force_insert=True)
            audit.record(Action.MAIL_AGAIN, new, by=by, run=delivery.run_id, again=new.again)
    except IntegrityError:
        raise CannotSend(f"Somebody has just had it sent to {recipient} again.") from None
    return new


@transaction.atomic
def withdraw(delivery: Delivery, *, by: User) -> bool:
    """Keep a mail back that waits; False when it is being sent or has ended."""
    waiting = Delivery.objects.filter(
        pk=delivery.pk, status__in=[MailStatus.HELD, MailStatus.QUEUED], attempts=delivery.attempts
    )
    fields = {"status": MailStatus.WITHDRAWN, "error": f"Withdrawn by {by}."[:500], "retry_at": None}
    if not waiting.update(**fields):
        return False
    for name, value in fields.items():
        setattr(delivery, name, value)
    audit.record(Action.MAIL_WITHDRAWN, delivery, by=by, address=delivery.address, run=delivery.run_id)
    return True


@transaction.atomic
def bounced(delivery: Delivery, sentence: str) -> bool:
    """A mail that was sent has come back; False when that is known, or the mail is not out yet."""
    left = Delivery.objects.filter(
        pk=delivery.pk, bounced_at=None, status__in=[MailStatus.SENT, MailStatus.UNCONFIRMED]
    )
    fields = {"bounced_at": timezone.now(), "status": MailStatus.REFUSED, "error": sentence[:500]}
    if not left.update(**fields):
        return False
    for name, value in fields.items():
        setattr(delivery, name, value)
    audit.record(Action.MAIL_BOUNCED, delivery, by=PORTAL, address=delivery.address, reason=delivery.error)
    _tell(delivery, "came back")
    return True


def _tell(delivery: Delivery, what: str) -> None:
    """One notice for each occurrence, however many of its mails share the trouble: its page lists them all.

    A mail that was asked for again is news of its own.
    """
    schedule, team = delivery.occurrence.schedule, delivery.team
    owner = schedule.owner
    is_here = owner is not None and team.memberships.filter(user=owner, user__is_active=True).exists()
    notifications.tell(
        team,
        f"delivery {delivery.pk} {what}" if delivery.again else f"occurrence {delivery.occurrence_id} {what}",
        [owner] if owner is not None and is_here else notifications.admins(team),
        subject=f"A mail of “{schedule}” {what}",
        text=(
            f"The mail of the schedule “{schedule}” to {delivery.address} {what}. {delivery.error}\n\n"
            "Other mails of the same run may share this trouble; you are told of it once. The page of the schedule "
            "shows each recipient, and sends a mail again to one of them."
        ),
        path=schedule.get_absolute_url(),
    )


def _same(address: str, other: str) -> bool:
    return normal(address) == normal(other)


MAILS = MailKind(Delivery, compose, ended)
