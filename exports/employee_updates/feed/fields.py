"""The fields of an employee record by Expensify's contract, and a person as their values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, get_args

Kind = Literal["email", "identifier", "text", "choice", "boolean", "money", "identifiers", "texts"]
Value = str | bool | Decimal | tuple[str, ...] | None
Role = Literal["user", "auditor", "admin"]

ROLES: tuple[str, ...] = get_args(Role)


@dataclass(frozen=True)
class EmployeeField:
    """One field: `name` in the portal, `key` in the feed, `heading` and `help` for people.

    `evidence` is its source: [M] Expensify's manual, [M*] the current manual as quoted by two clients, [C] one client's
    own words, [O] observed, [I] inferred.
    """

    name: str
    key: str
    heading: str
    kind: Kind
    help: str
    evidence: str
    required: bool = False

    @property
    def is_list(self) -> bool:
        return self.kind in ("identifiers", "texts")


FIELDS: dict[str, EmployeeField] = {
    field.name: field
    for field in (
        EmployeeField("email", "employeeEmail", "E-mail", "email", "The person's address.", "[M]", required=True),
        EmployeeField(
            "manager",
            "managerEmail",
            "Manager",
            "email",
            "The address of whom the person submits reports to. Somebody without a manager names themselves [C].",
            "[M]",
            required=True,
        ),
        EmployeeField(
            "employee_id",
            "employeeID",
            "Employee ID",
            "identifier",
            "The number that stays with the person. The same number with a new address renames the person's login; "
            "a number that belongs to somebody else can join two people's accounts.",
            "[M]",
            required=True,
        ),
        EmployeeField(
            "policy",
            "policyID",
            "Policy ID",
            "identifier",
            "The policy to be a member of, or to leave. Its identifier, not its name.",
            "[M]",
            required=True,
        ),
        EmployeeField(
            "first_name",
            "firstName",
            "First name",
            "text",
            "Never overwrites what the person has typed themselves.",
            "[M]",
        ),
        EmployeeField(
            "last_name",
            "lastName",
            "Last name",
            "text",
            "Never overwrites what the person has typed themselves.",
            "[M]",
        ),
        EmployeeField(
            "custom_field_1",
            "customField1",
            "Custom field 1",
            "text",
            "Left empty, Expensify puts the employee ID here.",
            "[M]",
        ),
        EmployeeField("custom_field_2", "customField2", "Custom field 2", "text", "A cost centre, for example.", "[M]"),
        EmployeeField(
            "role",
            "role",
            "Role",
            "choice",
            "user, auditor or admin. An owner of the policy, and the account the update runs as, stay admin.",
            "[M]",
        ),
        EmployeeField(
            "approval_limit",
            "approvalLimit",
            "Approval limit",
            "money",
            "In the policy's currency. Reports above it go on to the approver for more; it needs one.",
            "[M], unit [I]",
        ),
        EmployeeField(
            "over_limit_approver",
            "overLimitApprover",
            "Approver above the limit",
            "email",
            "The address of who approves reports above the limit. Required with a limit.",
            "[M]",
        ),
        EmployeeField(
            "approves_to",
            "approvesTo",
            "Next approver",
            "email",
            "The address of who approves after this person.",
            "[M]",
        ),
        EmployeeField(
            "is_terminated",
            "isTerminated",
            "Leaves",
            "boolean",
            "Yes removes the person from the policy. The account itself stays.",
            "[M]",
        ),
        EmployeeField(
            "worker_status",
            "workerStatus",
            "Worker status",
            "text",
            "Free text. “On Leave” takes the person out of the manager role [C].",
            "[M]",
        ),
        EmployeeField(
            "domain_group",
            "domainGroupID",
            "Domain group ID",
            "identifier",
            "The domain group to put the person in. Takes effect only if every row has one [C].",
            "[M*]",
        ),
        EmployeeField(
            "additional_policies",
            "additionalPolicyIDs",
            "Further policy IDs",
            "identifiers",
            "Further policies to be a member of, with semicolons between.",
            "[M]",
        ),
        EmployeeField(
            "remove_from_others",
            "shouldRemoveFromUnassignedPolicies",
            "Remove from other policies",
            "boolean",
            "Yes removes the person from every policy that this row does not name.",
            "[M*]",
        ),
        EmployeeField(
            "default_tags",
            "defaultTags",
            "Default tags",
            "texts",
            "Tags for the person's new expenses, with semicolons between.",
            "[M]",
        ),
    )
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


MEMBER_FIELDS = frozenset(
    {
        "email",
        "manager",
        "employee_id",
        "policy",
        "custom_field_1",
        "custom_field_2",
        "role",
        "approval_limit",
        "over_limit_approver",
        "approves_to",
    }
)
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
