"""Fixtures of the tests of pages: a team whose data are open, a policy, and somebody who is signed in."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import Policy, User
from exports.models import Result, Run, SavedExport
from sandbox.app import Sandbox
from tests.clients import signed_in
from tests.factories import make_result, make_run
from tests.waiting import PATIENCE
from tests.work import working_thread


@pytest.fixture
def as_erin(erin: User, policy: Policy) -> Client:
    """Erin, an Editor, where a credential reaches a policy."""
    return signed_in(erin)


@pytest.fixture
def at_work(budget: Any, sandbox: Sandbox, settings: Any) -> Iterator[Sandbox]:
    """Somebody takes turns for every run that rests, as beat and a worker would."""
    settings.RETRY_SECONDS, settings.CALL_ATTEMPTS, settings.EXPENSIFY_ANSWER_SECONDS = 0, 2, PATIENCE
    with working_thread():
        yield sandbox


@pytest.fixture
def result(export: SavedExport) -> Result:
    """A file that a run of the export left."""
    run = make_run(export, status=Run.Status.SUCCEEDED, remote_file="a.csv")
    return make_result(run, b"a,b\n1,2\n\n", "expenses.csv")
