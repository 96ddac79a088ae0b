"""The mail of a delivery: its words, and its file attached or as a link. Nothing is sent or stored here."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from email import encoders
from email.mime.base import MIMEBase
from email.utils import format_datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from accounts.credentials.keyring import unseal
from accounts.models.team import LinkProof
from exports.deliveries import attachments, placeholders
from exports.deliveries.attachments import CannotEnclose, Enclosure
from exports.deliveries.settings import Content, MailSettings
from exports.models import Delivery, Occurrence, Result
from exports.results import store as results
from exports.results import tables, totals
from exports.results.layout import table_of
from exports.results.preview import TablePreview
from exports.results.totals import Measured

COLUMNS, CELL = 8, 60
DEFAULT_TEXT = "{export}, {period}: {rows} rows, {totals}."
# Base64 in lines of 76 characters with their breaks.
ENCODED = 78 / 57


@dataclass(frozen=True)
class Composed:
    """`size` is that of the whole mail, in bytes; `way` says how its file goes."""

    message: EmailMultiAlternatives
    way: str
    size: int


def compose_delivery(
    delivery: Delivery, link: Callable[[], str], unsubscribe_url: str, at: datetime
) -> Composed:
    """The mail as it goes out at `at`; `link` is asked for an address only when the file does not go with the mail.

    Raises CannotEnclose when the file is not to be had, and CannotStore when storage fails.
    """
    asked = MailSettings.from_json(delivery.occurrence.schedule.mail)
    result = delivery.result
    if result is None:
        return _composed(delivery, asked, Delivery.Way.WORD, "", [], "", unsubscribe_url, at)
    limit = delivery.team.attach_limit
    if result.purged_at is not None or not default_storage.exists(result.file.name):
        raise CannotEnclose("The file is no longer in the portal's storage. Run the export again to get it.")
    why = "The file is behind this link, as the team has it."
    if not asked.always_link and not (asked.content is Content.ORIGINAL and result.size * ENCODED > limit):
        schedule = delivery.occurrence.schedule
        password = unseal(schedule, "zip_password") if asked.content is Content.SEALED_ZIP else None
        with attachments.enclosed(result, asked.content, password) as files:
            if sum(file.size for file in files) * ENCODED <= limit:
                made = _composed(
                    delivery,
                    asked,
                    Delivery.Way.ATTACHED,
                    "",
                    files,
                    f"The file is attached. {_instead(result, asked.content)}".strip(),
                    unsubscribe_url,
                    at,
                )
                if made.size <= limit:
                    return made
    if not asked.always_link:
        why = (
            "The file is behind this link: with it the mail would be larger than the "
            f"{delivery.team.attach_megabytes} MB that the team attaches."
        )
    proof = (
        "asks for a code sent to this address"
        if delivery.team.link_proof == LinkProof.CODE
        else "asks you to sign in with this address"
    )
    why = f"{why} {_instead(result, asked.content)}".strip()
    where = f"{why} It opens for {delivery.team.link_days} days, for you alone, and {proof}."
    return _composed(delivery, asked, Delivery.Way.LINK, link(), [], where, unsubscribe_url, at)


def _instead(result: Result, content: Content) -> str:
    """What goes in the place of a workbook that cannot be made."""
    if content not in (Content.WORKBOOK, Content.BOTH) or attachments.has_workbook(result):
        return ""
    return "It goes as it is: no Excel workbook is made of a file of this size or kind."


def _composed(
    delivery: Delivery,
    asked: MailSettings,
    way: str,
    link: str,
    files: list[Enclosure],
    where: str,
    unsubscribe_url: str,
    at: datetime,
) -> Composed:
    occurrence, run, result, team = delivery.occurrence, delivery.run, delivery.result, delivery.team
    now = totals.measure(result) if result else Measured(0, {})
    values = {
        "period": placeholders.period_of(run.job, run.late_before),
        "rows": placeholders.count(now.rows),
        "totals": placeholders.sums(now.totals),
        "export": str(run.export),
        "team": team.name,
        "date": placeholders.in_words(at.astimezone(team.zone).date()),
    }
    subject = placeholders.one_line(placeholders.filled(asked.subject, values))
    if result is None:
        where = "There is no file this time: no report matched what the export asks for."
    before, previous = _before(delivery)
    context: dict[str, Any] = {
        "subject": subject,
        "text": placeholders.filled(
            asked.text.strip() or DEFAULT_TEXT, values | {"link": link or "attached"}
        ),
        "where": where,
        "link": link,
        "sentences": _sentences(occurrence),
        "changes": placeholders.changes(previous, now) if previous else [],
        "before": placeholders.in_words(before.due_at.astimezone(team.zone).date()) if before else "",
        # What is sealed is not to be read beside its seal.
        "table": _first_rows(result, asked.first_rows)
        if result and asked.content is not Content.SEALED_ZIP
        else None,
        "manifest": _manifest(delivery, now, files),
        "schedule": occurrence.schedule.name,
        "team": team.name,
        "unsubscribe_url": unsubscribe_url,
    }
    headers = {
        "Date": format_datetime(at),
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    if delivery.message_id:
        headers["Message-ID"] = f"<{delivery.message_id.strip('<>')}>"
    message = EmailMultiAlternatives(
        subject=render_to_string("emails/delivery_subject.txt", context).strip(),
        body=render_to_string("emails/delivery_text.txt", context).strip() + "\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[delivery.address],
        headers=headers,
    )
    message.attach_alternative(render_to_string("emails/delivery_html.html", context), "text/html")
    for file in files:
        message.attach(_attachment(file))
    return Composed(message, way, len(message.message().as_bytes(linesep="\r\n")))


def _attachment(file: Enclosure) -> MIMEBase:
    """Byte for byte: as text, a mail server might change its line ends."""
    part = MIMEBase(*file.media_type.split("/", 1))
    part.set_payload(file.path.read_bytes())
    encoders.encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename=file.name)
    return part


def _manifest(delivery: Delivery, now: Measured, files: list[Enclosure]) -> list[tuple[str, str]]:
    result, run = delivery.result, delivery.run
    said = [("Rows", placeholders.count(now.rows)), ("Totals", placeholders.sums(now.totals))]
    if result:
        said += [("File", result.name), ("Size", f"{result.size:,} bytes"), ("SHA-256", result.sha256)]
        for file in files:
            if file.name != result.name:
                said += [("Attached", f"{file.name}, {file.size:,} bytes"), ("Its SHA-256", file.sha256)]
    version = run.version
    return [
        *said,
        ("Export", f"{run.export}, version {version.number if version else '–'}"),
        ("Run", str(run.pk)),
    ]


def _sentences(occurrence: Occurrence) -> list[str]:
    if occurrence.sentence:
        return [occurrence.sentence]
    if occurrence.covers > 1:
        return [
            f"This mail stands for {occurrence.covers} times that were due: the portal was not at work before."
        ]
    return []


def _before(delivery: Delivery) -> tuple[Occurrence | None, Measured | None]:
    """The occurrence settled before, and what it held for this recipient."""
    occurrence = delivery.occurrence
    before = (
        Occurrence.objects.filter(
            schedule=occurrence.schedule, due_at__lt=occurrence.due_at, outcome="started"
        )
        .exclude(settled_at=None)
        .order_by("-due_at")
        .first()
    )
    if before is None:
        return None, None
    if delivery.result is None or not delivery.result.is_part:
        if before.rows is None and before.totals is None:
            return before, None
        sums = before.totals
        return before, Measured(before.rows, sums and {name: Decimal(sum) for name, sum in sums.items()})
    old = Result.objects.filter(
        part_of__run=before.run, part_value=delivery.result.part_value, purged_at=None
    ).first()
    try:
        return before, totals.measure(old) if old else None
    except FileNotFoundError:
        return before, None


def _first_rows(result: Result, rows: int) -> TablePreview | None:
    if not rows or results.extension(result.name) != "csv":
        return None
    try:
        with default_storage.open(result.file.name) as file:
            records = tables.records_of(file, table_of(result))
            found = [[_cut(cell) for cell in each.cells[:COLUMNS]] for each in islice(records.rows, rows)]
            return (
                TablePreview([_cut(cell) for cell in records.headings[:COLUMNS]], found, more=False)
                if found
                else None
            )
    except csv.Error:
        return None


def _cut(cell: str) -> str:
    cell = cell.encode("utf-8", "replace").decode()
    return cell if len(cell) <= CELL else cell[: CELL - 1] + "…"
