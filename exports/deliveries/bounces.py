"""Read the bounce reports of mail servers, and mark the deliveries they are about."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from django_scopes import scopes_disabled

from accounts.door import team_of
from exports.deliveries import lifecycle as deliveries
from exports.models import Delivery

# Message-IDs of `accounts.mail.outbox`. Their end is random, so only someone who saw the mail can report one.
_MESSAGE_ID = re.compile(r"<delivery-\d+-[0-9a-f]{16}@[^<>\s]+>")


@dataclass(frozen=True)
class BounceReport:
    """One mail that did not reach its address, as a mail server reports it."""

    message_id: str
    address: str
    status: str
    words: str

    @property
    def sentence(self) -> str:
        reason = " ".join(filter(None, [self.status, self.words]))
        return f"The mail came back: {self.address or 'its address'} could not be reached (“{reason[:200]}”)."


def reports(message: Message) -> Iterator[BounceReport]:
    """The permanent failures of our mails in a delivery status notification (RFC 3464)."""
    message_ids = _find_message_ids(message)
    for part in message.walk():
        if part.get_content_type() != "message/delivery-status" or not part.is_multipart():
            continue
        for block in part.get_payload():
            if not isinstance(block, Message) or _header(block, "Action").lower() != "failed":
                continue
            address = _strip_type(_header(block, "Original-Recipient") or _header(block, "Final-Recipient"))
            words = _strip_type(_header(block, "Diagnostic-Code"))
            for message_id in message_ids:
                yield BounceReport(message_id, address, _header(block, "Status"), words)


def note(report: BounceReport) -> bool:
    """Mark the delivery that came back. False if there is none, or if it is marked already."""
    with scopes_disabled():
        pk = Delivery.objects.filter(message_id=report.message_id).values_list("pk", flat=True).first()
    if pk is None:
        return False
    with team_of(Delivery, pk) as delivery:
        return deliveries.bounced(delivery, report.sentence)


def _find_message_ids(message: Message) -> list[str]:
    """Our Message-IDs in the returned mail, or in its returned headers."""
    message_ids: dict[str, None] = {}
    for part in message.walk():
        if part is not message and part.get_content_type() not in {"message/delivery-status", "multipart/report"}:
            message_ids |= dict.fromkeys(_MESSAGE_ID.findall(_header(part, "Message-ID")))
        if part.get_content_type() == "text/rfc822-headers":
            message_ids |= dict.fromkeys(_MESSAGE_ID.findall(_text(part)))
    return list(message_ids)


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    return content.decode(errors="replace") if isinstance(content, bytes) else ""


def _header(message: Message, name: str) -> str:
    """A header on one line, without unprintable characters: it is shown to people."""
    words = " ".join(str(message.get(name, "")).split())
    return "".join(letter for letter in words if letter.isprintable())


def _strip_type(value: str) -> str:
    """ "bob@acme.example" from "rfc822; bob@acme.example"."""
    _, semicolon, rest = value.partition(";")
    return rest.strip() if semicolon else value
