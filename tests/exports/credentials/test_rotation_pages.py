"""The pages on which a credential gets a new pair."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.credentials import rotation as rotation_actions
from accounts.models import Credential, Rotation, Team, User
from expensify.pair import KeyPair
from exports.models import Run, SavedExport
from tests.factories import make_credential, make_export, make_policy, make_run
from tests.html import tidy

NEW = {"partner_user_id": "aa_acme_new", "partner_user_secret": "n" * 40}
REACHED = {"policy_id": "P1", "name": "Sales", "role": "admin", "type": "corporate", "owner": "", "currency": "EUR"}


@pytest.fixture(autouse=True)
def open_team(acme: Team, redis_client: Any) -> Iterator[None]:
    with scope(team=acme):
        yield


@pytest.fixture
def admin(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def ready(credential: Credential, alice: User) -> Rotation:
    """A tested new pair that reaches Sales as the old one does, but not Travel."""
    for policy, name in (("P1", "Sales"), ("P2", "Travel")):
        make_policy(credential, policy, name, role="admin")
    rotation = rotation_actions.start_rotation(credential, KeyPair(*NEW.values()), by=alice)
    Rotation.objects.filter(pk=rotation.pk).update(
        status="ready", check_due_at=None, checked_at=timezone.now(), reach=[REACHED]
    )
    return Rotation.objects.get(pk=rotation.pk)


def url(name: str, rotation: Rotation) -> str:
    return reverse(f"exports:{name}", args=[rotation.team.slug, rotation.pk])


def test_a_new_pair_is_taken_in_and_shown_nowhere(admin: Client, credential: Credential) -> None:
    page = reverse("exports:rotation-new", args=[credential.team.slug, credential.pk])

    answer = admin.post(page, NEW, follow=True)

    rotation = credential.rotations.get()
    assert rotation.partner_pair() == KeyPair(*NEW.values())
    assert "New pair being tested" in answer.content.decode()
    assert NEW["partner_user_secret"] not in answer.content.decode()
    assert NEW["partner_user_id"] not in answer.content.decode()


def test_a_second_new_pair_is_refused_while_one_is_on_its_way(admin: Client, ready: Rotation) -> None:
    page = reverse("exports:rotation-new", args=[ready.team.slug, ready.credential_id])

    answer = admin.post(page, {"partner_user_id": "aa_other", "partner_user_secret": "o" * 40})

    assert "is on its way into this credential already" in answer.content.decode()
    assert ready.credential.rotations.count() == 1


def test_old_and_new_reach_stand_side_by_side_with_what_would_be_short(
    admin: Client, ready: Rotation, alice: User
) -> None:
    make_export(ready.credential, alice, "Travel only", policy_ids=["P2"], report_ids=[], period="last_month")
    make_export(ready.credential, alice, "Sales only", policy_ids=["P1"], report_ids=[], period="last_month")

    page = tidy(admin.get(url("rotation", ready)).content.decode())

    assert '<th scope="row">Travel</th><td>admin</td><td><span class="state state-bad">' in page
    assert page.count("Would be short") == 1
    assert page.index("Travel only") < page.index("Would be short")


def test_a_click_lets_it_take_over_and_another_puts_the_old_one_back(admin: Client, ready: Rotation) -> None:
    admin.post(url("rotation-switch", ready))
    taken = Credential.objects.get(pk=ready.credential_id)
    assert taken.partner_pair() == KeyPair(*NEW.values())
    assert "Go back to the old pair" in admin.get(url("rotation", ready)).content.decode()

    admin.post(url("rotation-roll-back", ready))

    assert Credential.objects.get(pk=ready.credential_id).partner_pair() == taken.previous_partner_pair()


def test_a_time_is_by_the_teams_clock(admin: Client, ready: Rotation) -> None:
    # At noon: an hour of the night may come twice.
    day = timezone.localdate(timezone=ready.team.zone) + timedelta(days=2)
    at = datetime.combine(day, time(12), tzinfo=ready.team.zone)

    admin.post(url("rotation-switch", ready), {"at": at.strftime("%Y-%m-%dT%H:%M")})

    ready.refresh_from_db()
    assert (ready.status, ready.switch_at) == (Rotation.Status.READY, at)


def test_a_time_that_has_passed_is_refused_with_a_sentence(admin: Client, ready: Rotation) -> None:
    answer = admin.post(url("rotation-switch", ready), {"at": "2020-01-01T10:00"})

    assert answer.status_code == 422
    assert "This time has passed" in answer.content.decode()


def test_the_second_admin_approves_where_two_are_needed(client: Client, ready: Rotation, erin: User) -> None:
    Team.objects.filter(pk=ready.team_id).update(two_admins=True)
    ready.team.memberships.filter(user=erin).update(role="admin")
    client.force_login(erin)

    client.post(url("rotation-switch", ready))
    assert Credential.objects.get(pk=ready.credential_id).pair_number == 1
    client.post(url("rotation-approve", ready))
    client.post(url("rotation-switch", ready))

    assert Credential.objects.get(pk=ready.credential_id).pair_number == 2


def test_a_leak_stops_the_pair_and_leads_on_to_a_new_one(
    admin: Client, credential: Credential, export: SavedExport
) -> None:
    page = reverse("exports:credential-leaked", args=[credential.team.slug, credential.pk])
    assert export.name in admin.get(page).content.decode()

    answer = admin.post(page, follow=True)

    assert Credential.objects.get(pk=credential.pk).status == Credential.Status.WIPED
    assert answer.redirect_chain[-1][0] == reverse("exports:rotation-new", args=[credential.team.slug, credential.pk])
    assert "expensify.com/tools/integrations" in answer.content.decode()


def test_an_old_pair_is_announced_on_its_page_and_at_home(admin: Client, acme: Team) -> None:
    credential = make_credential(acme, paired_at=timezone.now() - timedelta(days=acme.pair_days + 1))

    assert "due for rotation" in admin.get(credential.get_absolute_url()).content.decode()
    assert "is due for rotation" in admin.get(acme.get_absolute_url()).content.decode()


def headings(page: str) -> list[str]:
    return [name for name in ("Present pair", "Old pair", "New pair") if f"<h3>{name}</h3>" in page]


def test_both_budgets_are_shown_as_long_as_both_pairs_make_calls(
    admin: Client, ready: Rotation, export: SavedExport, alice: User
) -> None:
    page = url("rotation", ready)
    run = make_run(export, alice, Run.Status.GENERATED, made_with=1)

    before = headings(tidy(admin.get(page).content.decode()))
    rotation_actions.switch(ready, at=None, by=alice)
    Run.objects.filter(pk=run.pk).update(by_previous=True)
    between = headings(tidy(admin.get(page).content.decode()))
    Run.objects.filter(pk=run.pk).update(by_previous=False)
    after = headings(tidy(admin.get(page).content.decode()))

    assert (before, between, after) == (["Present pair", "New pair"], ["Present pair", "Old pair"], [])
