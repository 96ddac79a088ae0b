"""The approver chains of each policy after the feed: its present members, as far as read, overlaid with the rows."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from exports.employee_updates.feed.fields import APPROVERS, Employee
from exports.employee_updates.feed.known import Known


@dataclass
class ChainPosition:
    """A person in a policy after the feed; `row` is None for a member without a row."""

    email: str
    row: int | None
    approvers: dict[str, str]
    """Addresses by the fields of `APPROVERS`, without empty ones."""


@dataclass(frozen=True)
class PolicyChains:
    """A policy after the feed. `leaving` has rows by address; `is_read`: its present members were read."""

    id: str
    places: Mapping[str, ChainPosition]
    leaving: Mapping[str, int]
    is_read: bool


def renamed_logins(rows: Sequence[tuple[int, Employee]], known: Known) -> dict[str, str]:
    """Old address to new address, of people whose employee ID has a new address."""
    return {old: person.email for _, person in rows if (old := known.renamed_from(person))}


def policies_after(rows: Sequence[tuple[int, Employee]], known: Known) -> list[PolicyChains]:
    """Every policy that the feed changes, after the feed."""
    renamed = renamed_logins(rows, known)
    by_policy: dict[str, list[tuple[int, Employee]]] = defaultdict(list)
    for number, person in rows:
        for policy in (person.policy,) if person.is_leaving else person.policies:
            by_policy[policy].append((number, person))
    removed = _removed_elsewhere(rows, known)
    for policy in {policy for policy, _ in removed} - set(by_policy):
        by_policy[policy] = []
    return [
        _policy_after(policy, touching, known, renamed, {email for at, email in removed if at == policy})
        for policy, touching in by_policy.items()
        if policy
    ]


def _removed_elsewhere(rows: Iterable[tuple[int, Employee]], known: Known) -> set[tuple[str, str]]:
    return {
        (policy, person.email)
        for _, person in rows
        if person.remove_from_others
        for policy in known.policies_of.get(person.email, ())
        if policy not in person.policies
    }


def _policy_after(
    policy: str, rows: Sequence[tuple[int, Employee]], known: Known, renamed: Mapping[str, str], removed: set[str]
) -> PolicyChains:
    places: dict[str, ChainPosition] = {}
    # Fall back to the last feed for a policy that was not read.
    last = [person for person in known.last_feed if person.policy == policy and not person.is_leaving]
    for member in known.members.get(policy, last):
        email = renamed.get(member.email, member.email)
        places[email] = ChainPosition(email, None, _approvers(member, renamed))
    leaving: dict[str, int] = {}
    for number, person in rows:
        if not person.email:
            continue
        if person.is_leaving:
            leaving[person.email] = number
            places.pop(person.email, None)
            continue
        own = _approvers(person, {})
        before = places[person.email].approvers if person.email in places else {}
        places[person.email] = ChainPosition(person.email, number, before | own)
        leaving.pop(person.email, None)
    for email in removed:
        places.pop(email, None)
    return PolicyChains(policy, places, leaving, policy in known.members)


def _approvers(person: Employee, renamed: Mapping[str, str]) -> dict[str, str]:
    return {name: renamed.get(address, address) for name in APPROVERS if (address := getattr(person, name, ""))}


def onward(place: ChainPosition, fields: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The next approvers with their fields. A person who is their own manager is the top of the chain."""
    for name in fields:
        address = place.approvers.get(name, "")
        if address and not (name == "manager" and address == place.email):
            yield name, address


def circles(policy: PolicyChains, fields: Sequence[str]) -> list[list[str]]:
    """The groups of people whose chains by these fields lead back to themselves, each as large as possible.

    Tarjan's strongly connected components, without recursion: a chain may be as long as the feed.
    """
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    groups: list[list[str]] = []

    def after(email: str) -> Iterator[str]:
        return (to for _, to in onward(policy.places[email], fields) if to in policy.places)

    for start in policy.places:
        if start in index:
            continue
        work = [(start, after(start))]
        index[start] = lowest[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            email, others = work[-1]
            for to in others:
                if to not in index:
                    index[to] = lowest[to] = len(index)
                    stack.append(to)
                    on_stack.add(to)
                    work.append((to, after(to)))
                    break
                if to in on_stack:
                    lowest[email] = min(lowest[email], index[to])
            else:
                work.pop()
                if work:
                    above = work[-1][0]
                    lowest[above] = min(lowest[above], lowest[email])
                if lowest[email] == index[email]:
                    group = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        group.append(member)
                        if member == email:
                            break
                    if len(group) > 1 or email in after(email):
                        groups.append(group[::-1])
    return groups
