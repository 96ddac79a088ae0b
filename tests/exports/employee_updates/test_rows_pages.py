"""The list, the table of rows and the settings of an employee update: what they show, take and cost."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Credential, Policy, Team, User
from exports.employee_updates import actions as employee_updates
from exports.employee_updates import stored as stored_updates
from exports.models import EmployeeUpdate, Run
from tests.clients import signed_in
from tests.exports.employee_updates.updates import cells, ended, make, only, person, queries, shown, typed_in
from tests.factories import POLICY


@pytest.fixture(autouse=True)
def opened(acme_open: Team, budget: Any) -> None:
    """Acme is open to the test, and the queue is empty."""


def test_cell_is_changed_a_row_added_and_another_taken_out(as_erin: Client, credential: Credential, erin: User) -> None:
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
    settings = stored_updates.settings_of(update)
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


# ------------------------------------------------------------ rows


def test_findings_are_shown_at_their_cells(as_erin: Client, credential: Credential, erin: User) -> None:
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


def test_table_shows_columns_in_use_and_those_asked_for(as_erin: Client, credential: Credential, erin: User) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"))
    url = f"/t/acme/updates/{update.pk}/rows/"

    pages = [shown(as_erin.get(url)), shown(as_erin.get(f"{url}?column=role"))]

    assert [("cell-1-role" in page, "cell-1-email" in page) for page in pages] == [(False, True), (True, True)]


def test_fifty_rows_a_page(as_erin: Client, credential: Credential, erin: User) -> None:
    rows = [person(f"person{number}@acme.example", f"E-{number}") for number in range(1, 121)]
    update = typed_in(credential, erin, *rows)

    page = shown(as_erin.get(f"/t/acme/updates/{update.pk}/rows/?page=3"))

    assert ["cell-100-email" in page, "cell-101-email" in page, "101–120 of 120" in page] == [False, True, True]


def test_rows_cost_as_many_queries_as_one(as_erin: Client, credential: Credential, erin: User) -> None:
    one = typed_in(credential, erin, person("ann@acme.example", "E-1"))
    many = typed_in(credential, erin, *(person(f"p{number}@acme.example", f"E-{number}") for number in range(30)))

    assert queries(as_erin, f"/t/acme/updates/{many.pk}/rows/") == queries(as_erin, f"/t/acme/updates/{one.pk}/rows/")


def test_list_costs_the_same_with_one_and_with_three(as_erin: Client, credential: Credential, erin: User) -> None:
    typed_in(credential, erin, person("ann@acme.example", "E-1"))
    with_one = queries(as_erin, "/t/acme/updates/")
    for number in (2, 3):
        typed_in(credential, erin, person("ann@acme.example", f"E-{number}"))

    assert queries(as_erin, "/t/acme/updates/") == with_one


@pytest.mark.parametrize("stage", ["preparing", "waiting", "approved", "sent", "applied", "unconfirmed"])
def test_list_can_be_filtered_by_stage(stage: str, as_erin: Client, credential: Credential, erin: User) -> None:
    typed_in(credential, erin, person("ann@acme.example", "E-1"))

    page = shown(as_erin.get(f"/t/acme/updates/?stage={stage}"))

    assert ("Typed" in page, "No update is at this stage" in page) == (stage == "preparing", stage != "preparing")


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
            f"/t/acme/updates/{update.pk}/rows/change/", {"revision": "0", "cell-1-email": "anna@acme.example"}
        )
    )

    assert "Somebody changed this update since you opened the page" in page
    assert ('value="anna@acme.example"' in page, 'name="revision" value="1"' in page) == (True, True)
    assert cells() == [person("ann@acme.example", "E-9")]


def test_page_that_is_saved_unchanged_changes_nothing(as_erin: Client, credential: Credential, erin: User) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1", default_tags="Sales\nWien"))

    # As a browser sends an input of one line.
    as_erin.post(f"/t/acme/updates/{update.pk}/rows/change/", {"revision": "0", "cell-1-default_tags": "SalesWien"})

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
        credential, erin, person("ann@acme.example", "E-1", first_name='=HYPERLINK("x")<script>alert(1)</script>')
    )

    page = shown(as_erin.get(f"/t/acme/updates/{update.pk}/rows/"))

    assert ("<script>alert(1)" in page, "is a formula, written as text" in page) == (False, True)


def test_closed_update_can_be_read_and_no_longer_changed(as_erin: Client, credential: Credential, erin: User) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"))
    employee_updates.discard(update, by=erin)

    page = shown(as_erin.get(f"/t/acme/updates/{update.pk}/rows/"))
    as_erin.post(f"/t/acme/updates/{update.pk}/rows/change/", {"cell-1-email": "anna@acme.example"})

    assert ("ann@acme.example" in page, 'name="cell-1-email"' in page) == (True, False)
    assert cells() == [person("ann@acme.example", "E-1")]


def test_auditor_reads_the_rows_and_changes_none(audrey: User, credential: Credential, erin: User) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"))

    page = shown(signed_in(audrey).get(f"/t/acme/updates/{update.pk}/rows/"))

    assert ("ann@acme.example" in page, "<input" in page.split("<table")[1].split("</table>")[0]) == (True, False)


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


def test_members_become_rows_and_only_changed_rows_are_kept(as_erin: Client, with_members: EmployeeUpdate) -> None:
    rows = f"/t/acme/updates/{with_members.pk}/rows/"
    assert "4 members are there" in shown(as_erin.get(rows))

    as_erin.post(f"{rows}members/")
    assert (only().row_count, only().error_count) == (4, 1)
    as_erin.post(f"{rows}change/", {"cell-2-manager": "boss@acme.example", "cell-3-manager": "ann@acme.example"})
    assert "3 of 4 rows are as the policy has them already" in shown(as_erin.get(rows))
    as_erin.post(f"{rows}keep/")

    assert cells() == [person("ben@acme.example", "E-2", manager="ann@acme.example", role="user")]
    assert only().error_count == 0


def test_members_are_not_added_to_existing_rows(as_erin: Client, with_members: EmployeeUpdate) -> None:
    rows = f"/t/acme/updates/{with_members.pk}/rows/"
    as_erin.post(f"{rows}members/")

    as_erin.post(f"{rows}members/")

    assert only().row_count == 4


def test_unchanged_rows_stay_when_no_row_differs(as_erin: Client, with_members: EmployeeUpdate) -> None:
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


def test_settings_that_contradict_each_other_are_refused(as_erin: Client, credential: Credential, erin: User) -> None:
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

    assert "“nobody” is not an e-mail address." in page
    assert "This narrows the setting above it." in page
    assert only().name == "Typed"


def test_update_of_another_team_cannot_be_used_by_its_number(
    charlie: User, credential: Credential, erin: User, umbrella: Team
) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"))
    client = signed_in(charlie)

    tries = [
        client.post(f"/t/umbrella/updates/{update.pk}/rows/change/", {"cell-1-email": "x@acme.example"}),
        client.post(f"/t/umbrella/updates/{update.pk}/rows/paste/", {"pasted": "Email\nx@acme.example\n"}),
        client.post("/t/umbrella/updates/new/", {"name": "Theirs", "credential": credential.pk, "way": "grid"}),
    ]

    assert [response.status_code for response in tries] == [404, 404, 200]
    assert (EmployeeUpdate.objects.count(), cells()) == (1, [person("ann@acme.example", "E-1")])


def test_search_text_is_not_logged(
    as_erin: Client, credential: Credential, erin: User, caplog: pytest.LogCaptureFixture
) -> None:
    update = typed_in(credential, erin, person("ann@acme.example", "E-1"))

    with caplog.at_level("INFO"):
        shown(as_erin.get(f"/t/acme/updates/{update.pk}/rows/?find=Byron"))

    assert (f"GET /t/acme/updates/{update.pk}/rows/" in caplog.text, "Byron" in caplog.text) == (True, False)
