"""What is written in a cell, read as a value and told about."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.employee_updates.feed.cells import YES, FeedRow, person_of, row_from_json, rows_of
from exports.employee_updates.feed.fields import FIELDS, Employee
from tests.exports.employee_updates.feed.feeds import unhurried

SEEN = st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Zs", "Mn", "Co", "Cn"])


def normal(text: str) -> str:
    """As the cells are cleaned, so that what is written is what can be read."""
    person, _ = person_of(FeedRow(1, {"first_name": text}))
    return person.first_name


words = st.text(SEEN, max_size=10).map(normal)
identifiers = words.map(lambda text: text.lstrip("'"))
addresses = st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.com", fullmatch=True)
items = st.lists(st.text(SEEN | st.sampled_from(' ;,|"'), min_size=1, max_size=8).map(normal).filter(bool), max_size=4)
people = st.builds(
    Employee,
    email=addresses,
    manager=addresses,
    employee_id=identifiers,
    first_name=words,
    role=st.sampled_from(["", "user", "auditor", "admin"]),
    approval_limit=st.none() | st.decimals(0, 10**9, places=2),
    is_terminated=st.none() | st.booleans(),
    additional_policies=items.map(lambda found: tuple(dict.fromkeys(found))),
    remove_from_others=st.none() | st.booleans(),
    default_tags=items.map(tuple),
)


def read(field: str, text: str) -> tuple[Any, list[tuple[str, str]]]:
    person, findings = person_of(FeedRow(3, {field: text}))
    assert {(finding.row, finding.field) for finding in findings} <= {(3, field)}
    return person.value(field), [(finding.severity, finding.code) for finding in findings]


@unhurried
@given(people)
def test_person_written_in_cells_reads_the_same_and_raises_nothing(person: Employee) -> None:
    again, findings = person_of(rows_of([person])[0])

    assert (again, [finding for finding in findings if finding.severity != "notice"]) == (person, [])


@unhurried
@given(st.dictionaries(st.sampled_from(list(FIELDS)), st.text(max_size=30)))
def test_findings_of_any_cells_name_one_of_them(cells: dict[str, str]) -> None:
    _, findings = person_of(FeedRow(1, cells))

    assert {finding.field for finding in findings} <= set(cells)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("False", False), ("YES", True), ("no", False)])
def test_plain_booleans_give_no_finding(text: str, value: bool) -> None:
    assert read("is_terminated", text) == (value, [])


@pytest.mark.parametrize(
    ("text", "value"),
    [("ja", True), ("Nein", False), ("wahr", True), ("FALSCH", False), ("x", True), ("1", True), ("0", False)],
)
def test_words_that_are_understood_as_booleans_are_told(text: str, value: bool) -> None:
    assert read("remove_from_others", text) == (value, [("notice", "boolean_word")])


@pytest.mark.parametrize(
    ("text", "value"), [("Terminated", True), ("ausgetreten", True), ("Aktiv", False), ("On leave", False)]
)
def test_employment_status_says_who_leaves(text: str, value: bool) -> None:
    assert read("is_terminated", text) == (value, [("notice", "boolean_word")])
    assert read("remove_from_others", text) == (None, [("error", "unknown_boolean")])


@pytest.mark.parametrize("text", ["maybe", "2", "31.12.2026"])
def test_other_words_are_no_booleans(text: str) -> None:
    assert read("is_terminated", text) == (None, [("error", "unknown_boolean")])


def test_no_word_means_both_yes_and_no() -> None:
    assert all(read("is_terminated", word)[0] is True for word in YES)


@pytest.mark.parametrize(("text", "value"), [("500", "500"), ("1234.5", "1234.5"), ("0", "0"), ("-5", "-5")])
def test_plain_amount_gives_no_finding(text: str, value: str) -> None:
    assert read("approval_limit", text) == (Decimal(value), [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1 234,5 €", "1234.5"),
        ("1'234'567", "1234567"),
        ("EUR 500,-", "500"),
        ("1.234.567", "1234567"),
        ("0,500", "0.5"),
        ("12,5", "12.5"),
    ],
)
def test_written_amount_is_understood_and_told(text: str, value: str) -> None:
    assert read("approval_limit", text) == (Decimal(value), [("notice", "amount_format")])


@pytest.mark.parametrize("text", ["1.000", "1,000", "12.345"])
def test_amount_that_may_mean_two_things_is_refused(text: str) -> None:
    assert read("approval_limit", text) == (None, [("error", "ambiguous_amount")])


@pytest.mark.parametrize("text", ["many", "1E+3", "1.2.3", "1,23,45", "NaN", "=5"])
def test_other_text_is_no_amount(text: str) -> None:
    assert read("approval_limit", text) == (None, [("error", "unreadable_amount")])


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [
        ("Ann@Acme.example", "ann@acme.example", "lowered"),
        ("mailto:ann@acme.example", "ann@acme.example", "address_unwrapped"),
        ("Ann Lee <ann@acme.example>", "ann@acme.example", "address_unwrapped"),
        (" ann@acme.example\u200b", "ann@acme.example", "cleaned"),
        ("ann@acme.example\u00a0", "ann@acme.example", "cleaned"),
    ],
)
def test_address_is_unwrapped(text: str, value: str, code: str) -> None:
    assert read("email", text) == (value, [("notice", code)])


@pytest.mark.parametrize(
    ("text", "code"),
    [("'00123", "cleaned"), ('="00123"', "constant_formula"), ("00\u200b123", "cleaned"), ("\ufeff00123 ", "cleaned")],
)
def test_identifier_is_stripped_of_spreadsheet_marks(text: str, code: str) -> None:
    assert read("employee_id", text) == ("00123", [("notice", code)])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a; b;c", ("a", "b", "c")),
        ("a, b", ("a", "b")),
        ("a, b; c", ("a, b", "c")),
        ("a|b", ("a", "b")),
        ("a\nb", ("a", "b")),
        ('"a; b"; c', ("a; b", "c")),
        ('"say ""hi"""', ('say "hi"',)),
        (";;", ()),
    ],
)
def test_list_is_split_at_its_strongest_separator(text: str, value: tuple[str, ...]) -> None:
    assert read("default_tags", text) == (value, [])


@pytest.mark.parametrize(("text", "role"), [("Admin", "admin"), ("user", "user")])
def test_role_is_read_in_any_case(text: str, role: str) -> None:
    assert read("role", text) == (role, [])


def test_role_in_other_words_is_understood_and_told() -> None:
    assert read("role", "Mitarbeiter") == ("user", [("notice", "role_word")])


def test_unknown_role_is_an_error() -> None:
    assert read("role", "Software Engineer") == ("", [("error", "unknown_role")])


def test_line_break_within_a_text_becomes_a_space() -> None:
    assert read("last_name", "von\nByron") == ("von Byron", [("notice", "cleaned")])


def test_cell_that_contains_the_rest_of_a_file_is_an_error() -> None:
    assert read("first_name", "x" * 1001)[1] == [("error", "too_long")]


def test_row_survives_storage() -> None:
    row = FeedRow(4, {"email": "ann@acme.example", "approval_limit": "1.234,56"})

    assert row_from_json(row.as_json()) == row


@pytest.mark.parametrize(
    "stored",
    [None, {}, {"number": "1", "cells": {}}, {"number": 1, "cells": {"x": "y"}}, {"number": 1, "cells": {"email": 1}}],
)
def test_invalid_stored_row_is_refused(stored: Any) -> None:
    with pytest.raises(ValueError):
        row_from_json(stored)
