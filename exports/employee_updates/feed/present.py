"""Compare the members at Expensify after an update with the requested changes, person by person.

For an update whose answer was lost, and for people whom an answer does not mention.
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
    """How much of a row's change is done; `sentences` list the details, missing ones first."""

    row: int
    email: str
    standing: Standing
    sentences: tuple[str, ...]


def compare(
    changes: Sequence[Change], members: Mapping[str, Sequence[Employee]], policies: Mapping[str, str]
) -> list[Present]:
    """Compare each change with the present members by policy. `policies` are names by identifier.

    The result is unknown for a policy that is not in `members` and for fields that policies do not show.
    """
    by_place = {(policy, person.email): person for policy, people in members.items() for person in people}
    return [_compare(change, by_place, set(members), policies) for change in changes]


def _compare(
    change: Change, by_place: Mapping[tuple[str, str], Employee], read: set[str], policies: Mapping[str, str]
) -> Present:
    sentences: dict[bool | None, list[str]] = {False: [], None: [], True: []}
    for is_done, text in _check_effects(change, by_place, read, policies):
        sentences[is_done].append(text)
    standing: Standing = "nothing"
    if sentences[False]:
        standing = "partly" if sentences[True] else "not"
    elif sentences[True]:
        standing = "there"
    elif sentences[None]:
        standing = "unknown"
    return Present(change.row, change.email, standing, (*sentences[False], *sentences[None], *sentences[True]))


def _check_effects(
    change: Change, by_place: Mapping[tuple[str, str], Employee], read: set[str], policies: Mapping[str, str]
) -> Iterator[tuple[bool | None, str]]:
    """Each effect of the row as a sentence, with whether it is done; None for unknown."""

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
    unknown_fields = []
    for field in change.fields:
        policy = field.policy or change.person.policy
        # A member is found by the address, so the address needs no comparison.
        if policy in absent or policy not in read or field.field == "email":
            continue
        heading = FIELDS[field.field].heading
        if field.field not in MEMBER_FIELDS:
            unknown_fields.append(heading)
            continue
        member = by_place[policy, change.email]
        now, wanted = member.value(field.field), field.after
        where = f" in {name(policy)}" if field.policy else ""
        if now == wanted:
            yield True, f"{heading}{where} is {_shown(field.field, wanted)}."
        else:
            yield False, f"{heading}{where} is {_shown(field.field, now)}, not {_shown(field.field, wanted)}."
    if unknown_fields:
        yield None, f"A policy does not tell {named(unknown_fields)}."


def _shown(field: str, value: object) -> str:
    text = text_of(FIELDS[field], value)  # type: ignore[arg-type]  # the value has the type of its field
    return quoted(text) if text else "empty"
