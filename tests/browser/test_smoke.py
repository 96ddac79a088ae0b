"""One way through the portal in Chromium, for the tests that run by default."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from accounts.models import User
from exports.models import SavedExport
from tests.browser.pages import Look, follow
from tests.factories import PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.smoke]


def test_alice_signs_in_and_opens_a_saved_export(
    page: Page, export: SavedExport, alice: User, budget: Any, look: Look
) -> None:
    page.goto("/account/login/")
    page.get_by_label("E-mail address").fill(alice.email)
    page.get_by_label("Password").fill(PASSWORD)
    follow(page.get_by_role("button", name="Sign in", exact=True))
    expect(page).to_have_url(reverse("exports:home", args=["acme"]))
    look("smoke-home")

    page.get_by_role("link", name="Exports").first.click()
    page.get_by_role("link", name=export.name).first.click()

    expect(page.get_by_role("heading", level=1)).to_have_text(export.name)
    look("smoke-export")
