from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User


@pytest.fixture
def as_user() -> Callable[[User], Client]:
    """A browser in which this person is signed in."""

    def as_user(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return as_user


@pytest.fixture
def count_queries() -> Callable[[], Any]:
    """`with count_queries() as counted: …`, then len(counted)."""

    @contextmanager
    def count_queries() -> Iterator[CaptureQueriesContext]:
        with CaptureQueriesContext(connection) as counted:
            yield counted

    return count_queries
