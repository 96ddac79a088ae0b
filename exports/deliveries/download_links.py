"""Links to files, each for one recipient: made, proved, opened, taken back; and the links that unsubscribe.

Who has a link has nothing yet: its file is given to who proves to be its recipient, by a code mailed to their address
or by signing in with it. Of token and code only hashes are stored, and neither is written to a log: see `portal.logs`.
"""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import BinaryIO, NamedTuple

from django.conf import settings
from django.core.files.storage import default_storage
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
from exports.deliveries import attachments, placeholders, recipients
from exports.deliveries.allowed_addresses import normal
from exports.deliveries.settings import Content, MailSettings
from exports.models import Delivery, Link, LinkOpening, Recipient

CODE_DIGITS = 8
CODE_MINUTES = 15
# With 8 digits, 5 codes an hour and 5 tries for each, guessing for a month comes to 18,000 of 100 million.
CODE_TRIES = 5
CODES_AN_HOUR = 5
# How long a proof holds for its link in its session.
PROOF_MINUTES = 30

_unsubscribe_signer = Signer(salt="unsubscribe", sep=".")


class Unavailable(NamedTuple):
    """Why a link gives no file, and what to do."""

    title: str
    sentence: str


class Handed(NamedTuple):
    """The file that a delivery is about, as `ranges.attachment` wants it."""

    name: str
    media_type: str
    size: int
    rows: int | None
    sha256: str
    file: BinaryIO


# ---------------------------------------------------------------- links to files


def make(delivery: Delivery) -> str:
    """The token of a delivery's link. One that was made before opens no more; what was taken back stays so."""
    token = secrets.token_urlsafe(32)
    Link.objects.update_or_create(
        delivery=delivery,
        defaults={
            "team": delivery.team,
            "token_hash": _hash(token),
            "expires_at": timezone.now() + timedelta(days=delivery.team.link_days),
            "code_hash": "",
        },
    )
    return token


def url(token: str) -> str:
    return settings.SITE_URL + reverse("exports:link", args=[token])


@contextmanager
def at(token: str) -> Iterator[Link]:
    """A link by its token, with its team open. Raises Link.DoesNotExist."""
    with scopes_disabled():
        pk = Link.objects.values_list("pk", flat=True).get(token_hash=_hash(token))
    with team_of(Link, pk) as link:
        yield link


def why_unavailable(link: Link, now: datetime) -> Unavailable | None:
    """Why nobody gets a file by this link now, its recipient included."""
    delivery, team = link.delivery, link.team
    if link.revoked_at is not None or delivery.status == Delivery.Status.WITHDRAWN:
        return Unavailable(
            "This link was taken back",
            f"Somebody at {team} took it back. If you still need the file, ask them to send it again.",
        )
    if _is_out(delivery.recipient):
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
    """Take a link back, from the next click on; False when it was before."""
    now = timezone.now()
    if not Link.objects.filter(pk=link.pk, revoked_at=None).update(
        revoked_at=now, revoked_by_name=str(by), code_hash=""
    ):
        return False
    audit.record(Action.LINK_REVOKED, link.delivery, by=by, openings=link.openings)
    return True


def file_of(delivery: Delivery) -> Handed:
    """What the mail would have held, as one file. Raises FileNotFoundError, CannotEnclose and CannotStore."""
    result = delivery.result
    assert result is not None, "why_unavailable is asked first"
    schedule = delivery.recipient.schedule
    content = content_of(delivery)
    if content is Content.ORIGINAL:
        file = default_storage.open(result.file.name)
        return Handed(result.name, result.media_type, result.size, result.rows, result.sha256, file)
    password = unseal(schedule, "zip_password") if content is Content.SEALED_ZIP else None
    with attachments.one_file(result, content, password) as made:
        # Open, it can still be read when its name is gone from the disk.
        opened = made.path.open("rb")
        return Handed(made.name, made.media_type, made.size, result.rows, made.sha256, opened)


def content_of(delivery: Delivery) -> Content:
    return MailSettings.from_json(delivery.recipient.schedule.mail).content


@transaction.atomic
def note_opening(link: Link, *, by: User | Actor, proof: str, network_address: str, now: datetime) -> None:
    """Somebody who proved to be the recipient fetches the file."""
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
    mine, theirs = normal(user.email), normal(link.delivery.address)
    return user.is_active and constant_time_compare(mine, theirs)


# ---------------------------------------------------------------- codes


def send_code(link: Link, now: datetime) -> str | None:
    """Mail a new code to the link's address, and to no other; a sentence when that was not possible.

    Mailed at once, since somebody sits and waits for it, and without a row that would hold it. The code before it is
    worth nothing any more.
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
    """None when this is the code that was mailed last, which is used up by it; otherwise a sentence.

    A try is counted before it is compared, so that many at once are not more tries than one after another.
    """
    valid = Link.objects.filter(pk=link.pk, code_sent_at__gt=now - timedelta(minutes=CODE_MINUTES))
    counted = (
        valid.filter(code_tries__lt=CODE_TRIES).exclude(code_hash="").update(code_tries=F("code_tries") + 1)
    )
    if not counted:
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
    """Whether a code was mailed that can still be typed."""
    sent_at = link.code_sent_at
    is_fresh = sent_at is not None and sent_at > now - timedelta(minutes=CODE_MINUTES)
    return is_fresh and link.code_hash != "" and link.code_tries < CODE_TRIES


def is_proof_by_code(link: Link) -> bool:
    return link.team.link_proof == LinkProof.CODE


# ---------------------------------------------------------------- unsubscribing


def unsubscribe_url(recipient: Recipient) -> str:
    """For the foot and the header of a mail. It does not expire: an old mail has to be able to stop the next one."""
    return settings.SITE_URL + reverse(
        "exports:unsubscribe", args=[_unsubscribe_signer.sign(str(recipient.pk))]
    )


@contextmanager
def subscriber(token: str) -> Iterator[Recipient]:
    """The recipient of an unsubscribing link, with their team open. Raises Recipient.DoesNotExist."""
    try:
        pk = int(_unsubscribe_signer.unsign(token))
    except (BadSignature, ValueError) as error:
        raise Recipient.DoesNotExist from error
    with team_of(Recipient, pk) as recipient:
        yield recipient


def masked(address: str) -> str:
    """Enough of an address for its owner to know it, and for nobody else: n•••@acme.example."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def _is_out(recipient: Recipient) -> bool:
    """Who has unsubscribed, or waits to be confirmed, was rightly sent what they were sent."""
    if recipient.state in (Recipient.State.DROPPED, Recipient.State.REMOVED):
        return True
    return recipients.why_out(recipient) is not None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _code_hash(link: Link, code: str) -> str:
    """With the portal's key: whoever reads the table could try all the digits otherwise."""
    return salted_hmac(
        "download-link-code", f"{link.pk} {link.token_hash} {code}", algorithm="sha256"
    ).hexdigest()
