from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from django.test import Client

from accounts.models import Team, User
from accounts.permissions import Role
from tests.clients import signed_in
from tests.door.routes import Route
from tests.door.world import Case, World, make_world, rolled_back
from tests.factories import make_member, make_team


@pytest.fixture(scope="module")
def database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """One transaction for a whole module, rolled back at its end: its tests share people and a world."""
    with django_db_blocker.unblock(), rolled_back():
        yield


@pytest.fixture(autouse=True)
def unspoiled(database: None, db: None, redis_client: redis.Redis, settings: Any) -> None:
    """Each test has a transaction of its own, inside the module's, and an empty Redis.

    People sign in once per module. Their sign-in stays fresh on a busy machine, and one of an hour ago is still old.
    """
    settings.FRESH_SIGN_IN_SECONDS = 3000


@pytest.fixture
def case(subtests: pytest.Subtests) -> Case:
    """A sub-test that names route, method and who asks, and undoes what the request changed."""

    @contextmanager
    def case(route: Route, method: str, who: str) -> Iterator[None]:
        with subtests.test(route=route.name, method=method, who=who), rolled_back():
            yield

    return case


# ------------------------------------------------------------ those of tests/conftest.py, once per module


@pytest.fixture(scope="module")
def acme(database: None) -> Team:
    return make_team("Acme")


@pytest.fixture(scope="module")
def umbrella(database: None) -> Team:
    return make_team("Umbrella", "America/New_York")


@pytest.fixture(scope="module")
def alice(acme: Team) -> User:
    return make_member(acme, "Alice", Role.ADMIN)


@pytest.fixture(scope="module")
def bob(acme: Team) -> User:
    return make_member(acme, "Bob", Role.VIEWER)


@pytest.fixture(scope="module")
def charlie(umbrella: Team) -> User:
    return make_member(umbrella, "Charlie", Role.ADMIN)


@pytest.fixture(scope="module")
def world(acme: Team, alice: User) -> World:
    return make_world(acme, alice)


# ------------------------------------------------------------ who asks


@pytest.fixture(scope="module")
def members(world: World) -> dict[Role, User]:
    """A member of Acme in each role."""
    return {role: make_member(world.team, f"Member-{role}", role) for role in Role}


@pytest.fixture(scope="module")
def stranger() -> Client:
    return Client()


@pytest.fixture(scope="module")
def admin(alice: User) -> Client:
    """Alice, signed in."""
    return signed_in(alice)


@pytest.fixture(scope="module")
def outsider(charlie: User) -> Client:
    """Charlie, signed in."""
    return signed_in(charlie)
