"""What happens to a delivery before and after its mail is sent.

`compose` makes the last checks and writes the mail, `ended` records the outcome, `bounced` a mail that came back.
People withdraw a waiting mail or queue another one. `accounts.mail.outbox` sends the mail; it is handed `MAILS`.
"""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.audit import record as audit
from accounts.audit.record import PORTAL, Action
from accounts.mail.outbox import MailKind, Withheld, set_fields
from accounts.models import MAIL_FINAL, MailStatus, User
from exports.deliveries import compose as delivery_compose
from exports.deliveries import download_links, recipients
from exports.deliveries.allowed_addresses import normalize
from exports.deliveries.attachments import CannotAttach
from exports.deliveries.settings import MailSettings
from exports.deliveries.summary import UNDELIVERED
from exports.models import Delivery, Recipient

ACTIONS = {
    MailStatus.SENT: Action.MAIL_SENT,
    MailStatus.REFUSED: Action.MAIL_REFUSED,
    MailStatus.FAILED: Action.MAIL_FAILED,
    MailStatus.UNCONFIRMED: Action.MAIL_UNCONFIRMED,
    MailStatus.UNSUBSCRIBED: Action.MAIL_WITHHELD,
    MailStatus.WITHDRAWN: Action.MAIL_WITHHELD,
}


class CannotSend(Exception):
    """The mail cannot be sent again; the message says why, for people."""


def compose(delivery: Delivery) -> EmailMessage:
    """The mail of a delivery, checked right before it is sent. Raises Withheld, and CannotStore."""
    check_before_sending(delivery)
    try:
        composed = delivery_compose.compose_delivery(
            delivery,
            link=lambda: download_links.url(download_links.make(delivery)),
            unsubscribe_url=download_links.unsubscribe_url(delivery.recipient),
            at=timezone.now(),
        )
    except CannotAttach as reason:
        raise Withheld(MailStatus.FAILED, str(reason)) from None
    Delivery.objects.filter(pk=delivery.pk).update(way=composed.way)
    delivery.way = composed.way
    # Django's parts require 8-bit transport, which not every server supports; a parsed copy can be sent in 7 bits.
    message = message_from_bytes(composed.message.message().as_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def check_before_sending(delivery: Delivery) -> None:
    """Raise Withheld for a queued mail that must not be sent any more."""
    recipient, address = delivery.recipient, delivery.address
    if recipient.state == Recipient.State.UNSUBSCRIBED:
        raise Withheld(MailStatus.UNSUBSCRIBED, f"{recipient} has unsubscribed from this schedule.")
    if because := recipients.why_not(recipient):
        raise Withheld(MailStatus.WITHDRAWN, because)
    if not _is_same(address, recipient.address):
        raise Withheld(
            MailStatus.WITHDRAWN, f"This mail was made for {address}, but its recipient is {recipient.address} now."
        )
    result = delivery.result
    if result is None:
        return
    if result.purged_at is not None:
        raise Withheld(MailStatus.WITHDRAWN, "The file is no longer kept.")
    if result.part_of_id is None:
        return
    # Rows without an address are in the part of the fallback.
    expected = result.part_value or MailSettings.from_json(delivery.occurrence.schedule.mail).fallback
    if not _is_same(expected, address):
        raise Withheld(MailStatus.WITHDRAWN, f"This part of the file is for {expected}, not for {address}.")


def ended(delivery: Delivery) -> None:
    """Record the outcome of a mail, and notify the owner if it was not delivered, once for each occurrence.

    Unsubscribed and dropped recipients were reported to the owner when that happened.
    """
    data: dict[str, Any] = {"address": delivery.address, "run": delivery.run_id, "message_id": delivery.message_id}
    if delivery.result is not None:
        data |= {"file": delivery.result.name, "sha256": delivery.result.sha256, "way": delivery.way}
    if delivery.error:
        data["reason"] = delivery.error
    audit.record(ACTIONS[MailStatus(delivery.status)], delivery, by=PORTAL, **data)
    if delivery.status in UNDELIVERED:
        _notify(delivery, "was not delivered")


def send_again(delivery: Delivery, *, by: User) -> Delivery:
    """Queue another mail to this one recipient, because a person asks for it. Raises CannotSend.

    Two clicks send one mail: each attempt has a row, and only the last attempt may be followed by another.
    """
    recipient = Recipient.objects.get(pk=delivery.recipient_id)
    try:
        with transaction.atomic():
            earlier = Delivery.objects.filter(run=delivery.run, recipient=recipient)
            if earlier.exclude(status__in=sorted(MAIL_FINAL)).exists():
                raise CannotSend(f"A mail to {recipient} is on its way already.")
            last = earlier.aggregate(last=Max("again"))["last"]
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
    """Withdraw a waiting mail. False if it is being sent or has ended."""
    waiting = Delivery.objects.filter(
        pk=delivery.pk, status__in=[MailStatus.HELD, MailStatus.QUEUED], attempts=delivery.attempts
    )
    fields = {"status": MailStatus.WITHDRAWN, "error": f"Withdrawn by {by}."[:500], "retry_at": None}
    if not waiting.update(**fields):
        return False
    set_fields(delivery, fields)
    audit.record(Action.MAIL_WITHDRAWN, delivery, by=by, address=delivery.address, run=delivery.run_id)
    return True


@transaction.atomic
def bounced(delivery: Delivery, sentence: str) -> bool:
    """Mark a sent mail as bounced. False if it is marked already, or not sent yet."""
    sent = Delivery.objects.filter(
        pk=delivery.pk, bounced_at=None, status__in=[MailStatus.SENT, MailStatus.UNCONFIRMED]
    )
    fields = {"bounced_at": timezone.now(), "status": MailStatus.REFUSED, "error": sentence[:500]}
    if not sent.update(**fields):
        return False
    set_fields(delivery, fields)
    audit.record(Action.MAIL_BOUNCED, delivery, by=PORTAL, address=delivery.address, reason=delivery.error)
    _notify(delivery, "came back")
    return True


def _notify(delivery: Delivery, outcome: str) -> None:
    """Notify the owner once for each occurrence, however many of its mails fail: its page lists them all.

    A mail that a person sent again has its own notification.
    """
    schedule = delivery.occurrence.schedule
    recipients.tell_owner(
        schedule,
        f"delivery {delivery.pk} {outcome}" if delivery.again else f"occurrence {delivery.occurrence_id} {outcome}",
        subject=f"A mail of “{schedule}” {outcome}",
        text=(
            f"The mail of the schedule “{schedule}” to {delivery.address} {outcome}. {delivery.error}\n\n"
            "Other mails of the same run may share this trouble; you are told of it once. The page of the schedule "
            "shows each recipient, and sends a mail again to one of them."
        ),
    )


def _is_same(address: str, other: str) -> bool:
    return normalize(address) == normalize(other)


MAILS = MailKind(Delivery, compose, ended)
