"""A working copy of the members of a company's policies, for updates and dry runs."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from sandbox.company.company import Company
from sandbox.company.model import Member, Person
from sandbox.state import Pair, role


class Roster:
    """People and members as they would be; `added` and `removed` hold addresses by policy ID."""

    def __init__(self, company: Company, pair: Pair) -> None:
        self._company = company
        self._pair = pair
        self._people = deepcopy(company.people)
        self._members = {policy.id: deepcopy(policy.members) for policy in company.policies.values()}
        self._renamed: dict[str, str] = {}
        self.added: dict[str, list[str]] = {}
        self.removed: dict[str, list[str]] = {}

    def administers(self, policy_id: str) -> bool:
        """Whether the key pair can access that policy as an admin."""
        policy = self._company.policies.get(policy_id)
        return policy is not None and policy_id in self._pair.policies and role(policy, self._pair.account) == "admin"

    def policies_of(self, email: str) -> list[str]:
        """Return the administered policies that the person is a member of."""
        return [
            policy_id
            for policy_id, members in self._members.items()
            if email in members and self.administers(policy_id)
        ]

    def address_for(self, email: str, employee_id: str) -> str:
        """Return the employee's address; a known employee ID with a new address renames the account [M]."""
        for policy_id, members in self._members.items():
            if policy_id not in self._pair.policies:
                continue
            for member in members.values():
                if member.employee_id == employee_id and member.email != email and email not in self._people:
                    self._rename(member.email, email)
                    return email
        return email

    def name(self, email: str, first: str, last: str) -> None:
        """Add the person if necessary; existing names are not overwritten [M]."""
        person = self._people.setdefault(email, Person(email, "", "", self._next_account()))
        person.first_name = person.first_name or first
        person.last_name = person.last_name or last

    def set(self, email: str, policy_id: str, values: Mapping[str, Any]) -> None:
        """Make the person a member with these values; empty values change nothing: no value can be cleared [O]."""
        members = self._members[policy_id]
        if email not in members:
            members[email] = Member(email)
            self.added.setdefault(policy_id, []).append(email)
        changes = {key: value for key, value in values.items() if value not in (None, "")}
        if email in (self._company.policies[policy_id].owner, self._pair.account):
            changes["role"] = "admin"
        members[email] = replace(members[email], **changes)

    def overwrite(self, email: str, policy_id: str, values: Mapping[str, Any]) -> None:
        """Set a member's values, including empty ones."""
        self._members[policy_id][email] = replace(self._members[policy_id][email], **values)

    def remove(self, email: str, policy_id: str) -> None:
        if self._members[policy_id].pop(email, None) is not None:
            self.removed.setdefault(policy_id, []).append(email)

    def invite_managers(self, email: str, policy_id: str, *, first_only: bool) -> None:
        """Add the manager, and unless `first_only` all managers above, to the policy where they approve."""
        seen: set[str] = set()
        while email and email not in seen:
            seen.add(email)
            if email not in self._members[policy_id]:
                self.name(email, "", "")
                self.set(email, policy_id, {"submits_to": self._manager_of(email)})
            if first_only:
                return
            email = self._members[policy_id][email].submits_to

    def commit(self) -> None:
        """Write the working copy to the company."""
        self._company.people = self._people
        for policy_id, members in self._members.items():
            self._company.policies[policy_id].members = members
        for report in self._company.reports.values():
            report.account_email = self._renamed.get(report.account_email, report.account_email)

    def _rename(self, old: str, new: str) -> None:
        person = self._people.pop(old, None) or Person(old, "", "", self._next_account())
        self._people[new] = replace(person, email=new, secondary_logins=[*person.secondary_logins, old])
        self._renamed[old] = new
        for members in self._members.values():
            if old in members:
                members[new] = replace(members.pop(old), email=new)
            for member in members.values():
                for attribute in ("submits_to", "forwards_to", "over_limit_forwards_to"):
                    if getattr(member, attribute) == old:
                        setattr(member, attribute, new)

    def _manager_of(self, email: str) -> str:
        return next((members[email].submits_to for members in self._members.values() if email in members), email)

    def _next_account(self) -> int:
        return max(person.account_id for person in self._people.values()) + 37
