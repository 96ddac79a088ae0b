"""The job of schedules in a browser: from Alice's form to one mail for each approver, whatever dies on the way."""

import csv
import hashlib
import io
import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from datetime import date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import redis
from django.core.files.storage import default_storage
from django.utils import timezone
from django_scopes import scope
from playwright.sync_api import Page, expect

from accounts.mail import outbox
from accounts.models import Credential, MailStatus, Notice, Team, User
from exports.models import Delivery, Occurrence, Result, Run, Schedule
from sandbox.app import Sandbox
from sandbox.faults import Fault
from tests.browser.pages import SignIn, follow
from tests.people import reach
from tests.smtp import Mail, Mailbox, mail_server
from tests.waiting import PATIENCE, wait_until
from tests.workers import Processes

pytestmark = pytest.mark.django_db(transaction=True)

BERLIN = ZoneInfo("Europe/Berlin")
GRACE, KWAME, TOMAS = "grace@acme.example", "kwame@partner.example", "tomas@acme.example"
FALLBACK, OUTSIDE = "ledger@acme.example", "somebody@elsewhere.example"
# Whose reports the month has: to the last but one the team may not mail, the last has no approver.
APPROVERS = [GRACE, KWAME, KWAME, TOMAS, GRACE, OUTSIDE, ""]
# So many that the mail with them is above the team's limit.
MANY = 1200
COLUMNS = [
    ("transaction id", "Add Expense ID"),
    ("merchant", "Add Merchant, final.merchant"),
    ("amount", "Add Amount in report currency, final.reportAmount"),
    ("currency", "Add Report currency, report.currency"),
    ("approver", "Add Approver e-mail, report.managerEmail"),
]


@pytest.fixture
def box(settings: Any, live_server: Any) -> Iterator[Mailbox]:
    """A real mail server for every process, the web server too; the links in its mails lead to that."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.SITE_URL = live_server.url
    with mail_server() as mailbox:
        yield mailbox


@pytest.fixture
def processes(sandbox: Sandbox, box: Mailbox, budget: Any, settings: Any, tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(
        tmp_path,
        EXPENSIFY_URL=settings.EXPENSIFY_URL,
        EXPENSIFY_ANSWER_SECONDS=str(PATIENCE),
        STUCK_AFTER_SECONDS=str(PATIENCE),
        RETRY_SECONDS="0.2",
        SWEEP_SECONDS="0.3",
        EMAIL_URL=f"smtp://127.0.0.1:{settings.EMAIL_PORT}",
        # Ten minutes between two mails, in which there is time to kill who sends them.
        EMAIL_PER_MINUTE="0.1",
        SITE_URL=settings.SITE_URL,
    )
    yield processes
    processes.stop()


def kill(processes: Processes) -> None:
    """SIGKILL, to workers and beat and all their children."""
    for process in processes.running:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    processes.running.clear()


def start(processes: Processes) -> None:
    processes.worker(processes=2)
    processes.beat()


def sent(kind: type[Delivery | Notice]) -> int:
    return kind.objects.filter(status=MailStatus.SENT).count()


# ------------------------------------------------------------ what is there


def last_due() -> datetime:
    """The latest second business day at 07:30 in Berlin that is over."""
    now = timezone.now().astimezone(BERLIN)
    this_month, month_before = now.date().replace(day=1), now.date().replace(day=1) - timedelta(days=1)
    for first in (this_month, month_before.replace(day=1)):
        days = (first + timedelta(days=number) for number in range(7))
        second = [day for day in days if day.weekday() < 5][1]
        due = datetime(second.year, second.month, second.day, 7, 30, tzinfo=BERLIN)
        if due < now:
            return due
    raise AssertionError("the month before has had its second business day")


def month_before(due: datetime) -> tuple[date, date]:
    last = due.date().replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def fill(sandbox: Sandbox, policy: str, first: date, last: date) -> dict[str, Counter[str]]:
    """Reports of the month, and one on either side of it; the expenses that belong to each address."""
    reports = [each for each in sandbox.company.reports.values() if each.policy_id == policy and each.expenses]
    days = [first + timedelta(days=3 * number) for number in range(len(APPROVERS) - 1)] + [last]
    outside = [(GRACE, first - timedelta(days=1)), (GRACE, last + timedelta(days=1))]
    sandbox.company.reports.clear()
    expected: dict[str, Counter[str]] = {}
    for report, (approver, day) in zip(reports, [*zip(APPROVERS, days, strict=True), *outside], strict=False):
        report.created = report.submitted = datetime.combine(day, time(12))
        report.next_approver, report.approvals, report.state = approver, [], "SUBMITTED"
        if not approver:
            sandbox.company.policies[policy].members[report.account_email].submits_to = ""
        sandbox.company.reports[report.id] = report
    inside = list(sandbox.company.reports.values())[: len(APPROVERS)]
    long = inside[0]
    for number in range(MANY):
        long.expenses.append(deepcopy(long.expenses[0]) | {"transactionID": f"{5 * 10**18 + number}"})
    for report, approver in zip(inside, APPROVERS, strict=True):
        expected.setdefault(approver or FALLBACK, Counter()).update(
            f"'{each['transactionID']}" for each in report.expenses
        )
    return expected


# ------------------------------------------------------------ what Alice does


def allow_domains(page: Page) -> None:
    page.goto("/t/acme/team/")
    page.get_by_role("link", name="Settings").first.click()
    page.get_by_label("Domains that files may be mailed to").fill("acme.example\npartner.example")
    page.get_by_label("Largest mail with its file attached, in MB").fill("0.1")
    follow(page.get_by_role("button", name="Save", exact=True))


def build_export(page: Page, policy: str) -> None:
    page.goto("/t/acme/exports/new/")
    page.get_by_label("Name", exact=True).fill("Expenses of the month")
    page.get_by_label("Period", exact=True).select_option(label="Last month")
    page.get_by_label(policy).check()
    columns = page.locator(".picked-title")
    for number, (words, button) in enumerate(COLUMNS):
        page.get_by_label("Find a field").fill(words)
        page.get_by_role("button", name=button).first.click()
        expect(columns).to_have_count(number + 1)
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("is saved as version 1.")).to_be_visible()


def make_schedule(page: Page) -> None:
    page.goto("/t/acme/schedules/")
    page.get_by_role("link", name="New schedule").first.click()
    page.get_by_label("Export", exact=True).select_option(label="Expenses of the month")
    page.get_by_label("Name", exact=True).fill("Expenses to approvers")
    page.get_by_label("How often").select_option(label="On a business day of the month")
    page.get_by_label("Which business day").select_option(label="Second")
    page.get_by_label("Time of day").fill("07:30")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    dates = page.locator("#coming")
    expect(dates).to_contain_text("On the second business day of each month at 07:30 (Europe/Berlin)")
    expect(dates.locator("li")).to_have_count(12)
    page.get_by_label("Each person in a column of the file gets their own rows").check()
    page.get_by_label("Column with their e-mail addresses").select_option("Approver e-mail")
    page.get_by_label("Rows without an address go to").fill(FALLBACK)
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("“Expenses to approvers” is saved.")).to_be_visible()


# ------------------------------------------------------------ what recipients see


def attachment(mail: Mail) -> bytes | None:
    parts = [part.get_payload(decode=True) for part in mail.message.iter_attachments()]
    assert len(parts) <= 1
    return parts[0] if parts else None  # type: ignore[return-value]


def text_of(mail: Mail) -> str:
    body = mail.message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def fetch(page: Page, box: Mailbox, mail: Mail, to: Path) -> bytes:
    """What the link in the mail leads to, by the code that is mailed to its recipient."""
    (link,) = re.findall(r"^http\S+/l/\S+$", text_of(mail), re.M)
    page.goto(link)
    page.get_by_role("button", name="Send me a code").click()
    code_mail = wait_until(lambda: box.mails[-1] if "code" in box.mails[-1].message["Subject"] else None)
    assert code_mail.to == mail.to
    (code,) = re.findall(r"^\d{8}$", text_of(code_mail), re.M)
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Show the file").click()
    with page.expect_download() as begun:
        page.get_by_role("link", name="Download").click()
    begun.value.save_as(to)
    box.mails.remove(code_mail)
    return to.read_bytes()


def stored(result: Result) -> bytes:
    with default_storage.open(result.file.name) as file:
        return bytes(file.read())


def rows_of(content: bytes) -> tuple[list[str], list[list[str]]]:
    heading, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
    return heading, rows


# ------------------------------------------------------------ the job


def test_second_business_day_last_month_split_by_approver_though_worker_and_beat_die(
    page: Page,
    sign_in: SignIn,
    processes: Processes,
    sandbox: Sandbox,
    box: Mailbox,
    credential: Credential,
    acme: Team,
    alice: User,
    redis_client: redis.Redis,
    tmp_path: Path,
) -> None:
    began = timezone.now().replace(microsecond=0)
    due = last_due()
    first, last = month_before(due)
    with scope(team=acme):
        policy = reach(sandbox, credential)
    expected = fill(sandbox, policy, first, last)
    sign_in(alice)
    allow_domains(page)
    build_export(page, sandbox.company.policies[policy].name)
    make_schedule(page)
    address = page.url

    with scope(team=acme):
        # The clock is moved: that day is now.
        Schedule.objects.update(next_at=due)
        # The first generation is never answered, so that its worker dies while it waits.
        sandbox.script(Fault(delay=3600), on="generate")
        start(processes)
        wait_until(lambda: [each for each in sandbox.log if each.kind == "generate"])
        kill(processes)
        assert Run.objects.get().finished_at is None
        # The time passes after which its call is lost.
        Run.objects.update(moved_at=timezone.now() - timedelta(seconds=PATIENCE + 1))
        start(processes)
        wait_until(lambda: sent(Delivery) or sent(Notice))
        if not sent(Delivery):
            # The notice to Alice had the first turn; ten minutes pass.
            redis_client.delete(outbox.PACE)
            wait_until(lambda: sent(Delivery))
        kill(processes)
        left = Counter(Delivery.objects.values_list("status", flat=True))
        assert left == {MailStatus.SENT: 1, MailStatus.QUEUED: 3}, processes.logs()[-3000:]
        processes.environment["EMAIL_PER_MINUTE"] = "0"
        start(processes)
        wait_until(lambda: sent(Delivery) == 4)

        occurrence = Occurrence.objects.get()
        whole = Result.objects.get(run=occurrence.run)
        parts = {part.part_value: part for part in Result.objects.filter(part_of=whole)}
    asked = [each.job["inputSettings"]["filters"] for each in sandbox.log if each.kind == "generate"]
    assert asked == [{"policyIDList": policy, "startDate": first.isoformat(), "endDate": last.isoformat()}] * len(asked)
    assert occurrence.due_at == due
    wait_until(lambda: len(box.mails) == 5)
    (notice,) = (mail for mail in box.mails if mail.to == alice.email)
    assert OUTSIDE in text_of(notice)
    box.mails.remove(notice)
    mails = {mail.to: mail for mail in box.mails}
    once_each = dict.fromkeys([GRACE, KWAME, TOMAS, FALLBACK], 1)
    assert Counter(mail.to for mail in box.mails) == once_each

    # Each has exactly their rows, the large file by a link, and the parts together are the whole file.
    files = {to: attachment(mail) for to, mail in mails.items()}
    assert [to for to, file in files.items() if file is None] == [GRACE]
    assert "larger than the 0.1 MB that the team attaches" in text_of(mails[GRACE])
    files[GRACE] = fetch(page, box, mails[GRACE], tmp_path / "grace.csv")
    heading, all_rows = rows_of(stored(whole))
    gathered = []
    for to, part in parts.items():
        own_heading, rows = rows_of(stored(part))
        assert own_heading == heading
        assert Counter(row[0] for row in rows) == expected[to]
        assert hashlib.sha256(stored(part)).hexdigest() == part.sha256
        gathered += rows
    assert sorted(gathered) == sorted(all_rows)
    assert files == {to: stored(part) for to, part in parts.items() if to != OUTSIDE}

    # What each mail says of itself.
    for to, mail in mails.items():
        message, text = mail.message, text_of(mail)
        assert message["To"] == to
        assert message["Subject"] == f"Expenses of the month: {first:%B %Y}"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert began <= parsedate_to_datetime(message["Date"]) <= timezone.now()
        assert f"\nRows: {expected[to].total():,}\n" in text
        assert f"\nSHA-256: {parts[to].sha256}\n" in text
        assert text.count("SHA-256") == 1
    assert len({mail.message["Message-ID"] for mail in mails.values()}) == 4

    page.goto(address)
    (row,) = page.get_by_role("table").get_by_role("row").all()[1:]
    expect(row).to_contain_text("4 sent")
    row.get_by_role("rowheader").get_by_role("link").click()
    for to in mails:
        expect(page.locator(".mail-line", has_text=to)).to_contain_text("Sent")

    # One more to Tomas, and to nobody else.
    page.get_by_role("link", name=f"Send again to {TOMAS}…").click()
    page.get_by_role("button", name="Send one more mail").click()
    expect(page.get_by_text(f"One more mail to {TOMAS} is on its way.")).to_be_visible()
    wait_until(lambda: len(box.mails) == 5)
    assert Counter(mail.to for mail in box.mails) == once_each | {TOMAS: 2}
    assert attachment(box.mails[-1]) == files[TOMAS]

    # Kwame wants no more of them, and Alice sees it.
    page.goto(mails[KWAME].message["List-Unsubscribe"].strip(" <>"))
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", name="You have unsubscribed")).to_be_visible()
    page.goto(f"{address}recipients/")
    expect(page.locator("li, tr", has_text=KWAME).first).to_contain_text("Unsubscribed")
