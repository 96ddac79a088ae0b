"""The main job in a browser: a credential, the documentation's own example, two calls, and the CSV in the portal."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from accounts.models import Team, User
from sandbox.app import Sandbox
from tests.browser.pages import SignIn, follow
from tests.documentation import JOB, TEMPLATE
from tests.factories import pair_of
from tests.workers import Processes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workers(sandbox: Sandbox, budget: Any, settings: Any, db: None, tmp_path: Path) -> Iterator[Processes]:
    processes = Processes(tmp_path, EXPENSIFY_URL=settings.EXPENSIFY_URL, SWEEP_SECONDS="0.5")
    processes.worker()
    processes.beat()
    yield processes
    processes.stop()


def test_the_documentations_example_becomes_a_csv_by_two_calls(
    page: Page, sign_in: SignIn, workers: Processes, sandbox: Sandbox, acme: Team, alice: User, tmp_path: Path
) -> None:
    sign_in(alice)
    page.goto("/")
    page.get_by_role("link", name="Credentials").first.click()
    page.get_by_role("link", name="Add").first.click()
    pair = pair_of(acme)
    page.get_by_label("Name").fill("Acme")
    page.get_by_label("partnerUserID").fill(pair.partner_user_id)
    page.get_by_label("partnerUserSecret").fill(pair.partner_user_secret)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("Working", exact=True)).to_be_visible()

    page.get_by_role("link", name="Exports").first.click()
    page.get_by_role("link", name="New export").first.click()
    page.get_by_text("Paste a job from Expensify's documentation").click()
    page.get_by_label("Job from Expensify's documentation").fill(JOB)
    follow(page.get_by_role("button", name="Read this job"))
    page.get_by_label("Name", exact=True).fill("From the documentation")
    page.get_by_role("combobox", name="Credential").select_option(label="Acme")
    page.get_by_role("button", name="Template", exact=True).click()
    page.locator(".cm-content").fill(TEMPLATE)
    follow(page.get_by_role("button", name="Save").first)
    page.get_by_role("button", name="Run").first.click()
    expect(page.get_by_text("Succeeded").first).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").first.click()
    waiting.value.save_as(tmp_path / "result.csv")

    content = (tmp_path / "result.csv").read_text()
    assert [arrival.kind for arrival in sandbox.log] == ["policy_list", "generate", "download"]
    generated = sandbox.log[1]
    assert generated.job["inputSettings"]["filters"] == {"reportIDList": "50352738"}
    assert not generated.in_url
    rows = list(csv.reader(io.StringIO(content)))
    assert rows[0] == ["Merchant", "Amount", "Transaction Date"]
    report = sandbox.company.reports["50352738"]
    assert len(rows) == 1 + len(report.expenses)

    out = tmp_path / "again.csv"
    call_command("run_export", "acme", "From the documentation", wait=True, output=str(out))

    assert out.read_text() == content
    assert [arrival.kind for arrival in sandbox.log[3:]] == ["generate", "download"]
