"""Compose the mail of a delivery: text, and the file as an attachment or a link. Sends and stores nothing."""

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
from exports.deliveries.attachments import Attachment, CannotAttach
from exports.deliveries.settings import Content, MailSettings
from exports.deliveries.split_by_recipient import open_table
from exports.models import Delivery, Occurrence, Result
from exports.results import store as results
from exports.results import totals
from exports.results.integrity import Damaged
from exports.results.preview import TablePreview
from exports.results.totals import Measured
from exports.schedules.rules.words import day_in_words

COLUMNS, CELL = 8, 60
DEFAULT_TEXT = "{export}, {period}: {rows} rows, {totals}."
# Growth by base64, in lines of 76 characters and a line break.
ENCODED = 78 / 57


@dataclass(frozen=True)
class Composed:
    """`size` is the size of the whole mail in bytes; `way` is how the file is sent."""

    message: EmailMultiAlternatives
    way: str
    size: int


def compose_delivery(delivery: Delivery, link: Callable[[], str], unsubscribe_url: str, at: datetime) -> Composed:
    """The mail as it is sent at `at`. Calls `link` for the URL only if the file is not attached.

    Raises CannotAttach when the file is not available, and CannotStore when storage fails.
    """
    mail = MailSettings.from_json(delivery.occurrence.schedule.mail)
    result = delivery.result
    if result is None:
        return _build(delivery, mail, Delivery.Way.WORD, "", [], "", unsubscribe_url, at)
    limit = delivery.team.attach_limit
    if result.purged_at is not None or not default_storage.exists(result.file.name):
        raise CannotAttach("The file is no longer in the portal's storage. Run the export again to get it.")
    note = _explain_replacement(result, mail.content)
    why = "The file is behind this link, as the team has it."
    if not mail.always_link and not (mail.content is Content.ORIGINAL and result.size * ENCODED > limit):
        schedule = delivery.occurrence.schedule
        password = unseal(schedule, "zip_password") if mail.content is Content.SEALED_ZIP else None
        with attachments.files_of(result, mail.content, password) as files:
            if sum(file.size for file in files) * ENCODED <= limit:
                where = f"The file is attached. {note}".strip()
                way = Delivery.Way.ATTACHED
                composed = _build(delivery, mail, way, "", files, where, unsubscribe_url, at)
                if composed.size <= limit:
                    return composed
    if not mail.always_link:
        why = (
            "The file is behind this link: with it the mail would be larger than the "
            f"{delivery.team.attach_megabytes} MB that the team attaches."
        )
    proof = (
        "asks for a code sent to this address"
        if delivery.team.link_proof == LinkProof.CODE
        else "asks you to sign in with this address"
    )
    why = f"{why} {note}".strip()
    where = f"{why} It opens for {delivery.team.link_days} days, for you alone, and {proof}."
    return _build(delivery, mail, Delivery.Way.LINK, link(), [], where, unsubscribe_url, at)


def _explain_replacement(result: Result, content: Content) -> str:
    """A sentence if the original replaces a workbook that cannot be made, else ""."""
    if content not in (Content.WORKBOOK, Content.BOTH) or attachments.has_workbook(result):
        return ""
    return "It goes as it is: no Excel workbook is made of a file of this size or kind."


def _build(
    delivery: Delivery,
    mail: MailSettings,
    way: str,
    link: str,
    files: list[Attachment],
    where: str,
    unsubscribe_url: str,
    at: datetime,
) -> Composed:
    occurrence, run, result, team = delivery.occurrence, delivery.run, delivery.result, delivery.team
    try:
        measured = totals.measure(result) if result else Measured(0, {})
    except Damaged as error:
        raise CannotAttach(str(error)) from None
    values = {
        "period": placeholders.period_of(run.job, run.late_before),
        "rows": placeholders.count(measured.rows),
        "totals": placeholders.sums(measured.totals),
        "export": str(run.export),
        "team": team.name,
        "date": day_in_words(at.astimezone(team.zone).date()),
    }
    subject = placeholders.one_line(placeholders.fill(mail.subject, values))
    if result is None:
        where = "There is no file this time: no report matched what the export asks for."
    before, previous = _previous_occurrence(delivery)
    # Cells of an encrypted file must not be readable in the mail.
    shows_cells = mail.content is not Content.SEALED_ZIP
    context: dict[str, Any] = {
        "subject": subject,
        "text": placeholders.fill(mail.text.strip() or DEFAULT_TEXT, values | {"link": link or "attached"}),
        "where": where,
        "link": link,
        "sentences": _notes_on(occurrence),
        "changes": placeholders.changes(previous, measured) if previous else [],
        "before": day_in_words(before.due_at.astimezone(team.zone).date()) if before else "",
        "table": _first_rows(result, mail.first_rows) if result and shows_cells else None,
        "manifest": _manifest(delivery, measured, files, shows_cells=shows_cells),
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
        message.attach(_encode(file))
    return Composed(message, way, len(message.message().as_bytes(linesep="\r\n")))


def _encode(file: Attachment) -> MIMEBase:
    """As base64, byte for byte: mail servers may change the line endings of text."""
    part = MIMEBase(*file.media_type.split("/", 1))
    part.set_payload(file.path.read_bytes())
    encoders.encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename=file.name)
    return part


def _manifest(
    delivery: Delivery, measured: Measured, files: list[Attachment], *, shows_cells: bool
) -> list[tuple[str, str]]:
    result, run = delivery.result, delivery.run
    lines = [("Rows", placeholders.count(measured.rows)), ("Totals", placeholders.sums(measured.totals))]
    if measured.note:
        lines.append(("About the totals", measured.note if shows_cells else "See the file."))
    if result:
        lines += [("File", result.name), ("Size", f"{result.size:,} bytes"), ("SHA-256", result.sha256)]
        for file in files:
            if file.name != result.name:
                lines += [("Attached", f"{file.name}, {file.size:,} bytes"), ("Its SHA-256", file.sha256)]
    version = run.version
    return [*lines, ("Export", f"{run.export}, version {version.number if version else '–'}"), ("Run", str(run.pk))]


def _notes_on(occurrence: Occurrence) -> list[str]:
    if occurrence.sentence:
        return [occurrence.sentence]
    if occurrence.covers > 1:
        return [f"This mail stands for {occurrence.covers} times that were due: the portal was not at work before."]
    return []


def _previous_occurrence(delivery: Delivery) -> tuple[Occurrence | None, Measured | None]:
    """The occurrence settled before, and the rows and totals of its file for this recipient."""
    occurrence = delivery.occurrence
    earlier = Occurrence.objects.filter(schedule=occurrence.schedule, due_at__lt=occurrence.due_at, outcome="started")
    before = earlier.exclude(settled_at=None).order_by("-due_at").first()
    if before is None:
        return None, None
    if delivery.result is None or not delivery.result.is_part:
        if before.rows is None and before.totals is None:
            return before, None
        sums = before.totals
        return before, Measured(before.rows, sums and {name: Decimal(sum) for name, sum in sums.items()})
    old = Result.objects.filter(part_of__run=before.run, part_value=delivery.result.part_value, purged_at=None).first()
    try:
        return before, totals.measure(old) if old else None
    except (FileNotFoundError, Damaged):
        return before, None


def _first_rows(result: Result, rows: int) -> TablePreview | None:
    if not rows or results.extension(result.name) != "csv":
        return None
    try:
        with open_table(result) as records:
            lines = [[_shorten(cell) for cell in row.cells[:COLUMNS]] for row in islice(records.rows, rows)]
            headings = [_shorten(cell) for cell in records.headings[:COLUMNS]]
    except csv.Error:
        return None
    return TablePreview(headings, lines, more=False) if lines else None


def _shorten(cell: str) -> str:
    cell = cell.encode("utf-8", "replace").decode()
    return cell if len(cell) <= CELL else cell[: CELL - 1] + "…"
