"""Which column is which: suggested by heading and content, chosen, remembered, found again."""

import json
from typing import Any

import pytest

from exports.employee_updates.feed.headings import EXACT, KNOWN
from exports.employee_updates.feed.mapping import mapped, mapping_from_json, mapping_of, place, suggest
from exports.employee_updates.feed.sheet import Sheet
from tests.exports.employee_updates.feed.feeds import ACME, table


def sheet(headings: str, *lines: str) -> Sheet:
    return table("\n".join([headings, *(lines or ("x" + ";" * headings.count(";"),))]).encode())


def fields(found: Sheet) -> list[tuple[str, str]]:
    return [(suggestion.field, suggestion.confidence) for suggestion in suggest(found)]


# As the systems write them when they export people.
SYSTEMS = {
    "Personio, German": (
        "Personalnummer;Vorname;Nachname;E-Mail;Vorgesetzter (E-Mail);Kostenstelle;Status",
        "00123;Zoë;Byron;zoe@acme.example;boss@acme.example;CC-12;Aktiv",
        ["employee_id", "first_name", "last_name", "email", "manager", "custom_field_2", "is_terminated"],
    ),
    "BambooHR": (
        "Employee #;First Name;Last Name;Work Email;Reporting to;Manager Email;Job Title",
        "12;Ann;Lee;ann@acme.example;Bo Ss;boss@acme.example;Engineer",
        ["employee_id", "first_name", "last_name", "email", "", "manager", ""],
    ),
    "Workday": (
        "employeeID;customField1;customField2;firstName;lastName;employeeEmail;managerEmail;workspaceID;domainGroupID;approvesTo",
        "1;a;b;Ann;Lee;ann@acme.example;boss@acme.example;ABC;407184;boss@acme.example",
        [
            "employee_id", "custom_field_1", "custom_field_2", "first_name", "last_name", "email", "manager", "policy",
            "domain_group", "approves_to",
        ],
    ),
    "SAP": (
        "PERNR;Vorname;Nachname;E-Mail-Adresse;Führungskraft E-Mail;KOSTL",
        "00000123;Ann;Lee;ann@acme.example;boss@acme.example;4711",
        ["employee_id", "first_name", "last_name", "email", "manager", "custom_field_2"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("system", SYSTEMS)
def test_columns_of_usual_systems_are_understood(system: str) -> None:
    headings, line, expected = SYSTEMS[system]

    assert [suggestion.field for suggestion in suggest(sheet(headings, line))] == expected


@pytest.mark.parametrize("heading", sorted(EXACT))
def test_own_name_of_a_field_is_certain(heading: str) -> None:
    assert fields(sheet(f"{heading};remarks")) in (
        [(EXACT[heading], "certain"), ("", "")],
        # A made-up cell is no address, no amount and no role.
        [("", ""), ("", "")],
    )
    assert suggest(table(f"{heading}\temail address\n\tann@acme.example\n".encode()))[0].field == EXACT[heading]


@pytest.mark.parametrize(
    ("heading", "field", "confidence"),
    [
        ("E-Mail", "email", "certain"),
        ("EMPLOYEE_EMAIL", "email", "certain"),
        ("Employee ID *", "employee_id", "certain"),
        ("Line manager", "manager", "likely"),
        ("Freigabegrenze", "approval_limit", "likely"),
        ("Personalnumer", "employee_id", "guess"),
        ("Line manager email address", "manager", "guess"),
        ("E-Mail der Führungskraft (Personio)", "manager", "guess"),
        ("Manager first name", "", ""),
        ("Shoe size", "", ""),
    ],
)
def test_heading_is_understood_with_this_confidence(heading: str, field: str, confidence: str) -> None:
    assert fields(table(f"{heading}\tremarks\n\tx\n".encode()))[0] == (field, confidence)


@pytest.mark.parametrize(
    ("heading", "cell", "reason"),
    [
        ("Manager", "Bo Ss", "hold no addresses"),
        ("Status", "Full time", "do not say yes or no"),
        ("Rolle", "Software Engineer", "hold other words than user, auditor and admin"),
        ("Limit", "none", "hold no amounts"),
    ],
)
def test_column_is_left_out_when_its_cells_are_something_else(heading: str, cell: str, reason: str) -> None:
    suggestion = suggest(sheet(f"Personalnummer;{heading}", f"1;{cell}"))[1]

    assert (suggestion.field, suggestion.confidence) == ("", "")
    assert suggestion.reason.endswith(f"but its cells {reason}.")


def test_field_goes_to_the_column_that_is_surest_and_the_other_says_so() -> None:
    found = suggest(sheet("Work email;E-Mail", "a@acme.example;b@acme.example"))

    assert [(suggestion.field, suggestion.reason) for suggestion in found] == [
        ("", "“E-Mail” seems to be “E-mail” rather."),
        ("email", ""),
    ]


def test_column_of_addresses_is_guessed_to_be_the_people() -> None:
    assert fields(sheet("Personalnummer;Account", "1;ann@acme.example")) == [
        ("employee_id", "certain" if "personalnummer" in EXACT else "likely"),
        ("email", "guess"),
    ]


def test_every_usual_heading_leads_to_one_field() -> None:
    assert {text: name for text, name in EXACT.items() if KNOWN[text] != name} == {}


FOUND = sheet("E-Mail;Name;Personalnummer", "ann@acme.example;Lee;1", "ben@acme.example;Ray;")
CHOSEN = ["email", "last_name", "employee_id"]


def test_rows_have_their_cells_under_the_chosen_fields() -> None:
    rows, _ = mapped(FOUND, CHOSEN)

    assert [(row.number, dict(row.cells)) for row in rows] == [
        (2, {"email": "ann@acme.example", "last_name": "Lee", "employee_id": "1"}),
        (3, {"email": "ben@acme.example", "last_name": "Ray"}),
    ]


def test_constant_fills_an_empty_cell() -> None:
    rows, _ = mapped(FOUND, CHOSEN, {"policy": ACME, "employee_id": "none"})

    assert [(row.cells["policy"], row.cells["employee_id"]) for row in rows] == [(ACME, "1"), (ACME, "none")]


def test_mapping_survives_storage() -> None:
    mapping = mapping_of(FOUND, CHOSEN, {"policy": ACME})

    assert mapping_from_json(json.loads(json.dumps(mapping.as_json()))) == mapping


def test_mapping_fits_the_same_headings_again() -> None:
    placed = place(mapping_of(FOUND, CHOSEN), FOUND)

    assert (list(placed.fields), placed.fits, placed.sentences) == (CHOSEN, True, ())


def test_moved_columns_are_found_and_new_ones_reported() -> None:
    placed = place(mapping_of(FOUND, CHOSEN), sheet("Personalnummer;Shoe size;NAME;e-mail"))

    assert (placed.fields, placed.fits) == (("employee_id", "", "last_name", "email"), True)
    assert placed.sentences == (
        "New in the file, and left out: “Shoe size”.",
        "The columns stand in another order than last time; they were found by their headings.",
    )


def test_mapping_does_not_fit_when_a_column_is_gone() -> None:
    placed = place(mapping_of(FOUND, CHOSEN), sheet("E-Mail;Name"))

    assert (placed.fields, placed.fits) == (("email", "last_name"), False)
    assert placed.sentences == (
        "The file no longer has “Personalnummer” (“Employee ID”). Choose other columns, or ask where they went.",
    )


def test_missing_column_without_a_field_is_ignored() -> None:
    assert place(mapping_of(FOUND, ["email", "", "employee_id"]), sheet("E-Mail;Personalnummer")).fits


def test_columns_of_the_same_heading_are_told_apart_by_their_order() -> None:
    twice = sheet("E-Mail;E-Mail;Name", "a@acme.example;boss@acme.example;Lee")
    mapping = mapping_of(twice, ["email", "manager", ""])

    assert place(mapping, sheet("Name;E-Mail;E-Mail")).fields == ("", "email", "manager")


@pytest.mark.parametrize(
    "stored",
    [
        [],
        {"columns": {}},
        {"columns": [1]},
        {"columns": [{"heading": 1, "field": ""}]},
        {"columns": [{"heading": "a", "field": "nonsense"}]},
        {"columns": [{"heading": "a", "field": "email", "occurrence": "0"}]},
        {"columns": [{"heading": "a", "field": "email"}, {"heading": "b", "field": "email"}]},
        {"columns": [], "constants": {"nonsense": ""}},
        {"columns": [], "constants": []},
    ],
)
def test_invalid_stored_mapping_is_refused(stored: Any) -> None:
    with pytest.raises(ValueError):
        mapping_from_json(stored)
