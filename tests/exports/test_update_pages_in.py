"""The pages on which an employee update is prepared: what they take, how they say what is wrong, at what cost."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import Workbook

from accounts.models import Credential, Policy, Team, User
from exports import employee_updates, feeds, keeping
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


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        shown(client.get(url))
    return len(captured)


def ended(status: str, **fields: Any) -> None:
    """The only run has come to this end."""
    Run.objects.update(status=status, finished_at=timezone.now(), **fields)


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


# ------------------------------------------------------------ the ways in


def test_help_pages_own_json_is_understood_repaired_and_explained(
    as_erin: Client, credential: Credential
) -> None:
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

    sheet = feeds.sheet_of(only())
    assert (sheet.headings, len(sheet.lines)) == (("Email", "Manager"), 1)


def test_workbook_is_uploaded(as_erin: Client, credential: Credential) -> None:
    book, file = Workbook(), io.BytesIO()
    book.active.append(["Email", "Employee ID"])
    book.active.append(["ann@acme.example", "007"])
    book.save(file)

    make(as_erin, credential, "file", file=upload(file.getvalue(), "people.xlsx"))

    assert feeds.sheet_of(only()).lines[0].cells == ("ann@acme.example", "007")


def test_rows_are_typed_into_an_empty_table(as_erin: Client, credential: Credential) -> None:
    response = make(as_erin, credential, "grid")

    page = shown(as_erin.get(response.headers["Location"]))
    assert (page.count('name="new-5-email"'), page.count('name="new-6-email"')) == (1, 0)


def test_members_of_a_policy_are_asked_for(as_erin: Client, credential: Credential) -> None:
    response = make(as_erin, credential, "members", policy=POLICY)

    run = Run.objects.get()
    assert (run.purpose, run.job["policies"]) == (Run.Purpose.MEMBERS, [POLICY])
    assert "The members are being read at Expensify." in shown(as_erin.get(response.headers["Location"]))


def test_failed_reading_can_be_asked_for_again(as_erin: Client, credential: Credential) -> None:
    rows = make(as_erin, credential, "members", policy=POLICY).headers["Location"]
    ended(Run.Status.FAILED, error="Expensify did not answer.")
    assert "The members could not be read. Expensify did not answer." in shown(as_erin.get(rows))

    as_erin.post(f"{rows}read/")

    assert [run.job["policies"] for run in Run.objects.all()] == [[POLICY], [POLICY]]


def test_feed_on_another_server_is_kept_and_its_secrets_are_not_shown(
    as_erin: Client, credential: Credential
) -> None:
    where = "https://hr.example/feed?key=canary-in-address"
    response = make(
        as_erin, credential, "url", feed_url=where, feed_user="portal", feed_password="canary-password"
    )

    feed = feeds.feed_of(only())
    assert (feed.url, feed.user, feed.password) == (where, "portal", "canary-password")
    assert response.headers["Location"] == f"/t/acme/updates/{only().pk}/"
    pages = [
        as_erin.get(f"/t/acme/updates/{only().pk}/{page}").content for page in ("", "rows/", "settings/")
    ]
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
            "Give an address that begins with https:// and names a host.",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_field(
    way: str, fields: dict[str, Any], sentence: str, as_erin: Client, credential: Credential
) -> None:
    for file in fields.values():
        getattr(file, "seek", lambda _: None)(0)

    page = shown(make(as_erin, credential, way, **fields))

    assert (sentence in page, EmployeeUpdate.objects.count()) == (True, 0)


def test_enormous_upload_is_refused_before_it_is_read(as_erin: Client, credential: Credential) -> None:
    response = as_erin.post(
        "/t/acme/updates/new/",
        b"--x--",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(10**12),
    )

    assert (response.status_code, "More was sent than the portal takes" in response.content.decode()) == (
        400,
        True,
    )


# ------------------------------------------------------------ columns


def choose(client: Client, *fields: str, **more: str) -> Any:
    columns = {f"column_{number}": field for number, field in enumerate(fields)}
    return client.post(f"/t/acme/updates/{only().pk}/columns/", {**columns, **more})


def test_field_comes_from_one_column(as_erin: Client, credential: Credential) -> None:
    make(as_erin, credential, "file", file=upload(CSV))

    page = shown(choose(as_erin, "email", "email", policy=POLICY))

    assert "“Work Email” is the E-mail already. A field comes from one column." in page
    assert feeds.sheet_of(only()) is not None


def test_required_field_without_a_column_needs_a_word(as_erin: Client, credential: Credential) -> None:
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

    response = make(
        as_erin, credential, "file", file=upload(moved), profile=FeedProfile.objects.get(name="HR").pk
    )

    second = EmployeeUpdate.objects.exclude(pk=first.pk).get()
    assert response.headers["Location"] == f"/t/acme/updates/{second.pk}/rows/"
    assert [dict(row.cells) for row in feeds.rows_of(second)] == [
        person("cem@acme.example", "E-3", first_name="Cem")
    ]
    assert "The columns stand in another order than last time" in shown(
        as_erin.get(response.headers["Location"])
    )


def test_remembered_columns_that_no_longer_fit_are_looked_at(as_erin: Client, credential: Credential) -> None:
    make(as_erin, credential, "file", file=upload(CSV))
    choose(as_erin, "email", "manager", "employee_id", policy=POLICY, profile_name="HR")
    EmployeeUpdate.objects.update(discarded_at="2026-01-01T00:00Z")
    renamed = CSV.replace("Personalnummer", "Staff ID")

    response = make(as_erin, credential, "file", file=upload(renamed), profile=FeedProfile.objects.get().pk)

    page = shown(as_erin.get(response.headers["Location"]))
    assert response.headers["Location"].endswith("/columns/")
    assert "The file no longer has “Personalnummer” (“Employee ID”)." in page
    assert '<option value="employee_id" selected>' in page


# ------------------------------------------------------------ rows


def test_findings_stand_at_their_cells(as_erin: Client, credential: Credential, erin: User) -> None:
    update = typed_in(credential, erin, person("no address", "1.2E+10"))

    page = shown(as_erin.get(f"/t/acme/updates/{update.pk}/rows/"))

    cell = page.split('id="about-cell-1-email"')[1].split("</ul>")[0]
    assert "“no address” is no e-mail address." in cell
    assert "and digits are lost" in page.split('id="about-cell-1-employee_id"')[1].split("</ul>")[0]


def test_only_rows_with_errors_are_shown(as_erin: Client, credential: Credential, erin: User) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"), person("ben@acme.example", ""))

    page = shown(as_erin.get(f"/t/acme/updates/{update.pk}/rows/?show=errors"))

    assert ["ann@acme.example" in page, "ben@acme.example" in page] == [False, True]


def test_rows_are_found_by_their_cells(as_erin: Client, credential: Credential, erin: User) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"), person("ben@acme.example", "E-2"))

    page = shown(as_erin.get(f"/t/acme/updates/{update.pk}/rows/?find=BEN"))

    assert ["cell-1-email" in page, "cell-2-email" in page] == [False, True]


def test_table_shows_columns_in_use_and_those_asked_for(
    as_erin: Client, credential: Credential, erin: User
) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"))
    url = f"/t/acme/updates/{update.pk}/rows/"

    pages = [shown(as_erin.get(url)), shown(as_erin.get(f"{url}?column=role"))]

    assert [("cell-1-role" in page, "cell-1-email" in page) for page in pages] == [
        (False, True),
        (True, True),
    ]


def test_fifty_rows_a_page(as_erin: Client, credential: Credential, erin: User) -> None:
    rows = [person(f"person{number}@acme.example", f"E-{number}") for number in range(1, 121)]
    update = typed_in(credential, erin, *rows)

    page = shown(as_erin.get(f"/t/acme/updates/{update.pk}/rows/?page=3"))

    assert ["cell-100-email" in page, "cell-101-email" in page, "101–120 of 120" in page] == [
        False,
        True,
        True,
    ]


def test_rows_cost_as_many_queries_as_one(as_erin: Client, credential: Credential, erin: User) -> None:
    one = typed_in(credential, erin, person("ann@acme.example", "E-1"))
    many = typed_in(
        credential, erin, *(person(f"p{number}@acme.example", f"E-{number}") for number in range(30))
    )

    assert queries(as_erin, f"/t/acme/updates/{many.pk}/rows/") == queries(
        as_erin, f"/t/acme/updates/{one.pk}/rows/"
    )


def test_list_costs_the_same_with_one_and_with_three(
    as_erin: Client, credential: Credential, erin: User
) -> None:
    typed_in(credential, erin, person("ann@acme.example", "E-1"))
    with_one = queries(as_erin, "/t/acme/updates/")
    for number in (2, 3):
        typed_in(credential, erin, person("ann@acme.example", f"E-{number}"))

    assert queries(as_erin, "/t/acme/updates/") == with_one


@pytest.mark.parametrize("stage", ["preparing", "waiting", "approved", "sent", "applied", "unconfirmed"])
def test_list_can_be_filtered_by_stage(
    stage: str, as_erin: Client, credential: Credential, erin: User
) -> None:
    typed_in(credential, erin, person("ann@acme.example", "E-1"))

    page = shown(as_erin.get(f"/t/acme/updates/?stage={stage}"))

    assert ("Typed" in page, "No update is at this stage" in page) == (
        stage == "preparing",
        stage != "preparing",
    )


def test_discarded_update_is_listed_as_such(as_erin: Client, credential: Credential, erin: User) -> None:
    employee_updates.discard(typed_in(credential, erin, person("ann@acme.example", "E-1")), by=erin)

    pages = [shown(as_erin.get(f"/t/acme/updates/?stage={stage}")) for stage in ("discarded", "preparing")]

    assert ["Typed" in page for page in pages] == [True, False]


def test_change_of_rows_that_somebody_else_changed_is_shown_and_not_saved(
    as_erin: Client, credential: Credential, erin: User, alice: User
) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"))
    employee_updates.change_rows(update, by=alice, changed={1: {"employee_id": "E-9"}})

    page = shown(
        as_erin.post(
            f"/t/acme/updates/{update.pk}/rows/change/",
            {"revision": "0", "cell-1-email": "anna@acme.example"},
        )
    )

    assert "Somebody changed this update since you opened the page" in page
    assert ('value="anna@acme.example"' in page, 'name="revision" value="1"' in page) == (True, True)
    assert cells() == [person("ann@acme.example", "E-9")]


def test_page_that_is_saved_unchanged_changes_nothing(
    as_erin: Client, credential: Credential, erin: User
) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1", default_tags="Sales\nWien"))

    # As a browser sends an input of one line.
    as_erin.post(
        f"/t/acme/updates/{update.pk}/rows/change/", {"revision": "0", "cell-1-default_tags": "SalesWien"}
    )

    assert (only().revision, cells()[0]["default_tags"]) == (0, "Sales\nWien")


def test_rows_are_pasted_by_their_headings(as_erin: Client, credential: Credential, erin: User) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"))

    as_erin.post(
        f"/t/acme/updates/{update.pk}/rows/paste/",
        {"pasted": "Vorname\tE-Mail\tShoe size\nBen\tben@acme.example\t44\n"},
    )

    assert cells()[1] == {"email": "ben@acme.example", "first_name": "Ben"}
    assert "Left out: the column “Shoe size”." in shown(as_erin.get(f"/t/acme/updates/{update.pk}/rows/"))


def test_rows_without_headings_are_pasted_in_the_order_of_the_table(
    as_erin: Client, credential: Credential, erin: User
) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"))

    as_erin.post(
        f"/t/acme/updates/{update.pk}/rows/paste/?column=role",
        {"pasted": f"ben@acme.example\tboss@acme.example\tE-2\t{POLICY}\tadmin\n"},
    )

    assert cells()[1] == person("ben@acme.example", "E-2", role="admin")


@pytest.mark.parametrize(
    ("pasted", "sentence"),
    [
        ("", "Nothing was pasted."),
        ("Shoe size\tColour\n38\tred\n", "None of the pasted headings is understood."),
        ("\t".join(["a@acme.example"] * 9), "The pasted rows have 9 columns, and the table has 4."),
    ],
)
def test_pasted_text_that_makes_no_rows_is_shown_again(
    pasted: str, sentence: str, as_erin: Client, credential: Credential, erin: User
) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"))

    page = shown(as_erin.post(f"/t/acme/updates/{update.pk}/rows/paste/", {"pasted": pasted}))

    assert (sentence in page, only().row_count) == (True, 1)


def test_formula_in_a_cell_is_shown_as_text(as_erin: Client, credential: Credential, erin: User) -> None:
    update = typed_in(
        credential,
        erin,
        person("ann@acme.example", "E-1", first_name='=HYPERLINK("x")<script>alert(1)</script>'),
    )

    page = shown(as_erin.get(f"/t/acme/updates/{update.pk}/rows/"))

    assert ("<script>alert(1)" in page, "is a formula, written as text" in page) == (False, True)


def test_closed_update_can_be_read_and_no_longer_changed(
    as_erin: Client, credential: Credential, erin: User
) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"))
    employee_updates.discard(update, by=erin)

    page = shown(as_erin.get(f"/t/acme/updates/{update.pk}/rows/"))
    as_erin.post(f"/t/acme/updates/{update.pk}/rows/change/", {"cell-1-email": "anna@acme.example"})

    assert ("ann@acme.example" in page, 'name="cell-1-email"' in page) == (True, False)
    assert cells() == [person("ann@acme.example", "E-1")]


def test_auditor_reads_the_rows_and_changes_none(audrey: User, credential: Credential, erin: User) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"))

    page = shown(signed_in(audrey).get(f"/t/acme/updates/{update.pk}/rows/"))

    assert ("ann@acme.example" in page, "<input" in page.split("<table")[1].split("</table>")[0]) == (
        True,
        False,
    )


# ------------------------------------------------------------ from the members


MEMBERS = [
    {"email": "boss@acme.example", "submitsTo": "boss@acme.example", "employeeID": "E-0", "role": "admin"},
    {"email": "ann@acme.example", "submitsTo": "boss@acme.example", "employeeID": "E-1", "role": "user"},
    {"email": "ben@acme.example", "submitsTo": "boss@acme.example", "employeeID": "E-2", "role": "user"},
    {"email": "cem@acme.example", "submitsTo": "boss@acme.example", "role": "user"},
]


@pytest.fixture
def with_members(credential: Credential, erin: User, policy: Policy) -> EmployeeUpdate:
    """An update without rows whose policy's members were read."""
    update = typed_in(credential, erin)
    update.before = {POLICY: MEMBERS}
    update.save()
    return EmployeeUpdate.objects.select_related("team", "credential").get(pk=update.pk)


def test_members_are_taken_for_rows_edited_and_only_the_changed_are_kept(
    as_erin: Client, with_members: EmployeeUpdate
) -> None:
    rows = f"/t/acme/updates/{with_members.pk}/rows/"
    assert "4 members are there" in shown(as_erin.get(rows))

    as_erin.post(f"{rows}members/")
    assert (only().row_count, only().error_count) == (4, 1)
    as_erin.post(
        f"{rows}change/", {"cell-2-manager": "boss@acme.example", "cell-3-manager": "ann@acme.example"}
    )
    assert "3 of 4 rows are as the policy has them already" in shown(as_erin.get(rows))
    as_erin.post(f"{rows}keep/")

    assert cells() == [person("ben@acme.example", "E-2", manager="ann@acme.example", role="user")]
    assert only().error_count == 0


def test_members_are_not_put_among_rows_that_are_there(as_erin: Client, with_members: EmployeeUpdate) -> None:
    rows = f"/t/acme/updates/{with_members.pk}/rows/"
    as_erin.post(f"{rows}members/")

    as_erin.post(f"{rows}members/")

    assert only().row_count == 4


def test_nothing_is_left_out_when_nothing_would_stay(as_erin: Client, with_members: EmployeeUpdate) -> None:
    rows = f"/t/acme/updates/{with_members.pk}/rows/"
    as_erin.post(f"{rows}members/")

    as_erin.post(f"{rows}keep/")

    assert only().row_count == 4


def test_rows_page_waits_for_the_members(as_erin: Client, credential: Credential) -> None:
    rows = make(as_erin, credential, "members", policy=POLICY).headers["Location"]

    while_reading = as_erin.get(f"{rows}waiting/")
    ended(Run.Status.SUCCEEDED)
    then = as_erin.get(f"{rows}waiting/")

    assert (while_reading.status_code, then.status_code, then.headers["HX-Refresh"]) == (204, 286, "true")


# ------------------------------------------------------------ settings


def test_settings_that_contradict_each_other_are_refused(
    as_erin: Client, credential: Credential, erin: User
) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"))

    page = shown(
        as_erin.post(
            f"/t/acme/updates/{update.pk}/settings/",
            {
                "name": "New",
                "set_primary_policy": "none",
                "fix_first_level_managers_only": "on",
                "recipients": "nobody",
            },
        )
    )

    assert "“nobody” is no e-mail address." in page
    assert "This narrows the setting above it." in page
    assert only().name == "Typed"


def test_wiped_update_whose_columns_were_never_named_has_an_end(
    as_erin: Client, credential: Credential, erin: User
) -> None:
    make(as_erin, credential, "file", file=upload(CSV))
    keeping.wipe(only(), by=erin)

    response = as_erin.get(f"/t/acme/updates/{only().pk}/columns/", follow=True)

    assert "The rows were wiped" in shown(response)


def test_update_of_another_team_cannot_be_used_by_its_number(
    charlie: User, credential: Credential, erin: User, umbrella: Team
) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"))
    client = signed_in(charlie)

    tries = [
        client.post(f"/t/umbrella/updates/{update.pk}/rows/change/", {"cell-1-email": "x@acme.example"}),
        client.post(f"/t/umbrella/updates/{update.pk}/rows/paste/", {"pasted": "Email\nx@acme.example\n"}),
        client.post(
            "/t/umbrella/updates/new/", {"name": "Theirs", "credential": credential.pk, "way": "grid"}
        ),
    ]

    assert [response.status_code for response in tries] == [404, 404, 200]
    assert (EmployeeUpdate.objects.count(), cells()) == (1, [person("ann@acme.example", "E-1")])


def test_whom_somebody_looks_for_is_not_in_the_logs(
    as_erin: Client, credential: Credential, erin: User, caplog: pytest.LogCaptureFixture
) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"))

    with caplog.at_level("INFO"):
        shown(as_erin.get(f"/t/acme/updates/{update.pk}/rows/?find=Byron"))

    assert (f"GET /t/acme/updates/{update.pk}/rows/" in caplog.text, "Byron" in caplog.text) == (True, False)
