"""The types of the company's data; money is integer cents."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Expense = dict[str, Any]
"""An expense as the data of a template; a missing value is absent or ""."""


@dataclass
class Person:
    email: str
    first_name: str
    last_name: str
    account_id: int
    secondary_logins: list[str] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass
class Member:
    """A person's membership in one policy; "" and None where nothing is set, limits in cents."""

    email: str
    role: str = "user"
    submits_to: str = ""
    forwards_to: str = ""
    approval_limit: int | None = None
    over_limit_forwards_to: str = ""
    employee_id: str = ""
    custom_field_1: str = ""
    custom_field_2: str = ""
    user_id: str = ""
    payroll_id: str = ""
    default_tags: list[str] = field(default_factory=list)


@dataclass
class TagLevel:
    name: str
    tags: list[dict[str, Any]]
    """Each with name, glCode and enabled."""
    required: bool = False


@dataclass
class Rule:
    id: int
    email: str
    actions: dict[str, Any]


@dataclass
class Policy:
    id: str
    name: str
    type: str
    currency: str
    owner: str
    created: datetime
    categories: list[dict[str, Any]] = field(default_factory=list)
    report_fields: list[dict[str, Any]] = field(default_factory=list)
    tag_levels: list[TagLevel] = field(default_factory=list)
    tag_approvers: dict[str, str] = field(default_factory=dict)
    tax: dict[str, Any] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)


@dataclass
class Report:
    id: str
    name: str
    policy_id: str
    account_email: str
    state: str
    """One of OPEN, SUBMITTED, APPROVED, REIMBURSED, ARCHIVED."""
    created: datetime
    submitted: datetime | None = None
    approved: datetime | None = None
    reimbursed: datetime | None = None
    next_approver: str = ""
    approvals: list[tuple[str, datetime]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)
    custom_fields: dict[str, str] = field(default_factory=dict)
    expenses: list[Expense] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)
    is_ach: bool = False
    entry_id: str = ""

    @property
    def total(self) -> int:
        return sum(in_report_currency(expense) for expense in self.expenses)

    @property
    def dated(self) -> datetime:
        """The later of creation and submission, which `startDate` and `endDate` compare with."""
        return max(self.created, self.submitted or self.created)


@dataclass
class Card:
    id: int
    bank: str
    name: str
    number: str
    email: str
    created: datetime
    last_import: datetime
    lines: list[Expense] = field(default_factory=list)
    """Lines that are not on a report yet."""


def in_report_currency(expense: Expense) -> int:
    """Cents in the report's currency: converted, else modified, else as entered."""
    for name in ("convertedAmount", "modifiedAmount", "amount"):
        value = expense.get(name, "")
        if value != "":
            return int(value)
    return 0
