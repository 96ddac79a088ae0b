"""Mails that came back: read from what mail servers report, and noted at the delivery they are about."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from django_scopes import scopes_disabled

from accounts.door import team_of
from exports.deliveries import send as deliveries
from exports.models import Delivery

# Ours begin so, see `accounts.mail.outbox`; the end is random, so a report that names one has seen the mail.
_NAME = re.compile(r"<delivery-\d+-[0-9a-f]{16}@[^<>\s]+>")


@dataclass(frozen=True)
class BounceReport:
    """One mail that did not reach its address, as a mail server tells it."""

    message_id: str
    address: str
    status: str
    words: str

    @property
    def sentence(self) -> str:
        told = " ".join(filter(None, [self.status, self.words]))
        return f"The mail came back: {self.address or 'its address'} could not be reached (“{told[:200]}”)."


def reports(message: Message) -> Iterator[BounceReport]:
    """What a delivery status notification (RFC 3464) tells of mails of ours that failed for good."""
    names = _originals(message)
    for part in message.walk():
        if part.get_content_type() != "message/delivery-status" or not part.is_multipart():
            continue
        for block in part.get_payload():
            if not isinstance(block, Message) or _line(block, "Action").lower() != "failed":
                continue
            address = _after_type(_line(block, "Original-Recipient") or _line(block, "Final-Recipient"))
            for name in names:
                words = _after_type(_line(block, "Diagnostic-Code"))
                yield BounceReport(name, address, _line(block, "Status"), words)


def note(report: BounceReport) -> bool:
    """Mark the delivery that came back; False when there is none, or it is known already."""
    with scopes_disabled():
        found = Delivery.objects.filter(message_id=report.message_id).values_list("pk", flat=True).first()
    if found is None:
        return False
    with team_of(Delivery, found) as delivery:
        return deliveries.bounced(delivery, report.sentence)


def _originals(message: Message) -> list[str]:
    """Message-IDs of ours in the mail, or in the headers, that the report sends back."""
    names: dict[str, None] = {}
    for part in message.walk():
        if part is not message and part.get_content_type() not in {
            "message/delivery-status",
            "multipart/report",
        }:
            names |= dict.fromkeys(_NAME.findall(_line(part, "Message-ID")))
        if part.get_content_type() == "text/rfc822-headers":
            names |= dict.fromkeys(_NAME.findall(_text(part)))
    return list(names)


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    return content.decode(errors="replace") if isinstance(content, bytes) else ""


def _line(message: Message, name: str) -> str:
    """A header on one line; printable, since it is shown to people."""
    words = " ".join(str(message.get(name, "")).split())
    return "".join(letter for letter in words if letter.isprintable())


def _after_type(value: str) -> str:
    """Without what kind of value it is: "rfc822; bob@acme.example"."""
    _, semicolon, rest = value.partition(";")
    return rest.strip() if semicolon else value
