"""Bounced mails, as mail servers report them."""

import io
import mailbox
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.audit.record import Action
from accounts.models import MailStatus, Notice
from exports.models import Delivery, Occurrence
from tests.exports.deliveries.mails import actions, delivery, ends

pytestmark = pytest.mark.django_db(transaction=True)

REPORT = """\
From: MAILER-DAEMON@mail.partner.example
To: portal@portal.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.partner.example
Arrival-Date: Mon, 2 Mar 2026 07:30:00 +0100

Final-Recipient: rfc822; {address}
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <{address}>: user
    unknown

--B
Content-Type: {kind}

{original}
--B--
"""


@pytest.fixture
def sent(occurrence: Occurrence) -> Delivery:
    return delivery(occurrence, status=MailStatus.SENT, message_id="<delivery-1-0123456789abcdef@portal.example>")


def report(sent: Delivery, *, action: str = "failed", kind: str = "message/rfc822", message_id: str = "") -> str:
    original = f"Message-ID: {message_id or sent.message_id}\nSubject: Expenses\n\nThe expenses.\n"
    return REPORT.format(address=sent.address, action=action, kind=kind, original=original)


def read(source: Path) -> str:
    said = io.StringIO()
    call_command("read_bounces", str(source), stdout=said)
    return said.getvalue()


def written(folder: Path, text: str) -> Path:
    path = folder / "mail.eml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
def test_bounce_is_marked_shown_and_notified(sent: Delivery, tmp_path: Path, kind: str) -> None:
    said = read(written(tmp_path, report(sent, kind=kind)))

    assert said == "Mails read: 1; deliveries marked as come back: 1.\n"
    assert ends(sent) == (
        MailStatus.REFUSED,
        "The mail came back: paula@partner.example could not be reached "
        "(“5.1.1 550 5.1.1 <paula@partner.example>: user unknown”).",
    )
    assert sent.bounced_at is not None
    assert actions(sent) == [Action.MAIL_BOUNCED]
    assert Notice.objects.get().subject == "A mail of “Month end” came back"


def test_reading_twice_changes_nothing(sent: Delivery, tmp_path: Path) -> None:
    path = written(tmp_path, report(sent))
    read(path)
    sent.refresh_from_db()
    first = sent.bounced_at

    assert read(path) == "Mails read: 1; deliveries marked as come back: 0.\n"

    sent.refresh_from_db()
    assert (sent.bounced_at, Notice.objects.count()) == (first, 1)


@pytest.mark.parametrize(
    "changed",
    [
        {"action": "delayed"},
        {"action": "relayed"},
        {"message_id": "<delivery-1-fedcba9876543210@portal.example>"},
        {"message_id": "<somebody@else.example>"},
    ],
)
def test_reports_about_other_mails_and_delays_are_ignored(
    sent: Delivery, tmp_path: Path, changed: dict[str, Any]
) -> None:
    assert read(written(tmp_path, report(sent, **changed))).endswith("come back: 0.\n")

    assert ends(sent) == (MailStatus.SENT, "")


@pytest.mark.parametrize("text", ["", "\x00\xff no mail", "Content-Type: message/delivery-status\n\nAction: failed\n"])
def test_mail_that_is_not_a_report_is_ignored(sent: Delivery, tmp_path: Path, text: str) -> None:
    assert read(written(tmp_path, text)) == "Mails read: 1; deliveries marked as come back: 0.\n"


def test_reply_of_a_person_is_not_a_bounce(sent: Delivery, tmp_path: Path) -> None:
    answer = EmailMessage()
    answer["In-Reply-To"] = answer["References"] = sent.message_id
    answer.set_content(f"I quote {sent.message_id}: Action: failed\n")

    assert read(written(tmp_path, answer.as_string())).endswith("come back: 0.\n")


def test_mbox_and_maildir_are_read_completely(sent: Delivery, tmp_path: Path) -> None:
    mbox = mailbox.mbox(tmp_path / "mbox")
    mbox.add("Subject: hello\n\nhello\n")
    mbox.add(report(sent))
    mbox.close()
    maildir = mailbox.Maildir(tmp_path / "maildir")
    maildir.add(report(sent))

    assert read(tmp_path / "mbox") == "Mails read: 2; deliveries marked as come back: 1.\n"
    assert read(tmp_path / "maildir") == "Mails read: 1; deliveries marked as come back: 0.\n"


def test_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: No such file or directory"):
        read(tmp_path / "none")
