"""People set their own names."""

import pytest

from accounts.audit.record import Action
from accounts.models import AuditEntry, Team, User
from tests.clients import signed_in

pytestmark = pytest.mark.django_db

NAME = "/account/name/"


def test_name_is_changed_and_logged_with_the_name_before(acme: Team, alice: User) -> None:
    client = signed_in(alice)

    page = client.post(NAME, {"name": "Alice Moss"}, follow=True)

    alice.refresh_from_db()
    assert (str(alice), page.redirect_chain[-1][0]) == ("Alice Moss", "/account/")
    assert "Alice Moss" in page.content.decode()
    entry = AuditEntry._base_manager.filter(team=acme).latest("number")
    assert (entry.action, entry.data) == (Action.NAME_CHANGED, {"before": "Alice", "after": "Alice Moss"})


def test_form_shows_the_present_name_and_refuses_an_empty_one(acme: Team, alice: User) -> None:
    client = signed_in(alice)

    shown = client.get(NAME).content.decode()
    refused = client.post(NAME, {"name": "  "})

    alice.refresh_from_db()
    assert 'value="Alice"' in shown
    assert (refused.status_code, refused.context["form"].errors["name"]) == (200, ["This field is required."])
    assert str(alice) == "Alice"
