"""What a request that was denied leaves behind: an entry in the audit log, and no change."""

import pytest
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from accounts.audit.record import Action
from accounts.models import User
from tests.clients import signed_in
from tests.door.world import World, knock, last_entry


@pytest.mark.parametrize(("name", "status"), [("bob", 403), ("charlie", 404)])
def test_denied_attempt_is_in_the_log_of_the_team(
    world: World, bob: User, charlie: User, name: str, status: int
) -> None:
    person = {"bob": bob, "charlie": charlie}[name]
    client = signed_in(person)

    assert client.get("/t/acme/audit/?person=1", REMOTE_ADDR="192.0.2.7").status_code == status

    entry = last_entry(world.team)
    assert (entry.action, entry.actor_id, entry.address) == (Action.ACCESS_DENIED, person.pk, "192.0.2.7")
    assert entry.data == {"path": "/t/acme/audit/", "method": "GET", "needed": "read the audit log"}


def test_denied_change_changes_nothing(world: World, bob: User) -> None:
    url = reverse("accounts:credential-wipe", args=["acme", world.objects["credential"]])

    assert knock(signed_in(bob), "POST", url).status_code == 403
    with scope(team=world.team):
        assert world.team.credentials.get().can_call is True


def test_change_without_its_token_is_refused(world: World, alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    url = reverse("accounts:credential-wipe", args=["acme", world.objects["credential"]])

    response = client.post(url)

    assert response.status_code == 403
    assert "This form was open for too long" in response.content.decode()
    with scope(team=world.team):
        assert world.team.credentials.get().can_call is True
