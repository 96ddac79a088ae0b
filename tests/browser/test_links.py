"""What recipients without an account see: a link by a code, and the way out of a schedule."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from django_scopes import scope
from playwright.sync_api import Page, expect

from accounts.models import Team, User
from exports.deliveries import download_links
from exports.models import Delivery, Link, SavedExport
from tests.browser.pages import Look, follow
from tests.factories import MAILED, make_delivery_of_file, make_recipient, make_schedule

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def delivery(acme: Team, alice: User, export: SavedExport, settings: Any, live_server: Any) -> Delivery:
    settings.SITE_URL = live_server.url
    acme.recipient_domains = "acme.example"
    acme.save()
    with scope(team=acme):
        return make_delivery_of_file(make_recipient(make_schedule(export, alice), "nina.overlong-name@acme.example"))


def test_recipient_fetches_a_file_by_a_code(page: Page, delivery: Delivery, look: Look, tmp_path: Path) -> None:
    with scope(team=delivery.team):
        url = download_links.url(download_links.make(delivery))
    look("link-before", url)

    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_text("A code is on its way to n•••@acme.example.")).to_be_visible()
    page.get_by_label("Code").fill("1234 5678")
    page.get_by_role("button", name="Show the file").click()
    expect(page.get_by_text("This is not the code of the newest mail. 4 tries are left.")).to_be_visible()
    look("link-code")
    (code,) = re.findall(r"^\d{8}$", str(mail.outbox[-1].body), re.M)
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Show the file").click()
    expect(page.get_by_text("month.csv")).to_be_visible()
    look("link-open")
    with page.expect_download() as begun:
        page.get_by_role("link", name="Download").click()

    begun.value.save_as(tmp_path / "month.csv")
    assert (tmp_path / "month.csv").read_bytes() == MAILED
    with scope(team=delivery.team):
        Link.objects.update(expires_at=timezone.now())
    look("link-expired", url)
    look("link-unknown", f"{url[:-10]}/")


def test_recipient_who_has_to_sign_in_is_led_back_to_the_file(
    page: Page, delivery: Delivery, look: Look, bob: User
) -> None:
    Team.objects.update(link_proof="sign_in")
    bob.email = delivery.address
    bob.save()
    with scope(team=delivery.team):
        url = download_links.url(download_links.make(delivery))
    look("link-sign-in", url)

    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail").fill(delivery.address)
    page.get_by_label("Password").fill("correct horse battery staple")
    follow(page.get_by_role("button", name="Sign in", exact=True))

    expect(page).to_have_url(url)
    expect(page.get_by_role("link", name="Download")).to_be_visible()


def test_recipient_unsubscribes_and_takes_it_back(page: Page, delivery: Delivery, look: Look) -> None:
    look("unsubscribe", download_links.unsubscribe_url(delivery.recipient))

    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading", name="You have unsubscribed")).to_be_visible()
    look("unsubscribed")
    page.get_by_role("button", name="Subscribe again").click()

    expect(page.get_by_role("button", name="Unsubscribe")).to_be_visible()
