"""The fields of a record: what is sent, what is stored, and what a policy tells."""

import json
from dataclasses import fields
from decimal import Decimal
from typing import Any

import pytest

from exports.employee_updates.feed.fields import FIELDS, KEYS, Employee, members_of
from tests.exports.employee_updates.feed.people import FULL, SENT


def test_person_has_exactly_the_fields_of_the_contract_in_their_order() -> None:
    assert [field.name for field in fields(Employee)] == list(FIELDS)
    assert {field.key for field in FIELDS.values()} == set(SENT)


def test_four_fields_are_required() -> None:
    required = {field.key for field in FIELDS.values() if field.required}

    assert required == {"employeeEmail", "managerEmail", "employeeID", "policyID"}


def test_other_names_of_older_pages_are_known() -> None:
    assert {key: field.name for key, field in KEYS.items() if field.key != key} == {
        "limitApprover": "over_limit_approver",
        "workspaceID": "policy",
    }


def test_every_field_is_sent_under_its_key_and_in_its_type() -> None:
    assert FULL.as_record(limits_in_cents=True) == SENT


def test_empty_fields_are_not_sent() -> None:
    assert Employee(email="a@acme.example").as_record(limits_in_cents=True) == {"employeeEmail": "a@acme.example"}


def test_false_and_zero_are_sent() -> None:
    person = Employee(is_terminated=False, approval_limit=Decimal(0))

    assert person.as_record(limits_in_cents=True) == {"isTerminated": False, "approvalLimit": 0}


@pytest.mark.parametrize(
    ("limit", "in_cents", "sent"), [("123.45", True, 12345), ("500", True, 50000), ("500", False, 500)]
)
def test_limit_is_sent_in_the_unit_of_the_setting(limit: str, in_cents: bool, sent: int) -> None:
    record = Employee(approval_limit=Decimal(limit)).as_record(limits_in_cents=in_cents)

    assert json.dumps(record) == json.dumps({"approvalLimit": sent})


@pytest.mark.parametrize(("limit", "in_cents"), [("0.001", True), ("0.5", False)])
def test_limit_that_is_no_whole_number_is_not_sent(limit: str, in_cents: bool) -> None:
    with pytest.raises(ValueError, match="whole number"):
        Employee(approval_limit=Decimal(limit)).as_record(limits_in_cents=in_cents)


def test_member_is_read_as_the_policy_tells_of_them() -> None:
    entry = {
        "email": "Employee@example.com",
        "role": "user",
        "submitsTo": "manager@example.com",
        "forwardsTo": "cfo@example.com",
        "approvalLimit": 50000,
        "overLimitForwardsTo": "audit@example.com",
        "employeeID": "E-1003",
        "customField1": "E-1003",
        "customField2": "CC-12",
    }

    assert members_of("P", [entry], limits_in_cents=True) == (
        Employee(
            email="employee@example.com",
            manager="manager@example.com",
            employee_id="E-1003",
            policy="P",
            custom_field_1="E-1003",
            custom_field_2="CC-12",
            role="user",
            approval_limit=Decimal(500),
            over_limit_approver="audit@example.com",
            approves_to="cfo@example.com",
        ),
    )


@pytest.mark.parametrize(
    ("limit", "read"),
    [(None, None), ("", None), ("many", None), (True, None), ("1E+99", None), ("50000", 500), (1.0, Decimal("0.01"))],
)
def test_odd_limit_of_a_member_is_none(limit: Any, read: Any) -> None:
    assert members_of("P", [{"email": "a@b.c", "approvalLimit": limit}], limits_in_cents=True)[0].approval_limit == read


def test_entry_without_address_is_no_member() -> None:
    assert members_of("P", [{"role": "user"}, {"email": None}], limits_in_cents=True) == ()
