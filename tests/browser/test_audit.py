"""The audit log as an auditor uses it: words, a view for next time, a file proved."""

from pathlib import Path

from playwright.sync_api import Page, expect

from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.models import Team, User
from exports.models import Run, SavedExport
from tests.browser.pages import Look, SignIn, follow
from tests.factories import MAILED, make_result, make_run


def test_auditor_finds_saves_and_proves(
    page: Page, look: Look, sign_in: SignIn, acme: Team, alice: User, audrey: User, export: SavedExport, tmp_path: Path
) -> None:
    result = make_result(make_run(export, alice, Run.Status.SUCCEEDED), MAILED, "november.csv")
    audit.record(Action.RESULT_DOWNLOADED, result, by=alice, sha256=result.sha256)
    file = tmp_path / "november.csv"
    file.write_bytes(MAILED)
    sign_in(audrey)

    page.goto("/t/acme/audit/")
    page.get_by_label("Words").fill("november")
    follow(page.get_by_role("button", name="Filter"))
    page.get_by_text("Save this filter as a view").click()
    page.get_by_label("Name").fill("November's file")
    page.get_by_label("For everybody who may read the log").check()
    look("audit-filtered")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="November's file")).to_have_attribute("aria-current", "true")
    look("audit-view")

    page.get_by_role("link", name="Prove a file").click()
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Look it up").click()
    expect(page.get_by_text("Acme has exactly this content.")).to_be_visible()
    look("audit-proved")

    page.get_by_role("link", name="Who looked at it and who downloaded it").click()
    expect(page.get_by_text("Only what is about november.csv")).to_be_visible()
    look("audit-object")
    file.write_bytes(MAILED + b"\n")
    page.goto("/t/acme/audit/prove/")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Look it up").click()
    expect(page.get_by_text("Acme never had a file with exactly this content.")).to_be_visible()
    look("audit-not-proved")
