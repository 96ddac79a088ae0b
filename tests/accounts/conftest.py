from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.accounts.audit.receivers import KEY, WebReceiver
from tests.accounts.sign_in.factors import AppClock
from tests.clients import signed_in


@pytest.fixture
def as_user() -> Callable[[User], Client]:
    """A client that is signed in as this person."""
    return signed_in


@pytest.fixture
def app_clock(monkeypatch: pytest.MonkeyPatch) -> AppClock:
    return AppClock(monkeypatch)


@pytest.fixture
def count_queries() -> Callable[[], Any]:
    """`with count_queries() as counted: …`, then len(counted)."""

    @contextmanager
    def count_queries() -> Iterator[CaptureQueriesContext]:
        with CaptureQueriesContext(connection) as counted:
            yield counted

    return count_queries


@pytest.fixture
def web(settings: Any) -> Iterator[WebReceiver]:
    """A server for webhooks on this machine, which AUDIT_ALLOW_PRIVATE allows."""
    settings.AUDIT_WEBHOOK_KEY, settings.AUDIT_ALLOW_PRIVATE = KEY, True
    receiver = WebReceiver()
    yield receiver
    receiver.close()
