"""A credential gets a new pair, and goes back to the old one."""

from django.utils import timezone
from django_scopes import scope
from playwright.sync_api import Page, expect

from accounts.models import Credential, Rotation, Team, User
from exports.models import SavedExport
from tests.browser.pages import Look, SignIn, follow
from tests.factories import make_export, make_policy

REACHED = {"policy_id": "P1", "name": "Sales", "role": "auditor", "type": "corporate", "owner": "", "currency": "EUR"}
GAINED = REACHED | {"policy_id": "P3", "name": "Marketing", "role": "admin"}


def found(rotation: Rotation) -> None:
    """As a worker's test of the new pair leaves it: other policies, another role."""
    Rotation.objects.filter(pk=rotation.pk).update(
        status="ready", check_due_at=None, checked_at=timezone.now(), reach=[REACHED, GAINED]
    )


def test_an_admin_enters_compares_switches_and_goes_back(
    page: Page, look: Look, sign_in: SignIn, acme: Team, alice: User, export: SavedExport
) -> None:
    with scope(team=acme):
        credential = export.credential
        for policy, name in (("P1", "Sales"), ("P2", "Travel")):
            make_policy(credential, policy, name, role="admin")
        make_export(credential, alice, "Travel only", policy_ids=["P2"], report_ids=[], period="last_month")
    sign_in(alice)

    page.goto(f"/t/acme/credentials/{credential.pk}/")
    look("credential")
    follow(page.get_by_role("link", name="Rotate"))
    look("rotation-new")
    page.get_by_label("partnerUserID").fill("aa_acme_new")
    page.get_by_label("partnerUserSecret").fill("n" * 40)
    page.get_by_role("button", name="Test the new pair").click()
    expect(page.get_by_text("New pair being tested")).to_be_visible()
    look("rotation-testing")

    with scope(team=acme):
        found(credential.rotations.get())
    expect(page.get_by_role("button", name="Let it take over")).to_be_visible()  # the page asks by itself
    expect(page.get_by_text("Would be short")).to_have_count(1)
    look("rotation-ready")
    page.get_by_role("button", name="Let it take over").click()
    expect(page.get_by_text("Taken over, the old pair is kept")).to_be_visible()
    look("rotation-switched")
    page.get_by_role("button", name="Go back to the old pair").click()
    expect(page.get_by_text("Rolled back")).to_be_visible()

    page.goto(f"/t/acme/credentials/{credential.pk}/")
    follow(page.get_by_role("link", name="Leaked"))
    look("credential-leaked")
    page.get_by_role("button", name="Stop all calls and delete it").click()
    expect(page.get_by_text("The pair is deleted")).to_be_visible()
    with scope(team=acme):
        assert Credential.objects.get(pk=credential.pk).status == Credential.Status.WIPED
    look("rotation-new-wiped")
