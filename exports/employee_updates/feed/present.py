"""What stands at Expensify after an update, person by person, against what the update wanted.

For an update whose answer was lost, and for the people an answer says nothing about.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from exports.employee_updates.feed.cells import text_of
from exports.employee_updates.feed.changes import Change
from exports.employee_updates.feed.fields import FIELDS, MEMBER_FIELDS, Employee
from exports.employee_updates.feed.findings import named, quoted, sentence

Standing = Literal["not", "partly", "unknown", "there", "nothing"]

STANDINGS: dict[Standing, str] = {
    "not": "Not there",
    "partly": "Partly there",
    "unknown": "Cannot be told",
    "there": "There as wanted",
    "nothing": "Nothing to see",
}


@dataclass(frozen=True)
class Present:
    """How much of what a row wanted is there; `sentences` say what, the wanting ones first."""

    row: int
    email: str
    standing: Standing
    sentences: tuple[str, ...]


def compare(
    found: Sequence[Change], members: Mapping[str, Sequence[Employee]], policies: Mapping[str, str]
) -> list[Present]:
    """Each change against the members as they are now, by policy. `policies` are names by identifier.

    Of a policy whose members are not in `members`, and of fields that policies do not tell, nobody can say.
    """
    by_place = {(policy, person.email): person for policy, people in members.items() for person in people}
    return [_compare(change, by_place, set(members), policies) for change in found]


def _compare(
    change: Change, by_place: Mapping[tuple[str, str], Employee], read: set[str], policies: Mapping[str, str]
) -> Present:
    seen: dict[bool | None, list[str]] = {False: [], None: [], True: []}
    for is_there, told in _wanted(change, by_place, read, policies):
        seen[is_there].append(told)
    standing: Standing = "nothing"
    if seen[False]:
        standing = "partly" if seen[True] else "not"
    elif seen[True]:
        standing = "there"
    elif seen[None]:
        standing = "unknown"
    return Present(change.row, change.email, standing, (*seen[False], *seen[None], *seen[True]))


def _wanted(
    change: Change, by_place: Mapping[tuple[str, str], Employee], read: set[str], policies: Mapping[str, str]
) -> Iterator[tuple[bool | None, str]]:
    """Each thing that the row wanted, with whether it is there; None when nobody can say."""

    def name(policy: str) -> str:
        return policies.get(policy, policy)

    for policy in change.removed:
        if policy not in read:
            yield None, f"The members of {name(policy)} were not read."
        elif (policy, change.email) in by_place:
            yield False, sentence(f"Is still a member of {name(policy)}")
        else:
            yield True, sentence(f"Is no member of {name(policy)}")
    if change.person.is_leaving:
        return
    absent = set()
    for policy in change.person.policies:
        is_there = (policy, change.email) in by_place
        if policy not in read:
            yield None, f"The members of {name(policy)} were not read."
        elif not is_there:
            absent.add(policy)
            yield False, sentence(f"Is no member of {name(policy)}")
        elif policy in change.added or change.before is None:
            yield True, sentence(f"Is a member of {name(policy)}")
    untold = []
    for field in change.fields:
        policy = field.policy or change.person.policy
        # Somebody who is there at all is there under the address.
        if policy in absent or policy not in read or field.field == "email":
            continue
        heading = FIELDS[field.field].heading
        if field.field not in MEMBER_FIELDS:
            untold.append(heading)
            continue
        member = by_place[policy, change.email]
        now, wanted = member.value(field.field), field.after
        where = f" in {name(policy)}" if field.policy else ""
        if now == wanted:
            yield True, f"{heading}{where} is {_shown(field.field, wanted)}."
        else:
            yield False, f"{heading}{where} is {_shown(field.field, now)}, not {_shown(field.field, wanted)}."
    if untold:
        yield None, f"A policy does not tell {named(untold)}."


def _shown(field: str, value: object) -> str:
    text = text_of(FIELDS[field], value)  # type: ignore[arg-type]  # each its field's value
    return quoted(text) if text else "empty"
