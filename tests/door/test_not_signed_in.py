"""Every route, as somebody who is not signed in or whose account is closed."""

from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.clients import signed_in
from tests.door.routes import FOR_ANYBODY, OUTSIDE, TEAM_ROUTES, knocks
from tests.door.world import Case, World, knock, token_of


def test_stranger_and_person_whose_account_is_closed_are_asked_to_sign_in(
    world: World, alice: User, stranger: Client, case: Case
) -> None:
    closed = signed_in(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)

    for route, method in knocks(TEAM_ROUTES):
        for who, client in (("stranger", stranger), ("Admin whose account is closed", closed)):
            with case(route, method, who):
                url = world.url(route)

                response = knock(client, method, url)

                assert (response.status_code, response.headers["Location"]) == (302, f"/account/login/?next={url}")


def test_stranger_is_asked_to_sign_in_outside_of_the_teams_too(stranger: Client, case: Case) -> None:
    for route in OUTSIDE:
        if route.name in FOR_ANYBODY:
            continue
        for method in ("GET", "POST"):
            with case(route, method, "stranger"):
                url = reverse(route.name, kwargs=dict.fromkeys(route.arguments, 1))

                response = knock(stranger, method, url)

                location = response.headers["Location"].partition("?")[0]
                assert (response.status_code, location) == (302, "/account/login/")


def test_token_opens_no_page(world: World, alice: User, stranger: Client, case: Case) -> None:
    secret = token_of(world.team, alice).secret

    for route, method in knocks(TEAM_ROUTES):
        with case(route, method, "script with an Admin's token"):
            response = knock(stranger, method, world.url(route), Authorization=f"Bearer {secret}")

            assert (response.status_code, response.headers["Location"][:15]) == (302, "/account/login/")
