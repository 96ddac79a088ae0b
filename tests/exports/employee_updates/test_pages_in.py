"""The ways into an employee update and the names of its columns: what they take, and how they refuse."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook

from accounts.models import Credential, Team, User
from exports.employee_updates import stored as stored_updates
from exports.models import EmployeeUpdate, FeedProfile, Run
from exports.results import retention
from tests.exports.employee_updates.updates import cells, ended, make, only, person, shown
from tests.factories import POLICY

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


def upload(text: str | bytes, name: str = "people.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)


# ------------------------------------------------------------ from nothing to rows


def test_uploaded_file_becomes_rows_after_mapping(as_erin: Client, credential: Credential) -> None:
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


# ------------------------------------------------------------ the ways in


def test_help_pages_own_json_is_understood_repaired_and_explained(as_erin: Client, credential: Credential) -> None:
    response = make(as_erin, credential, "paste", pasted=HELP_PAGE)

    assert response.headers["Location"] == f"/t/acme/updates/{only().pk}/rows/"
    assert cells() == [
        {
            "email": "user@domain.com",
            "manager": "manager@domain.com",
            "employee_id": "12345",
            "policy": POLICY,
            "first_name": "Michael",
            "is_terminated": "false",
        }
    ]
    page = shown(as_erin.get(response.headers["Location"]))
    assert "Line 10, column 32: the comma after the last value was taken out." in page
    assert "the text “false” was read as no, and is sent as a boolean" in page


def test_cells_of_a_spreadsheet_are_pasted(as_erin: Client, credential: Credential) -> None:
    make(as_erin, credential, "paste", pasted="Email\tManager\nann@acme.example\tboss@acme.example\n")

    sheet = stored_updates.sheet_of(only())
    assert (sheet.headings, len(sheet.lines)) == (("Email", "Manager"), 1)


def test_workbook_is_uploaded(as_erin: Client, credential: Credential) -> None:
    book, file = Workbook(), io.BytesIO()
    book.active.append(["Email", "Employee ID"])
    book.active.append(["ann@acme.example", "007"])
    book.save(file)

    make(as_erin, credential, "file", file=upload(file.getvalue(), "people.xlsx"))

    assert stored_updates.sheet_of(only()).lines[0].cells == ("ann@acme.example", "007")


def test_rows_are_typed_into_an_empty_table(as_erin: Client, credential: Credential) -> None:
    response = make(as_erin, credential, "grid")

    page = shown(as_erin.get(response.headers["Location"]))
    assert (page.count('name="new-5-email"'), page.count('name="new-6-email"')) == (1, 0)


def test_members_of_a_policy_are_read(as_erin: Client, credential: Credential) -> None:
    response = make(as_erin, credential, "members", policy=POLICY)

    run = Run.objects.get()
    assert (run.kind, run.job["policies"]) == (Run.Kind.MEMBERS, [POLICY])
    assert "The members are being read at Expensify." in shown(as_erin.get(response.headers["Location"]))


def test_failed_read_of_members_can_be_repeated(as_erin: Client, credential: Credential) -> None:
    rows = make(as_erin, credential, "members", policy=POLICY).headers["Location"]
    ended(Run.Status.FAILED, error="Expensify did not answer.")
    assert "The members could not be read. Expensify did not answer." in shown(as_erin.get(rows))

    as_erin.post(f"{rows}read/")

    assert [run.job["policies"] for run in Run.objects.all()] == [[POLICY], [POLICY]]


def test_feed_on_another_server_is_kept_and_its_secrets_are_not_shown(as_erin: Client, credential: Credential) -> None:
    where = "https://hr.example/feed?key=canary-in-address"
    response = make(as_erin, credential, "url", feed_url=where, feed_user="portal", feed_password="canary-password")

    feed = stored_updates.feed_of(only())
    assert (feed.url, feed.user, feed.password) == (where, "portal", "canary-password")
    assert response.headers["Location"] == f"/t/acme/updates/{only().pk}/"
    pages = [as_erin.get(f"/t/acme/updates/{only().pk}/{page}").content for page in ("", "rows/", "settings/")]
    assert [b"canary" in page for page in pages] == [False, False, False]


def test_secrets_of_a_refused_form_are_not_shown_again(as_erin: Client, credential: Credential) -> None:
    page = shown(
        make(
            as_erin,
            credential,
            "sftp",
            name="",
            sftp_host="files.example",
            sftp_login="portal",
            sftp_password="canary",
            sftp_file="people.json",
            feed_url="https://canary.example",
        )
    )

    assert ("Give the update a name." in page, "canary" in page) == (True, False)


@pytest.mark.parametrize(
    ("way", "fields", "sentence"),
    [
        ("file", {}, "Choose the file from your HR system."),
        ("file", {"file": upload(b"%PDF-1.7")}, "This is a PDF."),
        ("file", {"file": upload(b"\0" * (20 * 1024**2 + 1))}, "This file has more than 20 MB."),
        ("paste", {"pasted": "<html>"}, "This is a web page or XML, whatever its name says."),
        ("paste", {"pasted": '{"Employees": [{"employeeEmail": "a@b'}, "is not closed on the same line"),
        ("members", {"policy": "NOT-A-POLICY"}, "not one of the available choices"),
        ("url", {"feed_url": "http://hr.example/feed"}, "Give the user name for this address."),
        (
            "url",
            {"feed_url": "http://hr.example/", "feed_user": "a", "feed_password": "b"},
            "Give an address that begins with https:// and names a host, such as",
        ),
    ],
)
def test_unreadable_input_is_refused_at_its_field(
    way: str, fields: dict[str, Any], sentence: str, as_erin: Client, credential: Credential
) -> None:
    for file in fields.values():
        getattr(file, "seek", lambda _: None)(0)

    page = shown(make(as_erin, credential, way, **fields))

    assert (sentence in page, EmployeeUpdate.objects.count()) == (True, 0)


def test_enormous_upload_is_refused_before_it_is_read(as_erin: Client, credential: Credential) -> None:
    response = as_erin.post(
        "/t/acme/updates/new/", b"--x--", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=str(10**12)
    )

    assert (response.status_code, "More was sent than the portal takes" in response.content.decode()) == (400, True)


# ------------------------------------------------------------ columns


def choose(client: Client, *fields: str, **more: str) -> Any:
    columns = {f"column_{number}": field for number, field in enumerate(fields)}
    return client.post(f"/t/acme/updates/{only().pk}/columns/", {**columns, **more})


def test_field_comes_from_one_column(as_erin: Client, credential: Credential) -> None:
    make(as_erin, credential, "file", file=upload(CSV))

    page = shown(choose(as_erin, "email", "email", policy=POLICY))

    assert "“Work Email” is the E-mail already. A field comes from one column." in page
    assert stored_updates.sheet_of(only()) is not None


def test_required_field_without_a_column_needs_confirmation(as_erin: Client, credential: Credential) -> None:
    make(as_erin, credential, "file", file=upload(CSV))

    page = shown(choose(as_erin, "email", "manager", "", policy=POLICY))
    assert "No column is chosen for Employee ID, which Expensify needs of everybody." in page
    choose(as_erin, "email", "manager", "", policy=POLICY, fill_later="on")

    assert (only().row_count, only().error_count) == (2, 2)


def test_remembered_columns_are_used_for_the_next_file(as_erin: Client, credential: Credential) -> None:
    make(as_erin, credential, "file", file=upload(CSV))
    choose(as_erin, "email", "manager", "employee_id", "first_name", policy=POLICY, profile_name="HR")
    first = only()
    moved = "Personalnummer,Vorname,Work Email,Manager\nE-3,Cem,cem@acme.example,boss@acme.example\n"

    response = make(as_erin, credential, "file", file=upload(moved), profile=FeedProfile.objects.get(name="HR").pk)

    second = EmployeeUpdate.objects.exclude(pk=first.pk).get()
    assert response.headers["Location"] == f"/t/acme/updates/{second.pk}/rows/"
    assert [dict(row.cells) for row in stored_updates.rows_of(second)] == [
        person("cem@acme.example", "E-3", first_name="Cem")
    ]
    assert "The columns stand in another order than last time" in shown(as_erin.get(response.headers["Location"]))


def test_remembered_columns_that_no_longer_fit_are_shown_for_review(as_erin: Client, credential: Credential) -> None:
    make(as_erin, credential, "file", file=upload(CSV))
    choose(as_erin, "email", "manager", "employee_id", policy=POLICY, profile_name="HR")
    EmployeeUpdate.objects.update(discarded_at="2026-01-01T00:00Z")
    renamed = CSV.replace("Personalnummer", "Staff ID")

    response = make(as_erin, credential, "file", file=upload(renamed), profile=FeedProfile.objects.get().pk)

    page = shown(as_erin.get(response.headers["Location"]))
    assert response.headers["Location"].endswith("/columns/")
    assert "The file no longer has “Personalnummer” (“Employee ID”)." in page
    assert '<option value="employee_id" selected>' in page


def test_columns_page_of_a_deleted_update_redirects(as_erin: Client, credential: Credential, erin: User) -> None:
    make(as_erin, credential, "file", file=upload(CSV))
    retention.wipe(only(), by=erin)

    response = as_erin.get(f"/t/acme/updates/{only().pk}/columns/", follow=True)

    assert "The rows were wiped" in shown(response)
