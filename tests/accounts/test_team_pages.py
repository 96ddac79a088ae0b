from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, Membership, Team, User
from accounts.permissions import Role
from tests.factories import make_member

AsUser = Callable[[User], Client]
# The unchanged form of the team's settings.
SETTINGS = {
    "name": "Acme",
    "time_zone": "Europe/Berlin",
    "two_people": "on",
    "most_leavers": "10",
    "attach_limit": "10",
    "link_days": "30",
    "link_proof": "code",
    "confirm_outside_days": "91",
    "results_kept_days": "730",
    "pair_days": "365",
    "overlap_hours": "24",
    "most_leavers_percent": "5",
    "dry_run_hours": "24",
    "updates_kept_days": "365",
}


def of(user: User, verb: str) -> str:
    return f"/t/acme/team/members/{Membership.objects.get(user=user).pk}/{verb}/"


def shown_after(client: Client, url: str, **values: str) -> str:
    return client.post(url, values, follow=True).content.decode()


def test_start_redirects_to_the_first_team(as_user: AsUser, acme: Team, umbrella: Team, charlie: User) -> None:
    client = as_user(charlie)
    assert client.get("/").headers["Location"] == "/t/umbrella/"

    Membership.objects.create(team=acme, user=charlie, role=Role.VIEWER)

    assert client.get("/").headers["Location"] == "/t/acme/"


def test_person_without_a_team_is_told_what_to_do(as_user: AsUser, db: None) -> None:
    response = as_user(User.objects.create_user("dora@example.org")).get("/")

    assert (response.status_code, response.templates[0].name) == (200, "accounts/no_team.html")
    assert "You are in no team yet" in response.content.decode()


def test_switcher_lists_exactly_ones_own_teams(
    as_user: AsUser, acme: Team, umbrella: Team, alice: User, charlie: User
) -> None:
    Team.objects.create(name="Initech", slug="initech")
    Membership.objects.create(team=acme, user=charlie, role=Role.VIEWER)

    response = as_user(charlie).get("/t/umbrella/team/")

    assert [m.team.slug for m in response.context["my_memberships"]] == ["acme", "umbrella"]


@pytest.mark.parametrize(
    ("role", "places"),
    [
        (Role.ADMIN, ["Home", "Exports", "Runs", "Schedules", "People", "Credentials", "Audit", "Team"]),
        (Role.EDITOR, ["Home", "Exports", "Runs", "Schedules", "People", "Credentials", "Team"]),
        (Role.AUDITOR, ["Home", "Exports", "Runs", "Schedules", "People", "Credentials", "Audit", "Team"]),
        (Role.VIEWER, ["Home", "Exports", "Runs", "Schedules"]),
    ],
)
def test_navigation_shows_what_the_role_may_open(
    as_user: AsUser, acme: Team, redis_client: Any, role: Role, places: list[str]
) -> None:
    response = as_user(make_member(acme, "Person", role)).get("/t/acme/exports/")

    shown = response.context["places"]
    assert [place.label for place in shown] == places
    assert [place.label for place in shown if place.is_current] == ["Exports"]


def test_admin_renames_the_team_and_moves_it(as_user: AsUser, acme: Team, alice: User) -> None:
    as_user(alice).post("/t/acme/team/edit/", SETTINGS | {"name": "Acme Ltd", "time_zone": "Europe/London"})

    acme.refresh_from_db()
    assert (acme.name, acme.time_zone, acme.slug) == ("Acme Ltd", "Europe/London", "acme")


def test_zone_that_does_not_exist_is_refused(as_user: AsUser, acme: Team, alice: User) -> None:
    response = as_user(alice).post("/t/acme/team/edit/", SETTINGS | {"time_zone": "Mars/Base"})

    assert list(response.context["form"].errors) == ["time_zone"]
    acme.refresh_from_db()
    assert acme.time_zone == "Europe/Berlin"


def test_admin_changes_limits_and_asks_for_the_two_person_rule_off_and_the_log_says_so(
    as_user: AsUser, acme: Team, alice: User, erin: User
) -> None:
    without = {name: value for name, value in SETTINGS.items() if name != "two_people"}
    as_user(alice).post("/t/acme/team/edit/", without | {"most_leavers": "3", "updates_kept_days": "30"})

    acme.refresh_from_db()
    assert (acme.two_people, acme.most_leavers, acme.updates_kept_days) == (True, 3, 30)
    entry = AuditEntry._base_manager.filter(team=acme).latest("number")
    assert (entry.action, entry.actor_id, entry.data) == (
        "team changed",
        alice.pk,
        {"most_leavers": {"before": 10, "after": 3}, "updates_kept_days": {"before": 365, "after": 30}},
    )
    page = as_user(erin).get("/t/acme/team/").content.decode()
    assert ("Two-person rule is off" in page, "switched off, since" in page) == (False, True)


def test_editor_cannot_turn_the_two_person_rule_off(as_user: AsUser, acme: Team, erin: User) -> None:
    response = as_user(erin).post("/t/acme/team/edit/", SETTINGS)

    assert response.status_code == 403


@pytest.mark.parametrize(
    ("setting", "value"), [("most_leavers_percent", "101"), ("dry_run_hours", "0"), ("updates_kept_days", "0")]
)
def test_limit_without_effect_is_refused(as_user: AsUser, acme: Team, alice: User, setting: str, value: str) -> None:
    response = as_user(alice).post("/t/acme/team/edit/", SETTINGS | {setting: value})

    assert list(response.context["form"].errors) == [setting]


def test_admin_gives_a_member_another_role(as_user: AsUser, acme: Team, alice: User, bob: User) -> None:
    shown = shown_after(as_user(alice), of(bob, "role"), role="editor")

    assert Membership.objects.get(user=bob).role == Role.EDITOR
    assert "Bob is now Editor." in shown


def test_role_that_does_not_exist_changes_nothing(as_user: AsUser, acme: Team, alice: User, bob: User) -> None:
    shown = shown_after(as_user(alice), of(bob, "role"), role="owner")

    assert Membership.objects.get(user=bob).role == Role.VIEWER
    assert "There is no such role. Nothing was changed." in shown


def test_admin_removes_a_member(as_user: AsUser, acme: Team, alice: User, bob: User) -> None:
    shown = shown_after(as_user(alice), of(bob, "remove"))

    assert not Membership.objects.filter(user=bob).exists()
    assert "Bob is no longer in Acme." in shown


@pytest.mark.parametrize(("verb", "values"), [("role", {"role": "viewer"}), ("remove", {})])
def test_last_admin_is_told_why_not(
    as_user: AsUser, acme: Team, alice: User, verb: str, values: dict[str, str]
) -> None:
    shown = shown_after(as_user(alice), of(alice, verb), **values)

    assert Membership.objects.get(user=alice).role == Role.ADMIN
    assert "A team needs an Admin. Make somebody else an Admin first." in shown


def test_admin_who_leaves_is_redirected_to_start(as_user: AsUser, acme: Team, alice: User) -> None:
    make_member(acme, "Dora", Role.ADMIN)

    response = as_user(alice).post(of(alice, "remove"))

    assert response.headers["Location"] == "/"


def test_admin_who_becomes_a_viewer_is_redirected_to_start(as_user: AsUser, acme: Team, alice: User) -> None:
    make_member(acme, "Dora", Role.ADMIN)

    response = as_user(alice).post(of(alice, "role"), {"role": "viewer"})

    assert response.headers["Location"] == "/"


def test_editor_sees_roles_but_cannot_change_them(as_user: AsUser, acme: Team, alice: User, erin: User) -> None:
    shown = as_user(erin).get("/t/acme/team/").content.decode()

    assert "alice@acme.example" in shown
    assert "<select" not in shown


def test_one_member_and_three_cost_the_same_queries(
    as_user: AsUser, acme: Team, alice: User, count_queries: Any
) -> None:
    client = as_user(alice)
    with count_queries() as one:
        client.get("/t/acme/team/")
    make_member(acme, "Bob", Role.VIEWER)
    make_member(acme, "Erin", Role.EDITOR)
    with count_queries() as three:
        client.get("/t/acme/team/")

    assert len(three) == len(one)
