"""Every team route, as people who are signed in."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Team, User
from accounts.permissions import ROLE_PERMISSIONS, Role
from accounts.sign_in.recent import confirm_url
from tests.accounts.sign_in.factors import add_app
from tests.clients import signed_in
from tests.door.routes import (
    FRESH,
    ROUTES,
    TEAM_ROUTES,
    WITH_OBJECT,
    Route,
    by_name,
    knocks,
    methods_of,
    refused_methods,
)
from tests.door.world import Case, World, changes_logged, knock, sign_in_an_hour_ago, token_of


@pytest.fixture(scope="module")
def clients(members: dict[Role, User]) -> dict[Role, Client]:
    return {role: signed_in(person) for role, person in members.items()}


@pytest.fixture(scope="module")
def own_tokens(world: World, members: dict[Role, User]) -> dict[Role, int]:
    return {role: token_of(world.team, person).pk for role, person in members.items()}


# ------------------------------------------------------------ roles


@by_name(TEAM_ROUTES)
def test_role_gets_exactly_its_permissions(
    world: World, clients: dict[Role, Client], own_tokens: dict[Role, int], case: Case, route: Route
) -> None:
    for method in methods_of(route):
        for role, client in clients.items():
            with case(route, method, role.label):
                # The token is their own: only an Admin learns that somebody else has one.
                own = {"token": own_tokens[role]} if route.name == "accounts:token-revoke" else {}

                response = knock(client, method, world.url(route, **own))

                if ROUTES[route.name][0] in ROLE_PERMISSIONS[role]:
                    assert response.status_code in {200, 302, 286}
                    assert not response.headers.get("Location", "").startswith("/account/")
                else:
                    assert response.status_code == 403


def test_other_methods_are_refused(world: World, admin: Client, case: Case) -> None:
    for route in TEAM_ROUTES:
        for method in refused_methods(route):
            with case(route, method, "Admin"):
                assert knock(admin, method, world.url(route)).status_code == 405


# ------------------------------------------------------------ other teams


def test_outsider_gets_404_like_for_a_team_that_does_not_exist(world: World, outsider: Client, case: Case) -> None:
    for route, method in knocks(TEAM_ROUTES):
        with case(route, method, "outsider, of Acme"):
            assert knock(outsider, method, world.url(route)).status_code == 404
        with case(route, method, "outsider, of a team that does not exist"):
            nowhere = world.url(route).replace("/acme/", "/nowhere/")
            assert knock(outsider, method, nowhere).status_code == 404


def test_object_of_another_team_or_of_none_is_not_found(
    world: World, admin: Client, umbrella: Team, outsider: Client, case: Case
) -> None:
    for route, method in knocks(WITH_OBJECT):
        with case(route, method, "outsider, with Acme's object in their own team"):
            assert knock(outsider, method, world.url(route, umbrella)).status_code == 404
        with case(route, method, "Admin, with an object that does not exist"):
            nothing = dict.fromkeys(route.arguments, 10**18) | {"team": "acme"}
            assert knock(admin, method, reverse(route.name, kwargs=nothing)).status_code == 404


def test_superuser_has_no_way_around_the_door(world: World, charlie: User, outsider: Client) -> None:
    User.objects.filter(pk=charlie.pk).update(is_superuser=True, is_staff=True)

    assert knock(outsider, "GET", "/t/acme/").status_code == 404


def test_removed_member_is_out_with_the_next_click(world: World, bob: User) -> None:
    client = signed_in(bob)
    assert client.get("/t/acme/").status_code == 200

    Membership.objects.filter(user=bob).delete()

    assert client.get("/t/acme/").status_code == 404


# ------------------------------------------------------------ a fresh sign-in, a second factor


def test_old_sign_in_may_look_and_has_to_confirm_to_change(world: World, alice: User, case: Case) -> None:
    client = sign_in_an_hour_ago(alice)
    before = changes_logged()

    for route, method in knocks(route for route in TEAM_ROUTES if route.name in FRESH):
        with case(route, method, "Admin who signed in an hour ago"):
            response = knock(client, method, world.url(route), Referer="http://testserver/t/acme/team/?x=1")

            # What was sent is kept, and its own address carries it out after the confirmation.
            confirm = confirm_url(f"{world.url(route)}?carry_on=")
            location = response.headers.get("Location", "")
            expected = (302, confirm) if method == "POST" else (200, "")
            assert (response.status_code, location[: len(confirm)]) == expected
            assert changes_logged() == before


def test_member_without_a_factor_can_do_nothing_where_the_team_asks_for_one(
    world: World, admin: Client, case: Case
) -> None:
    Team.objects.filter(pk=world.team.pk).update(second_factor=True)
    before = changes_logged()

    for route, method in knocks(TEAM_ROUTES):
        with case(route, method, "Admin without a second factor"):
            response = knock(admin, method, world.url(route))

            assert (response.status_code, response.headers["Location"]) == (302, "/account/second-factor/")
            assert changes_logged() == before


def test_member_with_a_factor_goes_on(world: World, alice: User, admin: Client) -> None:
    Team.objects.filter(pk=world.team.pk).update(second_factor=True)
    add_app(alice)

    assert knock(admin, "GET", "/t/acme/").status_code == 200


def test_outsider_does_not_learn_what_a_team_asks_for(world: World, outsider: Client) -> None:
    Team.objects.filter(pk=world.team.pk).update(second_factor=True)

    assert knock(outsider, "GET", "/t/acme/").status_code == 404
