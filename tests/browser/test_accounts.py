import re
from datetime import timedelta
from typing import Any

import pytest
from django.template import loader
from django.utils import timezone
from django_scopes import scope
from playwright.sync_api import Page, expect

from accounts import teams
from accounts.audit import record as audit
from accounts.audit.record import Action
from accounts.credentials import actions as credentials
from accounts.models import Credential, Team, User
from exports.models import ApiCall
from tests.browser.pages import Look, SignIn, asked_within_a_minute, follow
from tests.factories import PASSWORD, make_credential, make_export, make_policy


@pytest.fixture
def busy_acme(acme: Team, alice: User, audrey: User, bob: User, erin: User) -> Team:
    """Acme with one credential of each kind, exports, calls, and a long log."""
    now = timezone.now()
    main = make_credential(acme, "Acme Germany", checked_at=now - timedelta(hours=3))
    make_credential(
        acme,
        "Old pair",
        status=Credential.Status.REFUSED,
        message="Expensify does not take this pair: it was replaced, or the account lost its rights.",
        checked_at=now - timedelta(days=40),
    )
    make_credential(acme, "Acme Austria", status=Credential.Status.UNCHECKED, check_due_at=now)
    make_export(main, alice)
    make_export(main, erin, "Reimbursed last month, with receipts, for the auditors of the group")
    for number, name in enumerate(["Travel", "Marketing and events", "Research"], start=1):
        make_policy(main, f"0F1E2D3C4B5A697{number}", name, role="admin", type="corporate", currency="EUR")
    with scope(team=acme):
        for number in range(5):
            ApiCall.objects.create(
                team=acme, credential=main, kind="policy_list", sent_at=now - timedelta(minutes=number),
                seconds=0.31, http_status=200, response_code=200,
            )  # fmt: skip
    teams.change(acme, name="Acme", time_zone="Europe/Vienna", by=alice)
    for step in range(30):
        with audit.from_address("192.0.2.7"):
            audit.record(Action.RESULT_DOWNLOADED, main, by=bob, name=f"expenses-{step}.csv", size=1234)
    return acme


# ------------------------------------------------------------ how the pages look


def test_way_in_looks_right(page: Page, look: Look, db: None) -> None:
    look("sign-in", "/account/login/")
    page.get_by_label("E-mail address").fill("nobody@acme.example")
    page.get_by_label("Password").fill("wrong")
    follow(page.get_by_role("button", name="Sign in", exact=True))
    look("sign-in-refused")
    look("password-reset", "/account/password/reset/")
    look("password-reset-done", "/account/password/reset/done/")
    look("password-link-old", "/account/password/reset/key/1-abc/")
    look("sign-up-closed", "/account/signup/")
    page.goto("/account/login/")
    page.get_by_label("E-mail address").fill("nobody@acme.example")
    page.get_by_label("Password").fill("wrong")
    page.context.clear_cookies()
    follow(page.get_by_role("button", name="Sign in", exact=True))
    look("form-expired")
    page.set_content(loader.render_to_string("500.html"))
    look("failed")


def test_account_pages_look_right(look: Look, sign_in: SignIn, alice: User, page: Page) -> None:
    sign_in(alice)

    look("password-change", "/account/password/change/")
    look("name-change", "/account/name/")
    User.objects.filter(pk=alice.pk).update(first_name="A" * 150)
    look("account-long-name", "/account/")
    look("sign-out", "/account/logout/")
    look("not-found", "/t/umbrella/")


def test_person_without_a_team_is_told_what_to_do(look: Look, sign_in: SignIn, page: Page, db: None) -> None:
    sign_in(User.objects.create_user("dora@example.org", first_name="Dora"))

    look("no-team", "/")


def test_credential_pages_look_right(look: Look, sign_in: SignIn, alice: User, busy_acme: Team) -> None:
    sign_in(alice)
    with scope(team=busy_acme):
        by_name = {found.name: found.pk for found in Credential.objects.all()}

    look("credentials", "/t/acme/credentials/")
    look("credential", f"/t/acme/credentials/{by_name['Acme Germany']}/")
    look("credential-refused", f"/t/acme/credentials/{by_name['Old pair']}/")
    look("credential-testing", f"/t/acme/credentials/{by_name['Acme Austria']}/")
    look("credential-rename", f"/t/acme/credentials/{by_name['Acme Germany']}/rename/")
    look("credential-wipe", f"/t/acme/credentials/{by_name['Acme Germany']}/wipe/")
    look("credential-new", "/t/acme/credentials/new/")


def test_empty_pages_look_right(look: Look, sign_in: SignIn, alice: User, page: Page) -> None:
    sign_in(alice)

    look("credentials-empty", "/t/acme/credentials/")
    look("audit-empty", "/t/acme/audit/?action=result+purged")
    page.goto("/t/acme/credentials/new/")
    page.evaluate("document.querySelector('main form').noValidate = true")
    follow(page.get_by_role("button", name="Add and test"))
    look("credential-new-refused")


def test_team_and_audit_pages_look_right(look: Look, sign_in: SignIn, alice: User, busy_acme: Team, page: Page) -> None:
    sign_in(alice)

    look("team", "/t/acme/team/")
    page.get_by_label("Remove Bob…").click()
    look("team-remove")
    look("team-edit", "/t/acme/team/edit/")
    look("audit", "/t/acme/audit/")
    page.get_by_text("Details").first.click()
    look("audit-details", None)
    look("audit-filtered", "/t/acme/audit/?action=team+changed&first=nonsense")
    page.goto("/t/acme/team/")
    page.get_by_label("Account of Alice").click()
    look("menu")


def test_pages_of_other_roles_look_right(look: Look, sign_in: SignIn, bob: User, erin: User, page: Page) -> None:
    sign_in(bob)
    look("forbidden", "/t/acme/audit/")
    sign_in(erin)
    look("team-editor", "/t/acme/team/")


# ------------------------------------------------------------ how they work


def test_person_signs_in_and_out_by_the_forms(page: Page, alice: User) -> None:
    page.goto("/t/acme/credentials/")
    page.get_by_label("E-mail address").fill("alice@acme.example")
    page.get_by_label("Password").fill(PASSWORD)
    follow(page.get_by_role("button", name="Sign in", exact=True))
    expect(page.get_by_role("heading", level=1)).to_have_text("Credentials")

    page.get_by_label("Account of Alice").click()
    follow(page.get_by_role("button", name="Sign out"))

    page.goto("/t/acme/credentials/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_first_tab_leads_past_the_navigation(page: Page, sign_in: SignIn, alice: User) -> None:
    sign_in(alice)
    page.goto("/t/acme/team/")

    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("main")).to_be_focused()


def test_test_of_a_credential_shows_its_end_by_itself(
    page: Page, sign_in: SignIn, alice: User, acme: Team, sandbox: Any
) -> None:
    credential = make_credential(acme, status=Credential.Status.UNCHECKED)
    sign_in(alice)
    page.clock.install()
    page.goto(f"/t/acme/credentials/{credential.pk}/")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_text("Being tested")).to_be_visible()
    status = f"/t/acme/credentials/{credential.pk}/status/"
    assert status in asked_within_a_minute(page)

    with scope(team=acme):
        credential.refresh_from_db()
        Credential.objects.filter(pk=credential.pk).update(
            status=Credential.Status.WORKING, checked_at=timezone.now(), check_due_at=None
        )
        make_policy(credential, "A1", "Travel")

    expect(page.get_by_text("Working", exact=True)).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("Travel"))).to_be_visible()
    assert status not in asked_within_a_minute(page)


def test_signed_out_page_that_polls_leads_to_the_sign_in(page: Page, sign_in: SignIn, alice: User, acme: Team) -> None:
    credential = make_credential(acme, status=Credential.Status.UNCHECKED, check_due_at=timezone.now())
    sign_in(alice)
    page.goto(f"/t/acme/credentials/{credential.pk}/")

    page.context.clear_cookies()

    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_pages_work_without_javascript(browser: Any, live_server: Any, alice: User, acme: Team) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/t/acme/credentials/new/")
    page.get_by_label("E-mail address").fill("alice@acme.example")
    page.get_by_label("Password").fill(PASSWORD)
    follow(page.get_by_role("button", name="Sign in", exact=True))

    page.get_by_label("Name").fill("Main")
    page.get_by_label("partnerUserID").fill("partner")
    page.get_by_label("partnerUserSecret").fill("canary-secret")
    follow(page.get_by_role("button", name="Add and test"))

    expect(page.get_by_role("heading", level=1)).to_have_text("Main")
    expect(page.get_by_role("link", name="Look again")).to_be_visible()
    assert "canary-secret" not in page.content()
    context.close()
    with scope(team=acme):
        credentials.wipe(Credential.objects.get(name="Main"), by=alice)
