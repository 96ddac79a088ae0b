"""What the portal knows besides the feed: policies, their present members, and the last applied feed."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from exports.employee_updates.feed.fields import Employee


@dataclass(frozen=True)
class Known:
    """`policies` are names by identifier, None when the list is unknown.

    `members` are the present members by policy, from `members_of`. A policy whose members were not read is missing;
    a policy without members is not. `last_feed` are the people of the last applied update.
    """

    policies: Mapping[str, str] | None = None
    members: Mapping[str, tuple[Employee, ...]] = field(default_factory=dict)
    last_feed: tuple[Employee, ...] = ()

    @cached_property
    def by_place(self) -> dict[tuple[str, str], Employee]:
        """Present members by policy and address."""
        return {(policy, person.email): person for policy, people in self.members.items() for person in people}

    @cached_property
    def last_by_place(self) -> dict[tuple[str, str], Employee]:
        """The people of the last feed by policy and address."""
        return {(person.policy, person.email): person for person in self.last_feed}

    @cached_property
    def policies_of(self) -> dict[str, tuple[str, ...]]:
        """Address to the present policies of the person, as far as they were read."""
        policies_by_email: dict[str, list[str]] = defaultdict(list)
        for policy, people in self.members.items():
            for person in people:
                policies_by_email[person.email].append(policy)
        return {email: tuple(policies) for email, policies in policies_by_email.items()}

    @cached_property
    def address_of(self) -> dict[str, str]:
        """Employee ID to its known address."""
        return {person.employee_id: person.email for person in self._people_with_number}

    @cached_property
    def number_of(self) -> dict[str, str]:
        """Address to its known employee ID."""
        return {person.email: person.employee_id for person in self._people_with_number}

    @cached_property
    def _people_with_number(self) -> list[Employee]:
        """The last feed first: the policies take precedence."""
        last_feed = [person for person in self.last_feed if not person.is_leaving]
        return [person for people in (last_feed, *self.members.values()) for person in people if person.employee_id]

    def number_as_known(self, person: Employee) -> str:
        """The known employee ID of the person's address, preferably in the row's policy; "" for none."""
        member = self.by_place.get((person.policy, person.email))
        return (member.employee_id if member else "") or self.number_of.get(person.email, "")

    def renamed_from(self, person: Employee) -> str:
        """The other known address of the person's employee ID, "" for none. Expensify renames that login."""
        if not person.employee_id or not person.email or self.number_as_known(person) == person.employee_id:
            return ""
        known = self.address_of.get(person.employee_id, "")
        return known if known != person.email else ""
