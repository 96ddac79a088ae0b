"""The pages of an employee update from its checked rows to its receipt: what they say, to whom, and what they do."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit import Action
from accounts.models import AuditEntry, Credential, Membership, Team, User
from expensify.budget import Limits
from exports import dispatch, employee_updates, worker
from exports.models import EmployeeUpdate, Run
from sandbox import Choices, Fault, Sandbox
from tests.exports.conftest import signed_in
from tests.people import applied, approved, fresh, person, prepare, reach, submitted, tried, work_off

Stage = EmployeeUpdate.Stage


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Sandbox]:
    server = Sandbox(choices=Choices(limits=()))
    with server.serve() as served:
        settings.EXPENSIFY_URL = served.url
        yield server


@pytest.fixture(autouse=True)
def opened(acme_open: Team, settings: Any, redis_client: Any) -> Iterator[None]:
    """Acme is open to the test, and the call budget is larger than what a test needs."""
    settings.EXPENSIFY_LIMITS = Limits.parse("500/1s,2000/6s")
    settings.EXPENSIFY_ANSWER_SECONDS, settings.RETRY_SECONDS, settings.CALL_ATTEMPTS = 3, 0, 2
    dispatch.budget.cache_clear()
    dispatch.budget().introduce(fresh=True)
    yield
    dispatch.budget.cache_clear()
    worker.http().close()
    worker.http.cache_clear()


@pytest.fixture
def policy(sandbox: Sandbox, credential: Credential) -> str:
    return reach(sandbox, credential)


@pytest.fixture
def dora(acme: Team, erin: User) -> Membership:
    """A second Admin: Erin, with another role."""
    membership = acme.memberships.get(user=erin)
    membership.role = "admin"
    membership.save(update_fields=["role"])
    return membership


@pytest.fixture
def joiner(credential: Credential, alice: User, policy: str) -> EmployeeUpdate:
    return prepare(
        credential, alice, [person(policy, "nina.new@acme.example", "N-1001", first_name="Nina")], "Joiner"
    )


@pytest.fixture
def as_alice(alice: User) -> Client:
    return signed_in(alice)


def url(update: EmployeeUpdate, page: str = "") -> str:
    return f"/t/acme/updates/{update.pk}/{page}"


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def post(client: Client, update: EmployeeUpdate, act: str, **given: Any) -> str:
    """Press a button; what the page says then."""
    response = client.post(url(update, f"{act}/"), given, follow=True)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_update_goes_through_its_pages_from_warnings_to_receipt(
    as_alice: Client, joiner: EmployeeUpdate, dora: Membership, erin: User, sandbox: Sandbox, policy: str
) -> None:
    as_erin = signed_in(erin)
    given = {"content_hash": joiner.content_hash}
    if joiner.warning_count:
        post(as_alice, joiner, "accept", **given)
    post(as_alice, joiner, "try")
    work_off(joiner.runs.get(purpose="dry_run"))
    post(as_alice, joiner, "submit", **given)
    assert "Approve exactly this" not in text(as_alice, url(joiner))
    assert "Approve exactly this" in text(as_erin, url(joiner))
    post(as_erin, joiner, "approve", **given)
    post(as_alice, joiner, "apply", **given)
    work_off(joiner.runs.get(purpose="apply"))

    page = text(as_alice, url(joiner, "receipt/"))

    assert fresh(joiner).stage == Stage.APPLIED
    assert "nina.new@acme.example" in sandbox.company.policies[policy].members
    assert f"Added to {sandbox.company.policies[policy].name}." in page
