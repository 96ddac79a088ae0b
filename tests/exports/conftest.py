"""Fixtures of the tests of pages: a team whose data are open, a policy, and somebody who is signed in."""

from typing import Any

import pytest
from django.test import Client
from django_scopes import scope

from accounts.models import Credential, Policy, Team, User
from tests.clients import signed_in
from tests.exports.employee_updates.updates import POLICY
from tests.factories import make_policy


@pytest.fixture
def acme_open(acme: Team) -> Any:
    """Acme's data can be read in the test itself."""
    with scope(team=acme):
        yield acme


@pytest.fixture
def policy(credential: Credential) -> Policy:
    """A policy that the credential reaches."""
    return make_policy(credential, POLICY)


@pytest.fixture
def as_erin(erin: User, policy: Policy) -> Client:
    """Erin, an Editor, where a credential reaches a policy."""
    return signed_in(erin)
