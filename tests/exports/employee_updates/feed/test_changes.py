"""What a feed changes, against the policy's members and against the last feed."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from exports.employee_updates.feed.changes import Change, FieldChange, changes, counts, not_in_feed
from exports.employee_updates.feed.fields import Employee
from exports.employee_updates.feed.known import Known
from tests.exports.employee_updates.feed.feeds import (
    ACME,
    ANN,
    BEN,
    BOSS,
    MEMBERS,
    NAMES,
    NEW,
    WIEN,
    known,
    member,
    numbered,
    unhurried,
)
from tests.exports.employee_updates.feed.people import people


def change(person: Employee, against: Known | None = None) -> Change:
    (found,) = changes(numbered(person), known() if against is None else against)
    return found


def seen(found: Change) -> list[tuple[str, Any, Any]]:
    return [(one.field, one.before, one.after) for one in found.fields]


def test_person_who_is_as_before_is_unchanged() -> None:
    found = change(BEN)

    assert (found.kinds, found.fields, found.added, found.removed) == (("unchanged",), (), (), ())


def test_somebody_who_is_no_member_joins_with_all_that_is_sent() -> None:
    found = change(NEW)

    assert (found.kinds, found.before, found.added) == (("joiner",), None, (ACME,))
    assert seen(found) == [
        ("email", None, "new@acme.example"),
        ("manager", None, "ann@acme.example"),
        ("employee_id", None, "N-1"),
        ("first_name", None, "Nia"),
        ("custom_field_1", None, "N-1"),
    ]


def test_leaver_is_removed_from_the_rows_policy() -> None:
    found = change(replace(BEN, is_terminated=True))

    assert (found.kinds, found.removed, found.fields) == (("leaver",), (ACME,), ())


def test_leaver_who_is_no_member_changes_nothing() -> None:
    assert change(replace(NEW, is_terminated=True)).kinds == ("unchanged",)


def test_leaver_counts_where_members_were_not_read() -> None:
    assert change(replace(NEW, is_terminated=True), Known(NAMES)).kinds == ("leaver",)


@pytest.mark.parametrize(
    ("values", "kinds", "fields"),
    [
        ({"manager": BOSS.email}, ("approver",), [("manager", ANN.email, BOSS.email)]),
        ({"approves_to": BOSS.email}, ("approver",), [("approves_to", "", BOSS.email)]),
        (
            {"approval_limit": Decimal(5), "over_limit_approver": BOSS.email},
            ("approver", "limit"),
            [("approval_limit", None, Decimal(5)), ("over_limit_approver", "", BOSS.email)],
        ),
        ({"role": "auditor"}, ("other",), [("role", "user", "auditor")]),
        ({"custom_field_1": "K-3"}, ("other",), [("custom_field_1", "E-3", "K-3")]),
        ({"email": "benjamin@acme.example"}, ("login",), [("email", BEN.email, "benjamin@acme.example")]),
        (
            {"email": "benjamin@acme.example", "manager": BOSS.email},
            ("login", "approver"),
            [("email", BEN.email, "benjamin@acme.example"), ("manager", ANN.email, BOSS.email)],
        ),
    ],
)
def test_changed_fields_say_of_which_kind_the_change_is(
    values: dict[str, Any], kinds: tuple[str, ...], fields: list[Any]
) -> None:
    found = change(replace(BEN, **values))

    assert (found.kinds, seen(found)) == (kinds, fields)


def test_empty_cell_keeps_the_old_value() -> None:
    limited = member(BEN, approval_limit=Decimal(5), over_limit_approver=BOSS.email, approves_to=BOSS.email)

    found = change(BEN, known(*MEMBERS[:2], limited))

    assert (found.kinds, found.after.approval_limit) == (("unchanged",), Decimal(5))


def test_custom_field_1_left_out_gets_the_number_which_may_be_a_change() -> None:
    there = known(*MEMBERS[:2], member(BEN, custom_field_1="K-3"))

    found = change(BEN, there)

    assert (found.kinds, seen(found)) == (("other",), [("custom_field_1", "K-3", "E-3")])


def test_field_that_policies_do_not_tell_is_compared_with_the_last_feed() -> None:
    there = known(last_feed=(replace(BEN, first_name="Ben", worker_status="Active"),))

    found = change(replace(BEN, first_name="Ben", worker_status="On Leave"), there)

    assert (found.kinds, seen(found)) == (("other",), [("worker_status", "Active", "On Leave")])


def test_field_with_unknown_value_before_is_shown_and_is_no_change() -> None:
    found = change(replace(BEN, first_name="Ben"))

    assert found.kinds == ("unchanged",)
    assert found.fields == (FieldChange("first_name", "", "Ben", is_known=False),)


def test_policy_outranks_the_last_feed() -> None:
    there = known(last_feed=(replace(BEN, manager=BOSS.email),))

    assert change(BEN, there).kinds == ("unchanged",)


def test_last_feed_is_what_is_known_where_members_were_not_read() -> None:
    there = Known(NAMES, last_feed=(BEN,))

    assert change(BEN, there).kinds == ("unchanged",)
    assert change(replace(BEN, manager=BOSS.email), there).kinds == ("approver",)


def test_unknown_person_has_no_claimed_change() -> None:
    assert change(BEN, Known(NAMES)).kinds == ("unknown",)


def test_further_policy_is_joined() -> None:
    found = change(replace(BEN, additional_policies=(WIEN,)))

    assert (found.kinds, found.added) == (("other",), (WIEN,))


@pytest.mark.parametrize(
    ("last", "kind", "unknown"),
    [((), "unknown", (WIEN,)), ((replace(BEN, additional_policies=(WIEN,)),), "unchanged", ())],
)
def test_joining_a_further_policy_that_was_not_read_is_unknown(
    last: tuple[Employee, ...], kind: str, unknown: tuple[str, ...]
) -> None:
    found = change(replace(BEN, additional_policies=(WIEN,)), Known(NAMES, {ACME: MEMBERS}, last))

    assert (found.kinds, found.added, found.unknown) == ((kind,), (), unknown)


def test_change_in_a_further_policy_is_told_with_the_policy() -> None:
    wien = member(replace(BEN, policy=WIEN, manager=BOSS.email))

    found = change(replace(BEN, additional_policies=(WIEN,)), known(*MEMBERS, wien=(wien,)))

    assert (found.kinds, found.added) == (("approver",), ())
    assert found.fields == (FieldChange("manager", BOSS.email, ANN.email, policy=WIEN),)


def test_removal_from_policies_that_the_row_does_not_name_makes_a_leaver() -> None:
    wien = member(replace(BEN, policy=WIEN))

    found = change(replace(BEN, remove_from_others=True), known(*MEMBERS, wien=(wien,)))

    assert (found.kinds, found.removed, found.implied) == (("leaver",), (WIEN,), (WIEN,))


def test_rows_are_counted_by_kind() -> None:
    found = changes(numbered(BOSS, replace(BEN, manager=BOSS.email), NEW, replace(ANN, is_terminated=True)), known())

    assert {kind: count for kind, count in counts(found).items() if count} == {
        "joiner": 1,
        "leaver": 1,
        "approver": 1,
        "unchanged": 1,
    }


def test_people_of_the_last_feed_without_a_row_are_named() -> None:
    gone = replace(NEW, is_terminated=True)

    assert not_in_feed(numbered(BEN), known(last_feed=(BOSS, ANN, BEN, gone))) == [BOSS, ANN]


def test_somebody_who_is_renamed_is_not_missing() -> None:
    assert not_in_feed(numbered(replace(BEN, email="b@acme.example")), known(last_feed=(BEN,))) == []


@unhurried
@given(people)
def test_any_person_is_of_some_kind_and_never_changes_when_they_are_as_before(person: Employee) -> None:
    stays = replace(person, email="a@acme.example", is_terminated=None, remove_from_others=None, additional_policies=())
    there = Known(None, {stays.policy: (replace(stays, custom_field_1=stays.custom_field_1 or stays.employee_id),)})

    assert set(change(stays, there).kinds) == {"unchanged"}
