"""Every route is known to the walk, and has a door."""

import pytest

from accounts import tokens
from tests.door.routes import API_ROUTES, API_ROUTES_BY_NAME, FRESH, OUTSIDE, ROUTES, TEAM_ROUTES, WITHOUT_A_TEAM
from tests.door.world import World


def test_every_team_route_is_in_the_table() -> None:
    assert {route.name for route in TEAM_ROUTES} == set(ROUTES)


def test_every_route_for_scripts_is_in_the_table() -> None:
    assert {route.name for route in API_ROUTES} == set(API_ROUTES_BY_NAME)


def test_every_other_route_is_listed_as_outside_of_the_teams() -> None:
    assert {route.name for route in OUTSIDE} - WITHOUT_A_TEAM == set()


def test_every_team_route_has_a_door_that_asks_for_the_right_permission(subtests: pytest.Subtests) -> None:
    for route in [*TEAM_ROUTES, *API_ROUTES]:
        with subtests.test(route=route.name):
            assert route.view.door is (ROUTES | API_ROUTES_BY_NAME)[route.name][0]  # type: ignore[attr-defined]


def test_every_team_route_names_its_team(subtests: pytest.Subtests) -> None:
    for routes, prefix in ((TEAM_ROUTES, "t/<slug:team>/"), (API_ROUTES, "api/t/<slug:team>/")):
        for route in routes:
            with subtests.test(route=route.name):
                assert (route.path.startswith(prefix), route.arguments[0]) == (True, "team")


def test_every_url_argument_is_in_the_world(world: World, subtests: pytest.Subtests) -> None:
    for route in [*TEAM_ROUTES, *API_ROUTES]:
        with subtests.test(route=route.name):
            assert route.objects <= set(world.objects)


def test_changes_to_credentials_people_and_settings_ask_for_a_fresh_sign_in() -> None:
    assert {route.name for route in TEAM_ROUTES if route.view.fresh} == FRESH  # type: ignore[attr-defined]


def test_tokens_are_given_exactly_what_scripts_can_ask_for() -> None:
    assert {permission for permission, _ in API_ROUTES_BY_NAME.values()} == set(tokens.FOR_SCRIPTS)
