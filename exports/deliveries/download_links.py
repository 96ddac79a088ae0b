"""Download links, each for one recipient: create, check, open, revoke; and unsubscribe links.

A link alone opens nothing: people must prove that they are its recipient, by a code mailed to their address or by
signing in with it. Only hashes of token and code are stored, and neither is logged: see `portal.logs`.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import IO, NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django_scopes import scopes_disabled

from accounts.audit import record as audit
from accounts.audit.record import Action, Actor
from accounts.credentials.keyring import unseal
from accounts.door import team_of
from accounts.models import LinkProof, User
from accounts.tokens import digest_of
from exports.deliveries import attachments, placeholders, recipients
from exports.deliveries.allowed_addresses import normalize
from exports.deliveries.settings import Content, MailSettings
from exports.models import Delivery, Link, LinkOpening, Recipient
from exports.results import integrity

CODE_DIGITS = 8
CODE_MINUTES = 15
# With 8 digits, 5 codes an hour and 5 tries for each, an attacker can try 18,000 of 100 million codes in a month.
CODE_TRIES = 5
CODES_AN_HOUR = 5
# How long a proof is valid, for one link in one session.
PROOF_MINUTES = 30

_unsubscribe_signer = Signer(salt="unsubscribe", sep=".")


class Unavailable(NamedTuple):
    """Why a link gives no file, and what to do."""

    title: str
    sentence: str


@dataclass
class LinkedFile:
    """The open file of a delivery, with the fields that `http_range.attachment` reads."""

    name: str
    media_type: str
    size: int
    sha256: str
    file: IO[bytes]


# ---------------------------------------------------------------- download links


def make(delivery: Delivery) -> str:
    """Create a delivery's link, and return its token. It replaces an earlier token; a revoked link stays revoked."""
    token = secrets.token_urlsafe(32)
    Link.objects.update_or_create(
        delivery=delivery,
        defaults={
            "team": delivery.team,
            "token_hash": digest_of(token),
            "expires_at": timezone.now() + timedelta(days=delivery.team.link_days),
            "code_hash": "",
        },
    )
    return token


def url(token: str) -> str:
    return settings.SITE_URL + reverse("exports:link", args=[token])


@contextmanager
def open_link(token: str) -> Iterator[Link]:
    """A link by its token, in its team's scope. Raises Link.DoesNotExist."""
    with scopes_disabled():
        pk = Link.objects.values_list("pk", flat=True).get(token_hash=digest_of(token))
    with team_of(Link, pk) as link:
        yield link


def why_unavailable(link: Link, now: datetime) -> Unavailable | None:
    """Why this link gives no file now, even to its recipient."""
    delivery, team = link.delivery, link.team
    if link.revoked_at is not None or delivery.status == Delivery.Status.WITHDRAWN:
        return Unavailable(
            "This link was taken back",
            f"Somebody at {team} took it back. If you still need the file, ask them to send it again.",
        )
    if _is_excluded(delivery.recipient):
        return Unavailable(
            "This link is closed",
            f"Files of {team} do not go to this address any more. If that is wrong, ask {team} to look at the "
            "recipients of the schedule.",
        )
    if link.expires_at <= now:
        until = link.expires_at.astimezone(team.zone)
        return Unavailable(
            "This link is too old",
            f"It opened until {until:%-d %B %Y}. If you still need the file, ask {team} to send it again.",
        )
    if delivery.result is None or delivery.result.purged_at is not None:
        return Unavailable(
            "The file is no longer kept",
            f"It was deleted when its retention time was over. If you still need it, ask {team} to run the export "
            "again.",
        )
    return None


@transaction.atomic
def revoke(link: Link, *, by: User) -> bool:
    """Revoke a link, from the next click on. False if it is revoked already."""
    now = timezone.now()
    if not Link.objects.filter(pk=link.pk, revoked_at=None).update(
        revoked_at=now, revoked_by_name=str(by), code_hash=""
    ):
        return False
    audit.record(Action.LINK_REVOKED, link.delivery, by=by, openings=link.openings)
    return True


def file_of(delivery: Delivery) -> LinkedFile:
    """What the mail would have attached, as one file. Raises FileNotFoundError, CannotAttach, CannotStore."""
    result = delivery.result
    assert result is not None, "callers check why_unavailable first"
    schedule = delivery.recipient.schedule
    content = content_of(delivery)
    if content is Content.ORIGINAL:
        file = integrity.open_result(result)
        return LinkedFile(result.name, result.media_type, result.size, result.sha256, file)
    password = unseal(schedule, "zip_password") if content is Content.SEALED_ZIP else None
    with attachments.one_file(result, content, password) as packed:
        # An open file can still be read after its name is deleted from the disk.
        opened = packed.path.open("rb")
        return LinkedFile(packed.name, packed.media_type, packed.size, packed.sha256, opened)


def content_of(delivery: Delivery) -> Content:
    return MailSettings.from_json(delivery.recipient.schedule.mail).content


@transaction.atomic
def note_opening(link: Link, *, by: User | Actor, proof: str, network_address: str, now: datetime) -> None:
    """Record a download by a person who proved to be the recipient."""
    name = str(by) if isinstance(by, User) else by.name
    Link.objects.filter(pk=link.pk).update(openings=F("openings") + 1, opened_at=Coalesce("opened_at", now))
    LinkOpening.objects.create(
        team=link.team, link=link, at=now, by_name=name, proof=proof, network_address=network_address
    )
    result = link.delivery.result
    audit.record(
        Action.LINK_OPENED,
        link.delivery,
        by=by,
        proof=proof,
        file=result and result.name,
        sha256=result and result.sha256,
    )


def is_recipient(link: Link, user: User) -> bool:
    """Whether this person has the address that the link was mailed to."""
    return user.is_active and constant_time_compare(normalize(user.email), normalize(link.delivery.address))


# ---------------------------------------------------------------- codes


def send_code(link: Link, now: datetime) -> str | None:
    """Mail a new code to the link's address only. Returns a sentence if that is not possible.

    It is mailed at once, because somebody waits for it, and without an outbox row, which would store the code. It
    replaces the code before it.
    """
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    with transaction.atomic():
        row = Link.objects.select_for_update().get(pk=link.pk)
        if row.codes_from is None or row.codes_from <= now - timedelta(hours=1):
            row.codes_from, row.codes_sent = now, 0
        if (row.codes_sent or 0) >= CODES_AN_HOUR:
            again = (row.codes_from + timedelta(hours=1)).astimezone(link.team.zone)
            return f"{CODES_AN_HOUR} codes were sent within an hour. The next one can be sent from {again:%H:%M} on."
        row.codes_sent = (row.codes_sent or 0) + 1
        row.code_hash, row.code_sent_at, row.code_tries = _code_hash(row, code), now, 0
        row.save(update_fields=["codes_from", "codes_sent", "code_hash", "code_sent_at", "code_tries"])
        audit.record(Action.LINK_CODE_SENT, link.delivery, by=Actor("Somebody with the link"))
    context = {"code": code, "team": link.team, "minutes": CODE_MINUTES}
    message = EmailMessage(
        subject=placeholders.one_line(render_to_string("emails/link_code_subject.txt", context)),
        body=render_to_string("emails/link_code_text.txt", context),
        to=[link.delivery.address],
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except (SMTPException, OSError):
        Link.objects.filter(pk=link.pk, code_hash=row.code_hash).update(code_hash="")
        return "The code could not be mailed: the mail server did not take it. Try again in a few minutes."
    return None


def try_code(link: Link, typed: str, now: datetime) -> str | None:
    """None if this is the newest code, which then cannot be used again; otherwise a sentence.

    The try is counted before the comparison, so that parallel requests get no extra tries.
    """
    valid = Link.objects.filter(pk=link.pk, code_sent_at__gt=now - timedelta(minutes=CODE_MINUTES))
    valid = valid.filter(code_tries__lt=CODE_TRIES).exclude(code_hash="")
    if not valid.update(code_tries=F("code_tries") + 1):
        return "There is no code that is still good. Have a new one sent."
    row = Link.objects.get(pk=link.pk)
    digits = "".join(filter(str.isdigit, typed[:50]))
    if constant_time_compare(row.code_hash, _code_hash(row, digits)):
        if Link.objects.filter(pk=link.pk, code_hash=row.code_hash).update(code_hash=""):
            return None
        return "This code has just been used. Have a new one sent."
    left = CODE_TRIES - row.code_tries
    audit.record(Action.LINK_CODE_WRONG, link.delivery, by=Actor("Somebody with the link"), tries_left=left)
    if left <= 0:
        return "This is not the code, and it was the last try. Have a new one sent."
    return f"This is not the code of the newest mail. {left} {'try is' if left == 1 else 'tries are'} left."


def awaits_code(link: Link, now: datetime) -> bool:
    """Whether a mailed code can still be entered."""
    sent_at = link.code_sent_at
    is_fresh = sent_at is not None and sent_at > now - timedelta(minutes=CODE_MINUTES)
    return is_fresh and link.code_hash != "" and link.code_tries < CODE_TRIES


def is_proof_by_code(link: Link) -> bool:
    return link.team.link_proof == LinkProof.CODE


# ---------------------------------------------------------------- unsubscribing


def unsubscribe_url(recipient: Recipient) -> str:
    """For the footer and the header of a mail. It does not expire: an old mail must be able to stop the next one."""
    return settings.SITE_URL + reverse("exports:unsubscribe", args=[_unsubscribe_signer.sign(str(recipient.pk))])


@contextmanager
def subscriber(token: str) -> Iterator[Recipient]:
    """The recipient of an unsubscribe link, in their team's scope. Raises Recipient.DoesNotExist."""
    try:
        pk = int(_unsubscribe_signer.unsign(token))
    except (BadSignature, ValueError) as error:
        raise Recipient.DoesNotExist from error
    with team_of(Recipient, pk) as recipient:
        yield recipient


def mask_address(address: str) -> str:
    """An address that only its owner recognizes: n•••@acme.example."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def _is_excluded(recipient: Recipient) -> bool:
    """Unsubscribed and unconfirmed recipients keep access: they were allowed the mails they have."""
    is_off = recipient.state in (Recipient.State.DROPPED, Recipient.State.REMOVED)
    return is_off or recipients.why_excluded(recipient) is not None


def _code_hash(link: Link, code: str) -> str:
    """Keyed with the portal's secret: otherwise a reader of the table could try all codes."""
    return salted_hmac("download-link-code", f"{link.pk} {link.token_hash} {code}", algorithm="sha256").hexdigest()
