from django_scopes import scope
from playwright.sync_api import Page, expect

from accounts import tokens
from accounts.models import Membership, Team, User
from accounts.permissions import Permission
from tests.browser.pages import Look, SignIn, follow


def test_pages_of_tokens_look_right(
    look: Look, sign_in: SignIn, page: Page, acme: Team, alice: User, erin: User
) -> None:
    sign_in(alice)
    look("tokens-none", "/t/acme/tokens/")
    with scope(team=acme):
        every = [permission.value for permission in Permission]
        old, _ = tokens.make(Membership.objects.get(user=erin), "A name as long as it gets " * 4, every, 30)
        tokens.revoke(old, by=alice)
        tokens.make(Membership.objects.get(user=erin), "Nightly", every, 30)

    look("tokens", "/t/acme/tokens/")
    page.get_by_label("Revoke Nightly…").click()
    look("token-revoke", None)
    look("token-new", "/t/acme/tokens/new/")
    look("api", "/api/")


def test_token_is_made_shown_once_and_revoked(look: Look, sign_in: SignIn, page: Page, acme: Team, erin: User) -> None:
    sign_in(erin)
    look("home", "/t/acme/")
    page.get_by_label("Account of Erin").click()
    page.get_by_role("link", name="Access tokens").click()
    page.get_by_role("link", name="New token").click()
    page.get_by_label("Name").fill("Month end")
    page.get_by_label("Run saved exports").check()
    follow(page.get_by_role("button", name="Make the token"))
    look("token-made", None)
    secret = page.locator("code").first.inner_text()
    assert tokens.SHAPE.fullmatch(secret)

    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_role("row", name="Month end")).to_contain_text(secret[:10])
    assert secret not in page.content()
    page.get_by_label("Revoke Month end…").click()
    page.get_by_role("button", name="Revoke Month end").click()

    expect(page.get_by_role("row", name="Month end")).to_contain_text("Revoked")
