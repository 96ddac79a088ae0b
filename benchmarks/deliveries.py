"""Time and memory to deliver a schedule's file to its recipients.

    python -m benchmarks.deliveries [mails]

A CSV of 1,000,000 rows split into 500 parts and into 5,000; one of 100,000 rows converted to a workbook; an occurrence
with so many managers (200), whose mails one mailer composes and sends to a mail server on this machine; then as many
mails with the workbook of the same file.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from benchmarks import stage

# ruff: noqa: I001 — the stage comes first.
from django.test import override_settings
from django_scopes import scope

from accounts.mail import outbox
from accounts.models import MailStatus, Team
from exports.deliveries import lifecycle as deliveries
from exports.deliveries import split_by_recipient
from exports.schedules import finish
from exports.results import csv_to_xlsx
from exports.deliveries.settings import Content, MailSettings
from exports.models import Delivery, Occurrence, Recipient, SavedExport, Schedule
from expensify.pair import KeyPair
from tests.factories import make_export
from tests.factories import make_result, make_run
from tests.exports.schedules.scheduled import MONDAY, make_allowed_recipient, make_daily_schedule
from tests.servers import die_with_parent

HEADING = "Report ID,Employee,Approver,Merchant,Category,Tag,Amount,Currency,Date,Comment,Policy,Receipt\n"


def table(rows: int, managers: int) -> bytes:
    """A CSV of twelve columns, 140 bytes per row."""
    return (
        HEADING
        + "".join(
            f"R{row:09},erin{row % 5000}@acme.example,boss{row % managers}@acme.example,Café {row % 97},Meals,"
            f"0{row % 999},{row % 9999}.{row % 90 + 10},EUR,2026-{row % 12 + 1:02}-{row % 28 + 1:02},Some words,"
            f"POLICY{row % 7},https://receipts.example/{row}\n"
            for row in range(rows)
        )
    ).encode()


def main(mails: int = 200) -> None:
    with stage.database() as engine:
        team, user = stage.team_with_editor()
        team.recipient_domains = "acme.example"
        team.save(update_fields=["recipient_domains"])
        with scope(team=team):
            credential = stage.working_credential(team, "Main", KeyPair("partner", "secret"))
            export = make_export(credential, user)
            print(engine)
            for managers in (500, 5000):
                split(export, managers)
            workbook()
            with mail_server():
                split_mails(team, export, mails)
                same_mails(team, export, mails)


def split(export: SavedExport, managers: int) -> None:
    result = make_result(make_run(export, status="succeeded"), table(1_000_000, managers))
    before = _peak_memory(reset=True)
    seconds = stage.seconds(lambda: split_by_recipient.split(result, "Approver", ""))
    more = _peak_memory() - before
    print(f"  {result.size / 1e6:.0f} MB, 1,000,000 rows in {managers:,} parts: {seconds:.1f} s, {more:.0f} MB more")


def workbook() -> None:
    with TemporaryDirectory() as folder:
        source, target = Path(folder) / "rows.csv", Path(folder) / "rows.xlsx"
        source.write_bytes(table(100_000, 500))
        with source.open("rb") as file:
            seconds = stage.seconds(lambda: csv_to_xlsx.workbook(file, target, None))
        print(f"  workbook of 100,000 rows in 12 columns: {seconds:.1f} s, {target.stat().st_size / 1e6:.1f} MB")


def split_mails(team: Team, export: SavedExport, mails: int) -> None:
    mail = MailSettings(split_by="Approver", fallback="head@acme.example", content=Content.BOTH)
    schedule = make_daily_schedule(export, None, "Split", mail=mail)
    for number in range(mails):
        make_allowed_recipient(schedule, f"boss{number}@acme.example", kind=Recipient.Kind.COLUMN)
    _settle_and_send(schedule, table(100 * mails, mails), f"{mails} managers with 100 rows each, CSV and workbook")


def same_mails(team: Team, export: SavedExport, mails: int) -> None:
    schedule = make_daily_schedule(export, None, "Same", mail=MailSettings(content=Content.WORKBOOK))
    for number in range(mails):
        make_allowed_recipient(schedule, f"boss{number}@acme.example")
    _settle_and_send(schedule, table(10_000, mails), f"one workbook of 10,000 rows to {mails}")


def _settle_and_send(schedule: Schedule, content: bytes, label: str) -> None:
    run = make_run(schedule.export, status="succeeded")
    make_result(run, content)
    occurrence = Occurrence.objects.create(
        team=schedule.team, schedule=schedule, due_at=MONDAY, outcome="started", run=run
    )
    settling = stage.seconds(lambda: finish.settle(occurrence))
    queued = Delivery.objects.filter(run=run).count()
    sending = stage.seconds(lambda: outbox.send_due([deliveries.MAILS], seconds=600))
    attached = Delivery.objects.filter(run=run, status=MailStatus.SENT, way=Delivery.Way.ATTACHED).count()
    print(
        f"  {label}: settled in {settling:.1f} s; {queued} mails composed and sent in {sending:.1f} s, "
        f"{sending / max(queued, 1) * 1000:.0f} ms each, {attached} with their file"
    )


@contextmanager
def mail_server() -> Iterator[None]:
    """Start the demo's mailbox in its own process, and send mails there."""
    server = subprocess.Popen(
        [sys.executable, "-m", "sandbox.mailbox"], stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent
    )
    assert server.stdout
    server.stdout.readline()
    address = urlsplit(server.stdout.readline().strip())
    try:
        with override_settings(
            EMAIL_FILE_PATH=None, EMAIL_HOST=address.hostname, EMAIL_PORT=address.port, EMAIL_USE_TLS=False
        ):
            yield
    finally:
        server.terminate()
        server.wait()


def _peak_memory(*, reset: bool = False) -> float:
    """Peak memory of this process in megabytes; `reset` starts a new measurement."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
