"""What is known besides the feed: policies, their present members, and the feed that was applied last."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from exports.employee_updates.feed.fields import Employee


@dataclass(frozen=True)
class Known:
    """`policies` are names by identifier, None when the list could not be had.

    `members` are the present members by policy, as `members_of` makes them; a policy whose members were not read is
    not in it, which is not the same as one without members. `last_feed` are the people of the last update that was
    applied.
    """

    policies: Mapping[str, str] | None = None
    members: Mapping[str, tuple[Employee, ...]] = field(default_factory=dict)
    last_feed: tuple[Employee, ...] = ()

    @cached_property
    def by_place(self) -> dict[tuple[str, str], Employee]:
        """Present members by policy and address."""
        return {
            (policy, person.email): person for policy, people in self.members.items() for person in people
        }

    @cached_property
    def last_by_place(self) -> dict[tuple[str, str], Employee]:
        """The people of the last feed by policy and address."""
        return {(person.policy, person.email): person for person in self.last_feed}

    @cached_property
    def policies_of(self) -> dict[str, tuple[str, ...]]:
        """By address the policies that the person is a member of now, as far as they were read."""
        found: dict[str, list[str]] = defaultdict(list)
        for policy, people in self.members.items():
            for person in people:
                found[person.email].append(policy)
        return {email: tuple(policies) for email, policies in found.items()}

    @cached_property
    def address_of(self) -> dict[str, str]:
        """By employee ID the address it is known under; what the policies say outranks the last feed."""
        found = {
            person.employee_id: person.email
            for person in self.last_feed
            if person.employee_id and not person.is_leaving
        }
        for people in self.members.values():
            found |= {person.employee_id: person.email for person in people if person.employee_id}
        return found

    @cached_property
    def number_of(self) -> dict[str, str]:
        """By address the employee ID it is known with."""
        found = {
            person.email: person.employee_id
            for person in self.last_feed
            if person.employee_id and not person.is_leaving
        }
        for people in self.members.values():
            found |= {person.email: person.employee_id for person in people if person.employee_id}
        return found

    def number_as_known(self, person: Employee) -> str:
        """The employee ID that the person's address is known with, in the row's policy before others; "" for none."""
        member = self.by_place.get((person.policy, person.email))
        return (member.employee_id if member else "") or self.number_of.get(person.email, "")

    def renamed_from(self, person: Employee) -> str:
        """The address that the person's number is known under, when it is another; Expensify renames that login."""
        if not person.employee_id or not person.email or self.number_as_known(person) == person.employee_id:
            return ""
        known = self.address_of.get(person.employee_id, "")
        return known if known != person.email else ""
