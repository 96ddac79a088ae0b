"""Every other finding, each on its cell with its severity."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from exports.employee_updates.feed.cells import FeedRow, rows_of
from exports.employee_updates.feed.checking import check_rows
from exports.employee_updates.feed.fields import FIELDS, Employee
from exports.employee_updates.feed.findings import RowFinding
from exports.employee_updates.feed.known import Known
from exports.employee_updates.feed.settings import UpdateSettings
from tests.exports.employee_updates.feed.feeds import (
    ACME,
    ANN,
    BEN,
    BOSS,
    MEMBERS,
    NAMES,
    WIEN,
    cell_findings,
    checked,
    known,
    member,
    told,
)


def codes(field: str, text: str, **cells: str) -> list[tuple[str, str]]:
    return [(finding.severity, finding.code) for finding in cell_findings(field, text, **cells)]


def test_good_rows_give_no_finding() -> None:
    assert told(checked(BOSS, ANN, BEN)) == []


@pytest.mark.parametrize("field", [name for name, field in FIELDS.items() if field.required])
def test_missing_required_field_is_an_error_on_its_cell(field: str) -> None:
    row = rows_of([BEN])[0]
    result = check_rows([FeedRow(1, {**row.cells, field: " "})], known(), UpdateSettings())

    assert (1, field, "error", "missing") in told(result)


def test_unreadable_required_field_is_missing_too() -> None:
    result = check_rows([FeedRow(9, {})], known(), UpdateSettings())

    assert [(f.row, f.field, f.code) for f in result.errors] == [
        (9, name, "missing") for name in ("email", "manager", "employee_id", "policy")
    ]


@pytest.mark.parametrize("field", ["email", "manager", "over_limit_approver", "approves_to"])
@pytest.mark.parametrize(
    "address",
    ["ann", "ann@", "@acme.example", "ann@acme", "an n@acme.example", "ann@acme..example", "ann.@acme.example",
     "a@b@acme.example", "ann@-acme.example", "ann,ben@acme.example", "ä@acme.example"],
)  # fmt: skip
def test_bad_address_is_an_error_on_its_cell(field: str, address: str) -> None:
    assert ("error", "address") in codes(field, address)


def test_address_longer_than_any_mail_server_takes_is_an_error() -> None:
    domain = ".".join(["a" * 60, "b" * 60, "c" * 60, "d" * 59]) + ".example"

    assert len(f"ann@{domain}") == 254
    assert codes("email", f"ann@{domain}") == [("warning", "renames_login")]
    assert ("error", "address") in codes("email", f"anna@{domain}")


@pytest.mark.parametrize(
    "address", ["o'brien+x@acme.example", "a.b-c_d@sub.acme.example", "a@müller.example", "1@2.co"]
)
def test_good_address_is_no_error(address: str) -> None:
    assert ("error", "address") not in codes("email", address)


@pytest.mark.parametrize("field", ["employee_id", "domain_group", "policy", "additional_policies"])
@pytest.mark.parametrize(
    ("text", "severity", "code"),
    [
        ("1.2E+10", "error", "identifier_scientific"),
        ("1,23457E+11", "error", "identifier_scientific"),
        ("1E+05", "error", "identifier_scientific"),
        ("12345.0", "error", "identifier_decimal"),
        ("12345,00", "error", "identifier_decimal"),
        ("7E12", "warning", "identifier_perhaps_scientific"),
        ("2026-02-01", "warning", "identifier_date"),
        ("123 45", "warning", "identifier_space"),
    ],
)
def test_damaged_identifier_is_told_on_its_cell(field: str, text: str, severity: str, code: str) -> None:
    cell = f'"{text}"' if field == "additional_policies" else text

    assert (severity, code) in codes(field, cell)


@pytest.mark.parametrize("text", ["E-1003", "00123", "12345678901", "1D1BC525C4892584", "12E45A", "A1.5"])
def test_undamaged_identifier_gives_no_finding(text: str) -> None:
    assert codes("employee_id", text, email="new@acme.example") == []


def test_custom_field_that_looks_damaged_is_a_warning() -> None:
    assert codes("custom_field_2", "1.2E+10") == [("warning", "identifier_scientific")]


# ------------------------------------------------------------ against what is known


def known_as(number: str) -> Known:
    return known(member(BOSS), member(ANN), member(BEN, employee_id=number, custom_field_1=number))


@pytest.mark.parametrize(("there", "given"), [("00123", "123"), ("123", "00123")])
def test_zeros_that_are_not_as_known_are_an_error(there: str, given: str) -> None:
    result = checked(replace(BEN, employee_id=given), against=known_as(there))

    assert told(result) == [(1, "employee_id", "error", "zeros_lost")]


def test_number_that_somebody_has_with_zeros_is_told_for_a_new_address() -> None:
    new = replace(BEN, email="new@acme.example", employee_id="123")

    assert told(checked(new, against=known_as("00123"))) == [(1, "employee_id", "warning", "similar_number")]


def test_other_number_than_known_is_a_warning() -> None:
    assert told(checked(replace(BEN, employee_id="E-9"))) == [(1, "employee_id", "warning", "changed_number")]


def test_number_known_from_the_last_feed_counts_where_members_were_not_read() -> None:
    result = checked(replace(BEN, employee_id="E-9"), against=Known(NAMES, last_feed=(BOSS, ANN, BEN)))

    assert told(result) == [(1, "employee_id", "warning", "changed_number")]


def test_known_number_with_another_address_is_told_as_a_rename() -> None:
    result = checked(replace(BEN, email="benjamin@acme.example"))

    assert [(f.field, f.severity, f.code, f.sentence) for f in result.findings] == [
        (
            "email",
            "warning",
            "renames_login",
            "This renames a person's login: “E-3” is known as ben@acme.example, and becomes benjamin@acme.example. The "
            "old address stays as a second login.",
        )
    ]


def test_number_of_somebody_who_has_a_row_too_would_join_accounts() -> None:
    result = checked(replace(ANN, employee_id="E-9"), replace(BEN, email="new@acme.example", employee_id="E-2"))

    assert told(result) == [
        (1, "employee_id", "warning", "changed_number"),
        (2, "employee_id", "error", "joins_accounts"),
    ]


def test_number_of_somebody_else_for_a_known_person_would_join_accounts() -> None:
    assert (1, "employee_id", "error", "joins_accounts") in told(checked(replace(BEN, employee_id="E-2")))


def test_number_that_two_members_share_is_no_rename() -> None:
    there = known(member(BOSS), member(ANN, employee_id="E-3"), member(BEN))

    assert told(checked(BEN, replace(ANN, employee_id="E-3"), against=there)) == [
        (row, "employee_id", "error", "duplicate_number") for row in (1, 2)
    ]


def test_number_of_the_rows_own_policy_is_the_one_that_counts() -> None:
    there = known(*MEMBERS, wien=(member(replace(BEN, policy=WIEN, employee_id="W-3")),))

    assert told(checked(BEN, against=there)) == []


@pytest.mark.parametrize(("is_whole_feed", "expected"), [(True, [(None, "", "warning", "not_in_feed")]), (False, [])])
def test_people_of_the_last_feed_without_a_row_are_told_when_the_rows_are_meant_to_be_all(
    is_whole_feed: bool, expected: list[Any]
) -> None:
    there = known(last_feed=(BOSS, ANN, BEN))

    result = check_rows(rows_of([BEN]), there, UpdateSettings(), is_whole_feed=is_whole_feed)

    assert told(result) == expected
    assert [finding.sentence for finding in result.findings] == [
        "2 people of the last feed have no row now: boss@acme.example and ann@acme.example. Nothing happens to them; "
        "who is to leave needs a row."
    ] * len(expected)


# ------------------------------------------------------------ twice in the feed


def test_one_number_under_two_addresses_is_an_error_on_both() -> None:
    new = [replace(BEN, email=f"{name}@acme.example", employee_id="N-1") for name in ("x", "y")]

    result = checked(*new)

    assert told(result) == [(row, "employee_id", "error", "duplicate_number") for row in (1, 2)]
    assert "y@acme.example (row 2)" in result.findings[0].sentence


def test_one_address_with_two_numbers_is_an_error_on_both() -> None:
    result = checked(BEN, replace(BEN, employee_id="E-9", policy=WIEN, manager=BEN.email))

    assert [line for line in told(result) if line[3] == "duplicate_address"] == [
        (row, "email", "error", "duplicate_address") for row in (1, 2)
    ]


def test_person_twice_with_other_content_is_an_error_on_both_that_says_what_differs() -> None:
    result = checked(BEN, replace(BEN, last_name="Ray"))

    assert told(result) == [(row, "", "error", "twice_differently") for row in (1, 2)]
    assert "another Last name" in result.findings[0].sentence


def test_same_row_twice_is_a_warning_on_the_second() -> None:
    assert told(checked(BEN, BEN, BEN)) == [(2, "", "warning", "twice"), (3, "", "warning", "twice")]


def test_rows_for_two_policies_are_for_information() -> None:
    there = known(*MEMBERS, wien=(member(replace(BOSS, policy=WIEN)),))
    move = [replace(BEN, is_terminated=True), replace(BEN, policy=WIEN, manager=BOSS.email)]

    assert told(checked(*move, against=there)) == [(row, "policy", "notice", "several_policies") for row in (1, 2)]


def test_20_000_rows_with_one_number_are_checked_in_reasonable_time() -> None:
    """A column without numbers must not be compared row with row: those are 400 million pairs."""
    people = [replace(BEN, email=f"p{number}@acme.example", employee_id="none") for number in range(20_000)]

    assert len(checked(*people).errors) == 20_000


def test_20_000_rows_of_one_person_are_checked_in_reasonable_time() -> None:
    people = [BEN] * 19_999 + [replace(BEN, last_name="Ray")]

    assert len(checked(*people).errors) == 20_000


# ------------------------------------------------------------ limits


@pytest.mark.parametrize(
    ("limit", "approver", "expected"),
    [
        ("500", BOSS.email, []),
        ("500.50", BOSS.email, []),
        ("500", "", [("over_limit_approver", "error", "limit_without_approver")]),
        ("-1", BOSS.email, [("approval_limit", "error", "negative_limit")]),
        ("0", BOSS.email, [("approval_limit", "warning", "zero_limit")]),
        ("0.005", BOSS.email, [("approval_limit", "error", "fraction")]),
        (None, BOSS.email, [("over_limit_approver", "warning", "approver_without_limit")]),
    ],
)
def test_limit_and_who_approves_above_it(limit: str | None, approver: str, expected: list[Any]) -> None:
    person = replace(ANN, approval_limit=Decimal(limit) if limit else None, over_limit_approver=approver)

    assert [(f.field, f.severity, f.code) for f in checked(person).findings if f.severity != "notice"] == expected


def test_fraction_of_a_unit_cannot_be_sent_when_limits_go_in_units() -> None:
    person = replace(ANN, approval_limit=Decimal("500.50"), over_limit_approver=BOSS.email)

    assert told(checked(person, settings=UpdateSettings(limits_in_cents=False))) == [
        (1, "approval_limit", "error", "fraction")
    ]


def test_new_approver_for_a_limit_that_is_there_already_is_fine() -> None:
    there = known(member(BOSS), member(ANN, approval_limit=Decimal(5), over_limit_approver=BEN.email), member(BEN))

    assert told(checked(replace(ANN, over_limit_approver=BOSS.email), against=there)) == []


def test_unreadable_limit_is_not_also_called_missing() -> None:
    row = FeedRow(1, {**rows_of([ANN])[0].cells, "approval_limit": "much", "over_limit_approver": BOSS.email})

    assert told(check_rows([row], known(), UpdateSettings())) == [(1, "approval_limit", "error", "unreadable_amount")]


# ------------------------------------------------------------ policies, roles, groups


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        ("NOPE", "There is no policy “NOPE” that this credential reaches. Choose one that it does."),
        ("acme gmbh", f"“acme gmbh” is the name of a policy. Enter its identifier, {ACME}."),
        (WIEN.lower(), f"There is no policy “{WIEN.lower()}”. Did you mean {WIEN}?"),
    ],
)
@pytest.mark.parametrize("field", ["policy", "additional_policies"])
def test_unknown_policy_is_an_error_that_says_which_is_meant(field: str, policy: str, sentence: str) -> None:
    assert [f.sentence for f in cell_findings(field, policy) if f.severity == "error"] == [sentence]


def test_no_policy_is_unknown_while_the_list_is_not_known() -> None:
    assert told(checked(BEN, against=Known(None, {ACME: MEMBERS}))) == []


def test_row_that_names_its_policy_again_is_told() -> None:
    assert told(checked(replace(BEN, additional_policies=(ACME,)))) == [
        (1, "additional_policies", "notice", "own_policy_again")
    ]


def test_leaver_with_further_policies_is_a_warning() -> None:
    assert (1, "additional_policies", "warning", "leaver_with_policies") in told(
        checked(replace(BEN, is_terminated=True, additional_policies=(WIEN,)))
    )


def test_leaver_who_is_no_member_is_a_warning() -> None:
    new = replace(BEN, email="new@acme.example", employee_id="N-1", is_terminated=True)

    assert told(checked(new)) == [(1, "is_terminated", "warning", "leaver_unknown")]


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (replace(BEN, role="admin"), [(1, "role", "warning", "new_admin")]),
        (replace(BEN, role="auditor"), []),
        (replace(BOSS, role="admin"), []),
        (replace(BEN, role="admin", is_terminated=True), []),
    ],
)
def test_new_admin_is_a_warning(person: Employee, expected: list[Any]) -> None:
    assert told(checked(person)) == expected


@pytest.mark.parametrize(
    ("last_feed", "expected"), [((), [(1, "role", "warning", "new_admin")]), ((replace(BOSS, role="admin"),), [])]
)
def test_admin_of_the_last_feed_is_not_new_where_members_were_not_read(
    last_feed: tuple[Employee, ...], expected: list[Any]
) -> None:
    assert told(checked(replace(BOSS, role="admin"), against=Known(NAMES, last_feed=last_feed))) == expected


def test_renamed_admin_is_not_a_new_admin() -> None:
    result = checked(replace(BOSS, email="chief@acme.example", manager="chief@acme.example", role="admin"))

    assert [finding.code for finding in result.findings] == ["renames_login"]


def test_removal_from_policies_that_the_row_does_not_name_is_told_with_their_names() -> None:
    there = known(*MEMBERS, wien=(member(replace(BEN, policy=WIEN)),))

    result = checked(replace(BEN, remove_from_others=True), against=there)

    assert [(f.code, f.sentence) for f in result.findings] == [
        ("removes_elsewhere", "Removes ben@acme.example from Acme Wien.")
    ]


def test_removal_from_policies_that_nobody_knows_of_is_told_too() -> None:
    assert told(checked(replace(BEN, remove_from_others=True))) == [
        (1, "remove_from_others", "warning", "removes_elsewhere")
    ]


def test_domain_group_on_some_rows_only_is_a_warning_where_it_is_missing() -> None:
    result = checked(replace(BOSS, domain_group="1"), ANN, replace(BEN, domain_group="2"))

    assert told(result) == [(2, "domain_group", "warning", "group_on_some")]


@pytest.mark.parametrize("group", ["", "407184"])
def test_domain_group_on_all_rows_or_none_is_fine(group: str) -> None:
    assert told(checked(replace(BOSS, domain_group=group), replace(ANN, domain_group=group))) == []


# ------------------------------------------------------------ what a spreadsheet would run


@pytest.mark.parametrize("field", ["first_name", "custom_field_2", "employee_id", "worker_status", "default_tags"])
@pytest.mark.parametrize("text", ['=HYPERLINK("http://evil.example")', "=1+1", "=cmd|' /C calc'!A0"])
def test_formula_is_an_error_and_stays_text(field: str, text: str) -> None:
    cell = '"' + text.replace('"', '""') + '"' if field == "default_tags" else text
    row = FeedRow(1, {**rows_of([BEN])[0].cells, field: cell})
    result = check_rows([row], known(), UpdateSettings())

    assert "formula_text" in [finding.code for finding in result.errors]
    assert result.people[0].value(field) in (text, (text,))


@pytest.mark.parametrize("text", ["+SUM(A1)", "@SUM(A1)", "-2+3+cmd"])
def test_text_that_begins_like_a_formula_is_a_warning(text: str) -> None:
    assert codes("first_name", text) == [("warning", "formula_like")]


@pytest.mark.parametrize("text", ["+49 30 1234", "-", "-5", "#1 team"])
def test_harmless_text_with_such_a_first_character_gives_no_finding(text: str) -> None:
    assert codes("custom_field_2", text) == []


@pytest.mark.parametrize("text", ["#N/A", "#NV", "#REF!", "#####"])
def test_error_of_a_spreadsheet_is_an_error(text: str) -> None:
    assert codes("custom_field_2", text) == [("error", "cell_error")]


# ------------------------------------------------------------ the whole


def test_findings_of_the_reading_stand_among_the_others_in_order() -> None:
    early = RowFinding(None, "", "notice", "one_sheet", "Only one sheet was read.")
    late = RowFinding(2, "last_name", "error", "cell_error", "An error.")

    result = check_rows(rows_of([replace(BEN, employee_id="1.2E+10"), ANN]), known(), UpdateSettings(), [late, early])

    assert [(f.row, f.code) for f in result.findings] == [
        (None, "one_sheet"),
        (1, "identifier_scientific"),
        (1, "changed_number"),
        (2, "cell_error"),
    ]
    assert ([f.code for f in result.errors], [f.code for f in result.warnings]) == (
        ["identifier_scientific", "cell_error"],
        ["changed_number"],
    )


def test_every_sentence_ends_and_none_quotes_more_than_a_line() -> None:
    row = FeedRow(1, dict.fromkeys(FIELDS, "=x\u202e" + "y" * 200))

    for finding in check_rows([row], known(), UpdateSettings()).findings:
        assert finding.sentence.endswith(".")
        assert len(finding.sentence) < 400
