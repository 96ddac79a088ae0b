"""The fields of an employee record by Expensify's contract, and a person as their values."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, get_args

Kind = Literal["email", "identifier", "text", "choice", "boolean", "money", "identifiers", "texts"]
Value = str | bool | Decimal | tuple[str, ...] | None
Role = Literal["user", "auditor", "admin"]

ROLES: tuple[str, ...] = get_args(Role)


@dataclass(frozen=True)
class EmployeeField:
    """One field: `name` in the portal, `key` in the feed, `heading` and `help` for people.

    `evidence` is its source: [M] Expensify's manual, [M*] the current manual as quoted by two clients, [C] one client's
    own words, [O] observed, [I] inferred. `in_policy`: a policy shows the field of its members.
    """

    name: str
    key: str
    heading: str
    kind: Kind
    help: str
    evidence: str
    required: bool = False
    in_policy: bool = False

    @property
    def is_list(self) -> bool:
        return self.kind in ("identifiers", "texts")


FIELDS: dict[str, EmployeeField] = {
    row["name"]: EmployeeField(**row) for row in json.loads(Path(__file__).with_name("fields.json").read_text("utf-8"))
}
"""By name, in the order of the feed."""

KEYS = {field.key: field for field in FIELDS.values()} | {
    # Names in older copies of the manual and in the page on Workday [M][H].
    "limitApprover": FIELDS["over_limit_approver"],
    "workspaceID": FIELDS["policy"],
}
APPROVERS = ("manager", "approves_to", "over_limit_approver")
"""The fields that name an approver."""


@dataclass(frozen=True, kw_only=True)
class Employee:
    """One row of a feed in canonical values; a field with "", None or () is not sent and keeps its old value.

    Addresses are in lower case. `approval_limit` is in currency units.
    """

    email: str = ""
    manager: str = ""
    employee_id: str = ""
    policy: str = ""
    first_name: str = ""
    last_name: str = ""
    custom_field_1: str = ""
    custom_field_2: str = ""
    role: str = ""
    approval_limit: Decimal | None = None
    over_limit_approver: str = ""
    approves_to: str = ""
    is_terminated: bool | None = None
    worker_status: str = ""
    domain_group: str = ""
    additional_policies: tuple[str, ...] = ()
    remove_from_others: bool | None = None
    default_tags: tuple[str, ...] = ()

    def value(self, field: str) -> Value:
        value: Value = getattr(self, field)
        return value

    def has(self, field: str) -> bool:
        """Whether the field is sent: False and 0 are values; "", None and () are not."""
        return self.value(field) not in ("", None, ())

    def given(self) -> dict[str, Value]:
        """The fields that are sent, by name."""
        return {name: value for name, value in vars(self).items() if value not in ("", None, ())}

    @property
    def policies(self) -> tuple[str, ...]:
        """The policies that the row names, each once."""
        return tuple(dict.fromkeys(filter(None, (self.policy, *self.additional_policies))))

    @property
    def is_leaving(self) -> bool:
        return self.is_terminated is True

    def as_record(self, *, limits_in_cents: bool) -> dict[str, Any]:
        """The object of the feed, exactly as it is sent, without empty fields.

        A limit is sent in cents or, with the setting off, in currency units: the unit is only inferred [I]. Raises
        ValueError for a limit that is not a whole number of the unit; the checks find it before.
        """
        record = {FIELDS[name].key: _stored(value) for name, value in self.given().items()}
        if self.approval_limit is not None:
            sent = self.approval_limit * (100 if limits_in_cents else 1)
            if sent != sent.to_integral_value():
                raise ValueError("the limit is no whole number of the units it is sent in")
            record["approvalLimit"] = int(sent)
        return record


def members_of(policy: str, employees: Iterable[Mapping[str, Any]], *, limits_in_cents: bool) -> tuple[Employee, ...]:
    """The members in the `employees` section of a policy, without entries that have no address.

    Ignores a limit that is not a number: no source says what the server puts there [C].
    """

    def text(entry: Mapping[str, Any], key: str) -> str:
        value = entry.get(key)
        return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""

    return tuple(
        Employee(
            email=email.lower(),
            manager=text(entry, "submitsTo").lower(),
            employee_id=text(entry, "employeeID"),
            policy=policy,
            custom_field_1=text(entry, "customField1"),
            custom_field_2=text(entry, "customField2"),
            role=text(entry, "role").lower(),
            approval_limit=_limit_of(entry.get("approvalLimit"), limits_in_cents),
            over_limit_approver=text(entry, "overLimitForwardsTo").lower(),
            approves_to=text(entry, "forwardsTo").lower(),
        )
        for entry in employees
        if (email := text(entry, "email"))
    )


MEMBER_FIELDS = frozenset(name for name, field in FIELDS.items() if field.in_policy)
"""The fields that a policy shows of its members; for the others only the last feed has values."""


def _stored(value: Value) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Decimal) else value


def amount_of(value: object) -> Decimal | None:
    """A JSON number or text as an amount; None for anything that is not an amount of money.

    The limits on size and decimals refuse numbers such as 1E-999999, whose plain form is huge.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not amount.is_finite() or abs(amount) >= 10**15 or amount != round(amount, 9):
        return None
    return amount


def _limit_of(value: object, in_cents: bool) -> Decimal | None:
    amount = amount_of(value)
    return amount if amount is None or not in_cents else amount / 100
