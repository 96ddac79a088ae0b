"""The pages of exports, runs and results in Chromium: how they look, without JavaScript, and alive."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_scopes import scope
from PIL import Image
from playwright.sync_api import Page, expect

from accounts.models import Credential, Team, User
from exports.models import Run, SavedExport
from exports.models.run import Status
from exports.runs import queue
from exports.runs.report_list import ListedReport, ReportList
from exports.saved_exports import starter_templates
from tests.browser.pages import Look, SignIn, asked_within_a_minute, follow
from tests.call_budget import of_long_windows
from tests.documentation import JOB, TEMPLATE
from tests.factories import make_call, make_credential, make_export, make_policy, make_result, make_run
from tests.servers import RedisServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def empty_queue(budget: Any) -> None:
    """The meters have something to ask."""


@pytest.fixture
def monthly(acme: Team, alice: User) -> SavedExport:
    """An export that uses most of the form."""
    main = make_credential(acme, "Headquarters")
    for number, name in enumerate(["Sales", "Marketing and events", "Research"]):
        make_policy(main, f"0123456789ABCDE{number}", name)
    return make_export(
        main, alice, "Monthly expenses", template=starter_templates.EXPENSES, report_ids=[], period="last_month",
        states=["APPROVED"], policy_ids=["0123456789ABCDE0"], mark_as="ERP", not_marked_as="ERP",
    )  # fmt: skip


# ------------------------------------------------------------ how they look


def test_pages_of_a_new_team(acme: Team, alice: User, sign_in: SignIn, look: Look) -> None:
    sign_in(alice)

    look("home-new", "/t/acme/")
    look("exports-none", "/t/acme/exports/")
    look("runs-none", "/t/acme/runs/")


def test_home_and_lists_of_a_busy_team(
    monthly: SavedExport, acme: Team, alice: User, erin: User, sign_in: SignIn, look: Look
) -> None:
    refused = make_credential(acme, "Old account", status=Credential.Status.REFUSED)
    long = make_export(monthly.credential, erin, "Reimbursed last month, with receipts, for the auditors of the group")
    make_export(refused, erin, "Never run")
    for status in Status:
        make_run(long, erin, status, error="Expensify found a mistake in the request. Nothing was changed.")
    for _ in range(26):
        make_result(make_run(monthly, alice, Status.SUCCEEDED), b"a,b\n1,2\n")
    with scope(team=acme):
        queue.enqueue(make_run(monthly, alice))
    sign_in(alice)

    look("home-busy", "/t/acme/")
    look("exports", "/t/acme/exports/")
    look("runs", "/t/acme/runs/")
    look("runs-filtered", "/t/acme/runs/?state=cancelled&first_day=2020-01-01&last_day=2020-01-02")


def test_an_export_and_its_form(monthly: SavedExport, alice: User, page: Page, sign_in: SignIn, look: Look) -> None:
    make_run(monthly, alice, Status.FAILED)
    sign_in(alice)

    look("export", f"/t/acme/exports/{monthly.pk}/")
    look("export-form", f"/t/acme/exports/{monthly.pk}/edit/")
    page.get_by_label("Name", exact=True).fill("")
    # Typing over coloured text, Chromium would style what is new; the policy forbids that, and says so aloud.
    page.get_by_role("textbox", name="Template").press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.type("${reports")
    page.get_by_label("File type").select_option("pdf")
    page.get_by_label("Period").select_option("fixed")
    follow(page.get_by_role("button", name="Save").first)
    look("export-form-problems")
    page.get_by_text("Paste a job").click()
    page.get_by_label("Job from Expensify's documentation").fill("nonsense")
    follow(page.get_by_role("button", name="Read this job"))
    look("export-form-unread")


def test_runs_in_every_state(monthly: SavedExport, alice: User, sign_in: SignIn, page: Page, look: Look) -> None:
    later = timezone.now() + timedelta(hours=1)
    runs = {
        "queued": make_run(monthly, alice),
        "trying-again": make_run(
            monthly, alice, Status.GENERATED, attempts=2, retry_at=later, error="Expensify could not be reached."
        ),
        "downloading": make_run(monthly, alice, Status.DOWNLOADING, bytes_received=12_345_678),
        "failed": make_run(monthly, alice, Status.FAILED, error="Expensify found a mistake. Nothing was changed."),
        "unconfirmed": make_run(monthly, alice, Status.UNCONFIRMED, marks=True, error="No answer came."),
        "cancelled": make_run(monthly, alice, Status.CANCELLED, error="Alice cancelled this run."),
        "succeeded": make_run(monthly, alice, Status.SUCCEEDED),
    }
    make_call(runs["failed"], response_code=410, message="Malformed date '16-01-01'. Expected format is yyyy-MM-dd")
    make_result(runs["succeeded"], b"a,b\n1,2\n", "export0fd99e06-a636-4974-b6bc-3ceb12163386.csv")
    sign_in(alice)

    for name, run in runs.items():
        look(f"run-{name}", f"/t/acme/runs/{run.pk}/")


def test_runs_that_mark_their_reports_last(monthly: SavedExport, alice: User, sign_in: SignIn, look: Look) -> None:
    today = timezone.now().date()
    days = [today - timedelta(days=days) for days in (50, 45, 12, 3)]
    reports = tuple(
        ListedReport(f"R00bCluvcO4{letter}", f"Trip number {letter}", str(day), str(day), str(today), "1300", "EUR", 3)
        for letter, day in zip("TUVW", days, strict=True)
    )
    last: dict[str, Any] = {
        "kind": Run.Kind.MARKED_LAST,
        "mark_label": "ERP",
        "selection_file": "list_1.csv",
        "selection": ReportList(reports, "5200").as_json(),
        "report_count": len(reports),
        "late_before": today - timedelta(days=30),
    }
    stored = last | {"remote_file": "export1.csv", "fetched": 1}
    checked = "The file has the 12 rows that the listed reports make, and “Amount” adds up to 52.00, as in the list."
    runs = {
        "waiting-for-label": make_run(
            monthly,
            alice,
            kind=Run.Kind.MARKED_LAST,
            mark_label="ERP",
            error_code="waits_for_label",
            retry_at=timezone.now(),
            error="Another run is about to mark reports as “ERP”. This one begins when that is done.",
        ),
        "listed": make_run(monthly, alice, Status.LISTED, **last),
        "marking": make_run(monthly, alice, Status.MARKING, **stored),
        "marked": make_run(monthly, alice, Status.SUCCEEDED, **stored, checked=checked),
        "mark-unconfirmed": make_run(
            monthly, alice, Status.UNCONFIRMED, **stored, error="The file is safe in the portal. No answer came."
        ),
        "nothing-listed": make_run(monthly, alice, Status.SUCCEEDED, **last | {"report_count": 0, "remote_file": ""}),
    }
    for name in ("marking", "marked", "mark-unconfirmed"):
        make_result(runs[name], b"a,b\n1,2\n")
        for kind in ("select", "list", "generate", "download", "mark"):
            make_call(runs[name], kind)
    sign_in(alice)

    for name, run in runs.items():
        look(f"run-{name}", f"/t/acme/runs/{run.pk}/")


def test_results_of_every_kind(monthly: SavedExport, alice: User, sign_in: SignIn, look: Look) -> None:
    pdf = io.BytesIO()
    Image.new("RGB", (595, 842), "white").save(pdf, "PDF")
    contents = {
        "wide.csv": b"\n".join([b",".join([b"Some longer words"] * 20)] * 120),
        "export.json": b'{"reports": [1, 2, 3]}',
        "export.pdf": pdf.getvalue(),
        "damaged.xlsx": b"no workbook",
    }
    sign_in(alice)

    for name, content in contents.items():
        result = make_result(make_run(monthly, alice, Status.SUCCEEDED), content, name)
        look(f"result-{name}", f"/t/acme/results/{result.pk}/")


# ------------------------------------------------------------ without JavaScript


def test_export_is_made_edited_and_run_without_javascript(
    acme: Team, alice: User, sign_in: SignIn, without_javascript: Callable[[], Page]
) -> None:
    make_credential(acme, "Headquarters")
    sign_in(alice)
    page = without_javascript()

    page.goto("/t/acme/")
    page.get_by_role("link", name="Make the first export").click()
    page.get_by_text("Start with…").click()
    follow(page.get_by_role("button", name="One row per report"))
    page.get_by_text("Paste a job").click()
    page.get_by_label("Job from Expensify's documentation").fill(JOB)
    page.get_by_role("button", name="Read this job").click()
    expect(page.get_by_text("The job was read into the form")).to_be_visible()
    page.get_by_label("Name", exact=True).press("Enter")
    expect(page.get_by_text("Give the export a name.")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("Of one report")
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Of one report")
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Template", exact=True).fill(TEMPLATE)
    page.get_by_role("button", name="Save").first.click()
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("link", name="Look again")).to_be_visible()
    page.get_by_role("button", name="Cancel this run").click()

    expect(page.get_by_text("Alice cancelled this run.")).to_be_visible()
    with scope(team=acme):
        run = Run.objects.get()
        assert (run.version.number, run.template, run.version.settings["report_ids"]) == (2, TEMPLATE, ["50352738"])


def test_dates_show_with_the_choice_that_needs_them(
    monthly: SavedExport, alice: User, sign_in: SignIn, without_javascript: Callable[[], Page]
) -> None:
    sign_in(alice)
    page = without_javascript()
    page.goto("/t/acme/exports/new/")

    expect(page.get_by_label("First day")).to_be_hidden()
    page.get_by_label("Period").select_option("fixed")

    expect(page.get_by_label("First day")).to_be_visible()
    expect(page.get_by_label("Approved after this day")).to_be_hidden()


# ------------------------------------------------------------ alive


def test_run_page_follows_its_run_and_rests_when_it_is_final(
    monthly: SavedExport, acme: Team, alice: User, page: Page, sign_in: SignIn
) -> None:
    run = make_run(monthly, alice)
    with scope(team=acme):
        queue.enqueue(run)
    sign_in(alice)
    page.clock.install()
    page.goto(f"/t/acme/runs/{run.pk}/")
    expect(page.get_by_text("Place 1 in the line")).to_be_visible()
    page.get_by_text("Job as sent, without secrets").click()

    with scope(team=acme):
        run.move(Status.QUEUED, Status.GENERATING)
        make_call(run, seconds=None, response_code=None)
    expect(page.get_by_text("Expensify makes the file.")).to_be_visible()
    expect(page.locator("#run-news")).to_have_text("Generating")
    with scope(team=acme):
        run.move(Status.GENERATING, Status.GENERATED, remote_file="export1.csv")
        run.move(Status.GENERATED, Status.DOWNLOADING, bytes_received=2048)
    expect(page.get_by_text("export1.csv")).to_be_visible()
    expect(page.get_by_text("2.0\u00a0KB")).to_be_visible()
    with scope(team=acme):
        run.move(Status.DOWNLOADING, Status.SUCCEEDED)
        make_result(run, b"a,b\n1,2\n")
    expect(page.get_by_role("link", name="Look at the result")).to_be_visible()

    # What the reader had opened stayed open, and the page asks no more.
    expect(page.get_by_label("Job as sent")).to_be_visible()
    assert asked_within_a_minute(page) == []
    page.get_by_role("link", name="Look at the result").click()
    expect(page.get_by_role("region", name="First rows").get_by_role("cell")).to_have_text(["1", "2"])


def test_meters_on_home_move_by_themselves(
    monthly: SavedExport, budget: Any, alice: User, page: Page, sign_in: SignIn, settings: Any
) -> None:
    budget = of_long_windows(settings)
    sign_in(alice)
    page.goto("/t/acme/")
    meter = page.get_by_role("meter", name="In the last 3600 seconds")
    expect(meter).to_have_attribute("value", "0")

    budget.step(monthly.credential.fingerprint, enqueue=queue.Ticket("t", flow="f"), pop=True)

    expect(meter).to_have_attribute("value", "1")


def test_pages_while_the_queue_is_away(
    monthly: SavedExport, redis_server: RedisServer, alice: User, sign_in: SignIn, look: Look, settings: Any
) -> None:
    settings.REDIS_URL = redis_server.url
    queue.budget.cache_clear()
    redis_server.stop()
    waiting = make_run(monthly, alice)
    sign_in(alice)

    look("home-queue-away", "/t/acme/")
    look("run-queue-away", f"/t/acme/runs/{waiting.pk}/")
    look("credential-queue-away", f"/t/acme/credentials/{monthly.credential_id}/")
    queue.budget.cache_clear()


def test_a_run_that_waits_for_its_file(
    monthly: SavedExport, alice: User, sign_in: SignIn, look: Look, budget: Any
) -> None:
    soon = timezone.now() + timedelta(seconds=40)
    run = make_run(monthly, alice, Status.GENERATED, retry_at=soon, ready_after=45)
    for n in range(5):
        budget.step(monthly.credential.fingerprint, enqueue=queue.Ticket(f"t{n}", flow="f"), pop=True)
    budget.enqueue(monthly.credential.fingerprint, [queue.Ticket(f"w{n}", flow="f") for n in range(4)])
    sign_in(alice)

    look("run-waits-for-file", f"/t/acme/runs/{run.pk}/")
    look("home-waits-for-file", "/t/acme/")
    look("credential-budget", f"/t/acme/credentials/{monthly.credential_id}/")
