"""The pages on which an employee update is prepared: what they take, how they say what is wrong, at what cost."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook

from accounts.models import Credential, Policy, Team, User
from exports import employee_updates, feeds
from exports.employees import Row
from exports.models import EmployeeUpdate, FeedProfile, Run
from tests.exports.conftest import signed_in

POLICY = "0123456789ABCDEF"
CSV = (
    "Work Email,Manager,Personalnummer,Vorname,Shoe size\n"
    "ann@acme.example,boss@acme.example,E-1,Ann,38\n"
    "ben@acme.example,ann@acme.example,E-2,Ben,44\n"
)
# As Expensify's help page shows it: a comma too many, a boolean as text; the missing employeeID added.
HELP_PAGE = """
    {
    "Employees":[
      {
        "employeeEmail": "user@domain.com",
        "managerEmail": "manager@domain.com",
        "employeeID": "12345",
        "policyID": "0123456789ABCDEF",
        "firstName": "Michael",
        "isTerminated": "false",
      }
    ]}
"""


@pytest.fixture(autouse=True)
def opened(acme_open: Team, budget: Any) -> None:
    """Acme is open to the test, and the queue is empty."""


@pytest.fixture
def policy(credential: Credential) -> Policy:
    return Policy.objects.create(
        team=credential.team, credential=credential, policy_id=POLICY, name="Headquarters"
    )


@pytest.fixture
def as_erin(erin: User, policy: Policy) -> Client:
    """Erin, an Editor, where a credential reaches a policy."""
    return signed_in(erin)


def upload(text: str | bytes, name: str = "people.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)


def make(client: Client, credential: Credential, way: str, **fields: Any) -> Any:
    asked = {"name": "December", "credential": credential.pk, "way": way, **fields}
    return client.post("/t/acme/updates/new/", asked)


def only() -> EmployeeUpdate:
    return EmployeeUpdate.objects.select_related("team", "credential", "profile").get()


def shown(response: Any) -> str:
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def cells() -> list[dict[str, str]]:
    return [dict(row.cells) for row in feeds.rows_of(only())]


def person(email: str, number: str, **more: str) -> dict[str, str]:
    return {"email": email, "manager": "boss@acme.example", "employee_id": number, "policy": POLICY} | more


def typed_in(credential: Credential, by: User, *rows: dict[str, str]) -> EmployeeUpdate:
    content = [Row(number, each) for number, each in enumerate(rows, start=1)]
    return employee_updates.prepare(credential, "Typed", by=by, content=content)


# ------------------------------------------------------------ from nothing to rows


def test_uploaded_file_becomes_rows_by_way_of_its_columns(as_erin: Client, credential: Credential) -> None:
    response = make(as_erin, credential, "file", file=upload(CSV))
    columns = f"/t/acme/updates/{only().pk}/columns/"
    assert response.headers["Location"] == columns
    assert "Shoe size" in shown(as_erin.get(columns))

    chosen = {"column_0": "email", "column_1": "manager", "column_2": "employee_id", "column_3": "first_name"}
    response = as_erin.post(columns, {**chosen, "policy": POLICY})

    assert response.headers["Location"] == f"/t/acme/updates/{only().pk}/rows/"
    assert cells() == [
        person("ann@acme.example", "E-1", first_name="Ann"),
        person("ben@acme.example", "E-2", first_name="Ben", manager="ann@acme.example"),
    ]


def test_cell_is_changed_a_row_added_and_another_taken_out(
    as_erin: Client, credential: Credential, erin: User
) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"), person("ben@acme.example", "E-2"))

    as_erin.post(
        f"/t/acme/updates/{update.pk}/rows/change/",
        {
            "revision": "0",
            "cell-1-email": "anna@acme.example",
            "cell-1-manager": "boss@acme.example",
            "remove-2": "on",
            "new-1-email": "cem@acme.example",
            "new-2-email": "",
        },
    )

    assert cells() == [person("anna@acme.example", "E-1"), {"email": "cem@acme.example"}]


def test_settings_are_saved(as_erin: Client, credential: Credential, erin: User) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"))

    as_erin.post(
        f"/t/acme/updates/{update.pk}/settings/",
        {"name": "New name", "set_primary_policy": "new_employees", "recipients": "hr@acme.example"},
    )

    update = only()
    settings = feeds.settings_of(update)
    assert (update.name, settings.set_primary_policy, settings.recipients, settings.fix_approval_chains) == (
        "New name",
        "new_employees",
        ("hr@acme.example",),
        False,
    )


def test_list_names_update_and_stage(as_erin: Client, credential: Credential, erin: User) -> None:
    typed_in(credential, erin, person("ann@acme.example", ""))

    page = shown(as_erin.get("/t/acme/updates/"))

    assert ["Typed" in page, "Has errors" in page, "Erin" in page] == [True, True, True]
