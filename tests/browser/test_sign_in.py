"""Second factors in a browser: an app, and a passkey of Chromium's virtual authenticator."""

import re
from typing import Any

import pytest
from django_scopes import scope
from playwright.sync_api import CDPSession, Page, expect

from accounts import invitations
from accounts.models import Team, User
from accounts.permissions import Role
from tests.accounts.invitation_mail import link_in
from tests.accounts.sign_in.factors import AppClock, add_app, code_of
from tests.browser.pages import Look, follow
from tests.factories import PASSWORD


@pytest.fixture
def base_url(live_server: Any) -> str:
    """A passkey belongs to a name, not to an address."""
    return str(live_server.url).replace("127.0.0.1", "localhost")


@pytest.fixture
def authenticator(page: Page) -> CDPSession:
    """A device with a finger on it."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return session


def sign_in(page: Page, base_url: str, user: User, path: str = "/") -> None:
    page.goto(f"{base_url}/account/login/?next={path}")
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    follow(page.get_by_role("button", name="Sign in", exact=True))


def sign_out(page: Page, base_url: str) -> None:
    page.goto(f"{base_url}/account/logout/")
    follow(page.get_by_role("main").get_by_role("button", name="Sign out"))


def test_app_is_set_up_and_asked_for(page: Page, base_url: str, alice: User, look: Look, app_clock: AppClock) -> None:
    sign_in(page, base_url, alice, "/account/")
    look("account")
    follow(page.get_by_role("link", name="Add one"))
    look("second-factor-none")
    follow(page.get_by_role("link", name="Set up an app"))
    look("second-factor-app")
    secret = page.locator("code").inner_text()
    page.get_by_label("Six digits that the app shows now").fill(code_of(app_clock, secret))
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    look("recovery-codes")
    recovery = page.locator("pre").inner_text().split()[0]
    sign_out(page, base_url)

    sign_in(page, base_url, alice)
    look("second-factor-asked")
    page.get_by_label("Code").fill(code_of(app_clock, secret))
    follow(page.get_by_role("button", name="Sign in", exact=True))
    expect(page.get_by_role("link", name="Exports")).to_be_visible()
    sign_out(page, base_url)
    sign_in(page, base_url, alice)
    page.get_by_label("Code").fill(recovery)
    follow(page.get_by_role("button", name="Sign in", exact=True))
    expect(page.get_by_role("link", name="Exports")).to_be_visible()


def test_passkey_signs_in_as_a_second_factor_and_alone(
    page: Page, base_url: str, alice: User, look: Look, authenticator: CDPSession
) -> None:
    sign_in(page, base_url, alice, "/account/second-factor/passkeys/add/")
    look("passkey-add")
    page.get_by_label("Name of the passkey").fill("Laptop")
    page.get_by_label("Sign in with it alone").check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.goto(f"{base_url}/account/second-factor/passkeys/")
    expect(page.get_by_role("rowheader")).to_contain_text("Laptop")
    look("passkeys")
    sign_out(page, base_url)

    sign_in(page, base_url, alice, "/t/acme/team/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Team", exact=True)).to_be_visible()
    sign_out(page, base_url)

    page.goto(f"{base_url}/account/login/")
    look("sign-in-passkey")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("link", name="Exports")).to_be_visible()


def test_device_without_a_passkey_is_told_on_the_page(
    page: Page, base_url: str, alice: User, look: Look, authenticator: CDPSession
) -> None:
    page.goto(f"{base_url}/account/login/")

    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_role("alert")).to_contain_text("No passkey was used")
    look("passkey-none")


def test_pages_of_people_look_right(
    page: Page, base_url: str, acme: Team, alice: User, bob: User, look: Look, settings: Any, app_clock: AppClock
) -> None:
    add_app(alice)
    invited = invitations.invite(acme, "nina.with.a.long.name@subsidiary.example", Role.EDITOR, by=alice)
    path = link_in(invited)
    look("invitation", f"{base_url}{path}")
    look("invitation-closed", f"{base_url}/invitation/nothing/")
    sign_in(page, base_url, bob, path)
    page.goto(f"{base_url}{path}")
    look("invitation-of-another")
    look("sessions", f"{base_url}/account/sessions/")
    sign_out(page, base_url)
    sign_in(page, base_url, alice)
    page.get_by_label("Code").fill(code_of(app_clock))
    follow(page.get_by_role("button", name="Sign in", exact=True))
    look("team-invited", f"{base_url}/t/acme/team/")
    look("member-invite", f"{base_url}/t/acme/team/invitations/new/")
    look("second-factor", f"{base_url}/account/second-factor/")
    look("second-factor-app-remove", f"{base_url}/account/second-factor/app/remove/")
    look("recovery-codes-new", f"{base_url}/account/second-factor/codes/new/")
    settings.FRESH_SIGN_IN_SECONDS = 0
    look("confirm-first", f"{base_url}/t/acme/credentials/new/")
    follow(page.get_by_role("link", name="Confirm that it is you"))
    look("confirm-password")
    follow(page.get_by_role("link", name="Use the code of your app"))
    look("confirm-code")
    settings.OIDC_ISSUER = "https://idp.example.com"
    sign_out(page, base_url)
    look("sign-in-company", f"{base_url}/account/login/")


def test_person_without_a_factor_is_led_to_set_one_up(page: Page, base_url: str, acme: Team, bob: User) -> None:
    Team.objects.filter(pk=acme.pk).update(second_factor=True)

    sign_in(page, base_url, bob, "/t/acme/exports/")

    expect(page.get_by_text("Acme asks for a second factor. Set one up to go on.")).to_be_visible()
    expect(page.get_by_role("link", name="Set up an app")).to_be_visible()
    expect(page).to_have_url(re.compile("/account/second-factor/$"))
    with scope(team=acme):
        assert acme.runs.count() == 0
