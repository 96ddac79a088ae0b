"""Every route for scripts, with every kind of token."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts import tokens
from accounts.audit.record import Action
from accounts.models import AccessToken, Membership, Team, User
from accounts.permissions import ROLE_PERMISSIONS, Role
from tests.door.routes import API_ROUTES, API_ROUTES_BY_NAME, Route, by_name, knocks, methods_of, refused_methods
from tests.door.world import Case, World, ask, knock, last_entry, token_of

SCOPES = [tokens.FOR_SCRIPTS, (), *((permission,) for permission in tokens.FOR_SCRIPTS)]


@by_name(API_ROUTES)
def test_token_opens_what_both_it_and_the_role_include(
    world: World, members: dict[Role, User], stranger: Client, case: Case, route: Route
) -> None:
    for method in methods_of(route):
        for role, person in members.items():
            for granted in SCOPES:
                with case(route, method, f"{role.label}'s token for {', '.join(granted) or 'nothing'}"):
                    token = token_of(world.team, person, granted)

                    response = ask(stranger, token.secret, method, world.url(route))

                    permission, _ = API_ROUTES_BY_NAME[route.name]
                    opens = permission in ROLE_PERMISSIONS[role] and permission in granted
                    assert (response.status_code in {200, 201}, response.status_code == 403) == (opens, not opens)


def test_script_is_refused_other_methods(world: World, alice: User, stranger: Client, case: Case) -> None:
    secret = token_of(world.team, alice).secret

    for route in API_ROUTES:
        for method in refused_methods(route):
            with case(route, method, "Admin's token"):
                response = ask(stranger, secret, method, world.url(route))

                assert (response.status_code, response.headers["Allow"]) == (405, *methods_of(route))


# ------------------------------------------------------------ other teams


def test_token_of_another_team_gets_404_even_where_its_person_is_a_member(
    world: World, umbrella: Team, charlie: User, stranger: Client, case: Case
) -> None:
    token = token_of(umbrella, charlie)

    for route, method in knocks(API_ROUTES):
        with case(route, method, "token of another team's Admin"):
            assert ask(stranger, token.secret, method, world.url(route)).status_code == 404

    Membership.objects.create(team=world.team, user=charlie, role=Role.ADMIN)

    for route, method in knocks(API_ROUTES):
        with case(route, method, "token of another team, of an Admin of both"):
            assert ask(stranger, token.secret, method, world.url(route)).status_code == 404
            entry = last_entry(world.team)
            assert (entry.action, entry.actor_id, entry.data["token"]) == (Action.ACCESS_DENIED, charlie.pk, str(token))


def test_token_finds_no_object_of_another_team(
    world: World, umbrella: Team, charlie: User, stranger: Client, case: Case
) -> None:
    secret = token_of(umbrella, charlie).secret

    for route, method in knocks(route for route in API_ROUTES if len(route.arguments) > 1):
        with case(route, method, "token of another team, with Acme's object"):
            assert ask(stranger, secret, method, world.url(route, umbrella)).status_code == 404
        with case(route, method, "token of another team, with an object that does not exist"):
            nothing = dict.fromkeys(route.arguments, 10**18) | {"team": "umbrella"}
            assert ask(stranger, secret, method, reverse(route.name, kwargs=nothing)).status_code == 404
        with case(route, method, "token of another team, for a team that does not exist"):
            answer = ask(stranger, secret, method, "/api/t/nowhere/exports/")
            assert answer.status_code in {404, 405}


# ------------------------------------------------------------ no token, or one that has ended


def test_without_a_token_nothing_opens_not_even_for_who_is_signed_in(world: World, admin: Client, case: Case) -> None:
    for route, method in knocks(API_ROUTES):
        with case(route, method, "Admin, signed in, without a token"):
            response = knock(admin, method, world.url(route))

            assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("end", ["expired", "revoked", "account closed"])
def test_ended_token_opens_nothing(world: World, alice: User, stranger: Client, case: Case, end: str) -> None:
    token = token_of(world.team, alice)
    with scope(team=world.team):
        if end == "expired":
            AccessToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())
        elif end == "revoked":
            tokens.revoke(token, by=alice)
    if end == "account closed":
        User.objects.filter(pk=alice.pk).update(is_active=False)

    for route, method in knocks(API_ROUTES):
        with case(route, method, f"Admin's token, {end}"):
            assert ask(stranger, token.secret, method, world.url(route)).status_code == 401
            entry = last_entry(world.team)
            assert (entry.action, entry.target_id, entry.data["why"]) == (Action.TOKEN_REFUSED, token.pk, end)


def test_token_of_a_member_without_a_factor_opens_nothing_where_the_team_asks_for_one(
    world: World, alice: User, stranger: Client
) -> None:
    Team.objects.filter(pk=world.team.pk).update(second_factor=True)

    answer = ask(stranger, token_of(world.team, alice).secret, "GET", "/api/t/acme/exports/")

    assert (answer.status_code, "a second factor" in answer.json()["detail"]) == (403, True)
