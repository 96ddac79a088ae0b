"""Employee updates for the tests of their pages."""

from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Credential, User
from exports.employee_updates import stored as stored_updates
from exports.models import EmployeeUpdate, Run
from tests.factories import POLICY, make_update
from tests.html import tidy


def make(client: Client, credential: Credential, way: str, **fields: Any) -> Any:
    asked = {"name": "December", "credential": credential.pk, "way": way, **fields}
    return client.post("/t/acme/updates/new/", asked)


def ended(status: str, **fields: Any) -> None:
    """The only run has come to this end."""
    Run.objects.update(status=status, finished_at=timezone.now(), **fields)


def only() -> EmployeeUpdate:
    return EmployeeUpdate.objects.select_related("team", "credential", "profile").get()


def shown(response: Any) -> str:
    assert response.status_code == 200
    return tidy(response.content.decode())


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        shown(client.get(url))
    return len(captured)


def cells() -> list[dict[str, str]]:
    return [dict(row.cells) for row in stored_updates.rows_of(only())]


def person(email: str, number: str, **more: str) -> dict[str, str]:
    return {"email": email, "manager": "boss@acme.example", "employee_id": number, "policy": POLICY} | more


def typed_in(credential: Credential, by: User, *rows: dict[str, str]) -> EmployeeUpdate:
    return make_update(credential, by, rows, "Typed")
