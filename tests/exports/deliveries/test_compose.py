"""The mail of a delivery, word by word and byte by byte."""

import email
import email.policy
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Team, User
from exports.deliveries import compose, split_by_recipient
from exports.deliveries.placeholders import changes, fill, one_line, period_of
from exports.deliveries.settings import Content, MailSettings
from exports.models import Delivery, Result, SavedExport
from exports.results.totals import Measured
from tests.factories import make_delivery, make_occurrence, make_recipient, make_result, make_run, make_schedule

AT = datetime(2026, 11, 2, 7, 30, tzinfo=UTC)
CSV = "Käufer,Amount,Currency\nann@acme.example,1.50,EUR\n<b>ben</b>,2.00,EUR\n".encode()
JOB = {"inputSettings": {"filters": {"startDate": "2026-10-01", "endDate": "2026-10-31"}}}
LINK, AWAY = "https://portal.example/l/token/", "https://portal.example/u/token/"

Sent = Callable[..., Delivery]


@pytest.fixture
def sent(acme_open: Team, alice: User, export: SavedExport) -> Sent:
    def make(
        content: bytes | None = CSV, name: str = "März.csv", asked_content: Content = Content.ORIGINAL
    ) -> Delivery:
        run = make_run(export, status="succeeded", job=JOB)
        schedule = make_schedule(
            export, alice, mail=MailSettings(content=asked_content), zip_password="42 keys & locks"
        )
        occurrence = make_occurrence(schedule, due_at=AT, run=run)
        result = make_result(run, content, name) if content is not None else None
        recipient = make_recipient(schedule, "ann@acme.example")
        return make_delivery(occurrence, recipient, "queued", result=result, message_id="7.1@portal.example")

    return make


def composed(delivery: Delivery) -> tuple[compose.Composed, Any, dict[str, str]]:
    made = compose.compose_delivery(delivery, lambda: LINK, AWAY, AT)
    message: Any = email.message_from_bytes(made.message.message().as_bytes(), policy=email.policy.default)
    body = {kind: message.get_body((kind,)).get_content() for kind in ("plain", "html")}
    return made, message, body


@pytest.mark.django_db
def test_a_file_within_the_limit_is_attached_byte_for_byte(sent: Sent) -> None:
    made, message, body = composed(sent())

    [attached] = message.iter_attachments()
    assert (made.way, attached.get_filename(), attached.get_payload(decode=True)) == ("attached", "März.csv", CSV)
    assert LINK not in body["plain"] + body["html"]


@pytest.mark.django_db
def test_headers_mark_an_automatic_mail(sent: Sent) -> None:
    _, message, _ = composed(sent())

    assert {name: message[name] for name in ("To", "Subject", "Message-ID", "Auto-Submitted")} == {
        "To": "ann@acme.example",
        "Subject": "Monthly expenses: October 2026",
        "Message-ID": "<7.1@portal.example>",
        "Auto-Submitted": "auto-generated",
    }
    assert message["List-Unsubscribe"] == f"<{AWAY}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.django_db
def test_file_above_the_limit_is_a_link_with_the_reason(sent: Sent, acme_open: Team) -> None:
    delivery = sent()
    delivery.team.attach_limit = 100

    made, message, body = composed(delivery)

    assert (made.way, list(message.iter_attachments())) == ("link", [])
    assert "larger than the 0.0001 MB that the team attaches" in body["plain"]
    assert LINK in body["plain"]
    assert f'href="{LINK}"' in body["html"]


@pytest.mark.django_db
def test_encrypted_zip_is_mailed_without_password_and_rows(sent: Sent) -> None:
    _, message, body = composed(sent(asked_content=Content.SEALED_ZIP))

    [attached] = message.iter_attachments()
    assert attached.get_filename() == "März.zip"
    assert "42 keys" not in message.as_string()
    assert "ben" not in body["plain"] + body["html"]


@pytest.mark.django_db
def test_the_first_rows_are_escaped(sent: Sent) -> None:
    _, _, body = composed(sent())

    assert "<b>" not in body["html"]
    assert "&lt;b&gt;ben" in body["html"]


@pytest.mark.django_db
def test_empty_result_is_mailed_without_a_file(sent: Sent) -> None:
    made, message, body = composed(sent(None))

    assert (made.way, list(message.iter_attachments())) == ("word", [])
    assert "There is no file this time" in body["plain"]


@pytest.mark.django_db
def test_part_mentions_only_its_own_rows(sent: Sent) -> None:
    delivery = sent()
    whole = delivery.result
    assert whole is not None
    Result.objects.bulk_create(split_by_recipient.split(whole, "Käufer", "cfo@acme.example"))
    delivery.result = Result.objects.get(part_value="ann@acme.example")

    _, _, body = composed(delivery)

    assert "Rows: 1\nTotals: EUR 1.50" in body["plain"]
    assert "ben" not in body["plain"] + body["html"]


@pytest.mark.django_db
def test_a_total_that_is_withheld_says_why(sent: Sent) -> None:
    _, _, body = composed(sent(b"Merchant,Amount,Currency\nA,12.50,EUR\nB,tbd-4711,EUR\n"))

    why = "the column “Amount” also holds “tbd-4711”, which is not written as its other amounts are"
    assert f"Totals: –\nAbout the totals: No total is given: {why}." in body["plain"]
    assert "tbd-4711" in body["html"]


@pytest.mark.django_db
def test_a_row_that_adds_up_the_others_is_not_counted_again(sent: Sent) -> None:
    _, _, body = composed(sent(b"Merchant,Amount,Currency\nA,4.00,EUR\nB,6.00,EUR\nTotal,10.00,EUR\n"))

    note = "One row of the file adds up the rows above it. It is not counted again."
    assert f"Totals: EUR 10.00\nAbout the totals: {note}" in body["plain"]


@pytest.mark.django_db
def test_the_reason_for_no_total_quotes_no_cell_of_an_encrypted_file(sent: Sent) -> None:
    content = b"Merchant,Amount,Currency\nA,12.50,EUR\nB,tbd-4711,EUR\n"

    _, _, body = composed(sent(content, asked_content=Content.SEALED_ZIP))

    assert "Totals: –\nAbout the totals: See the file." in body["plain"]
    assert "4711" not in body["plain"] + body["html"]


def test_placeholders_are_replaced_once_and_others_stay() -> None:
    assert fill("{rows} {x} {team.name} {}", {"rows": "{team}", "team": "Acme"}) == "{team} {x} {team.name} {}"


def test_a_subject_is_one_line() -> None:
    assert one_line("a\r\nBcc: eve@evil.example\x00b") == "a Bcc: eve@evil.example b"


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"startDate": "2026-10-01", "endDate": "2026-10-31"}, "October 2026"),
        ({"startDate": "2026-07-01", "endDate": "2026-09-30"}, "July to September 2026"),
        ({"startDate": "2026-01-01", "endDate": "2026-12-31"}, "2026"),
        ({"startDate": "2026-10-05", "endDate": "2026-10-05"}, "5 October 2026"),
        ({"startDate": "2026-10-05"}, "since 5 October 2026"),
        ({"reportIDList": "1,2"}, "2 chosen reports"),
        ({}, "all reports"),
    ],
)
def test_the_period_in_words(filters: dict[str, str], words: str) -> None:
    assert period_of({"inputSettings": {"filters": filters}}, None) == words


def test_period_excludes_late_approval_days() -> None:
    job = {"inputSettings": {"filters": {"startDate": "2026-09-24", "endDate": "2026-10-31"}}}

    assert period_of(job, date(2026, 10, 1)) == "October 2026"


def test_changes_name_both_times_and_the_difference() -> None:
    assert changes(Measured(10, {"EUR": Decimal("5.00")}), Measured(12, {"USD": Decimal("1.00")})) == [
        "Rows: 12, before 10 (+2)",
        "EUR 0.00, before 5.00 (-5.00)",
        "USD 1.00, before 0.00 (+1.00)",
    ]
