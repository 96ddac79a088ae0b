"""What a feed changes, person by person, before and after: what is sent laid over what is known."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from exports.employee_updates.feed.fields import FIELDS, MEMBER_FIELDS, Employee, Value
from exports.employee_updates.feed.known import Known

Kind = Literal["joiner", "leaver", "login", "approver", "limit", "other", "unknown", "unchanged"]

KINDS: dict[Kind, str] = {
    "joiner": "Joins",
    "leaver": "Leaves",
    "login": "Changed login",
    "approver": "Changed approver",
    "limit": "Changed limit",
    "other": "Other changes",
    "unknown": "Nothing known of before",
    "unchanged": "Unchanged",
}
_KIND_OF: dict[str, Kind] = {
    "email": "login",
    "manager": "approver",
    "approves_to": "approver",
    "over_limit_approver": "approver",
    "approval_limit": "limit",
}
# They say what the row does, and are no property of the person afterwards.
_ORDERS = ("policy", "additional_policies", "is_terminated", "remove_from_others")
_TOLD_BY_FEEDS = tuple(name for name in FIELDS if name not in MEMBER_FIELDS and name not in _ORDERS)


@dataclass(frozen=True)
class FieldChange:
    """A field before and after. `is_known` is False when nothing tells what stands there now.

    `policy` is one of the row's further policies when the field is another there, and "" for the row's own.
    """

    field: str
    before: Value
    after: Value
    is_known: bool = True
    policy: str = ""


@dataclass(frozen=True)
class Change:
    """What a row does to a person. `kinds` has one or more of `KINDS`, in their order.

    `before` is how the person is known in the row's policy, None for a joiner, and for one of whom nothing is known.
    `after` is what would be there; an empty cell leaves what there is. `added` and `removed` are policies; those
    removed without the row naming them are in `implied` too. Of those in `unknown`, whose members were not read, nobody
    can say whether the person joins them.
    """

    row: int
    kinds: tuple[Kind, ...]
    person: Employee
    before: Employee | None
    after: Employee
    fields: tuple[FieldChange, ...]
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    implied: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def email(self) -> str:
        return self.person.email


def before_of(person: Employee, known: Known) -> Employee | None:
    """How the person is known in the row's policy, under the new address or the one their number has.

    What the policy says of a member outranks the last feed; of fields that policies do not tell, the last feed is all
    there is.
    """
    old = known.renamed_from(person)
    for email in filter(None, (person.email, old)):
        member = known.by_place.get((person.policy, email))
        last = known.last_by_place.get((person.policy, email))
        if member is not None:
            told = {name: last.value(name) for name in _TOLD_BY_FEEDS} if last else {}
            return replace(member, **told) if told else member  # type: ignore[arg-type]
        if person.policy not in known.members and last is not None and not last.is_leaving:
            # What was left out of the last feed was filled with the number then.
            return replace(last, custom_field_1=last.custom_field_1 or last.employee_id)
    return None


def changes(rows: Sequence[tuple[int, Employee]], known: Known) -> list[Change]:
    """One change for each row, in the order of the rows."""
    return [_change(number, person, known) for number, person in rows]


def counts(found: Sequence[Change]) -> dict[Kind, int]:
    """How many rows are of each kind; a row can be of several."""
    counted = Counter(kind for change in found for kind in change.kinds)
    return {kind: counted[kind] for kind in KINDS}


def not_in_feed(rows: Sequence[tuple[int, Employee]], known: Known) -> list[Employee]:
    """People of the last feed without a row now. Nothing happens to them: leaving a row out removes nobody."""
    there = {person.email for _, person in rows} | {known.renamed_from(person) for _, person in rows}
    missing = {person.email: person for person in known.last_feed if not person.is_leaving}
    return [person for email, person in missing.items() if email not in there]


def same_as_members(rows: Sequence[tuple[int, Employee]], known: Known) -> list[int]:
    """The numbers of the rows that give nothing but what a policy tells of its member already."""
    found = []
    for number, person in rows:
        member = known.by_place.get((person.policy, person.email))
        if member is not None and all(value == member.value(name) for name, value in person.given().items()):
            found.append(number)
    return found


def _change(number: int, person: Employee, known: Known) -> Change:
    before = before_of(person, known)
    present = _present_policies(person, known)
    implied = tuple(policy for policy in present if policy not in person.policies)
    implied = implied if person.remove_from_others else ()
    if person.is_leaving:
        is_there = before is not None or person.policy not in known.members
        removed = ((person.policy,) if is_there else ()) + implied
        kinds: tuple[Kind, ...] = ("leaver",) if removed else ("unchanged",)
        return Change(number, kinds, person, before, before or person, (), (), removed, implied)
    last = known.last_by_place.get((person.policy, person.email))
    was_in = {*present, *(last.policies if last and not last.is_leaving else ())}
    added = tuple(policy for policy in person.policies if policy in known.members and policy not in present)
    unknown = tuple(
        policy for policy in person.policies if policy not in known.members and policy not in was_in
    )
    after = _after(person, before)
    if before is None:
        kinds = ("joiner",) if person.policy in known.members else ("unknown",)
        fields = tuple(
            FieldChange(name, None, after.value(name))
            for name in FIELDS
            if after.has(name) and name not in _ORDERS
        )
    else:
        fields = tuple(_field_changes(before, after, known))
        kinds = _kinds(fields, bool(added))
    if elsewhere := tuple(_changes_elsewhere(person, known)):
        fields += elsewhere
        kinds = _ordered({*kinds, *_kinds(elsewhere, False)} - {"unchanged"})
    if unknown:
        kinds = _ordered({*kinds, "unknown"} - {"unchanged"})
    if implied:
        kinds = _ordered({*kinds, "leaver"} - {"unchanged"})
    return Change(number, kinds, person, before, after, fields, added, implied, implied, unknown)


def _present_policies(person: Employee, known: Known) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for email in filter(None, (person.email, known.renamed_from(person))):
        found |= dict.fromkeys(known.policies_of.get(email, ()))
    return tuple(found)


def _after(person: Employee, before: Employee | None) -> Employee:
    """The row over what there was: nothing can be emptied [O], and Custom Field 1 gets the number when left out [M]."""
    given = person.given()
    if not person.custom_field_1 and person.employee_id:
        given["custom_field_1"] = person.employee_id
    return Employee(**{**(before.given() if before else {}), **given})  # type: ignore[arg-type]  # each its field's value


def _changes_elsewhere(person: Employee, known: Known) -> Iterator[FieldChange]:
    """What the row changes in its further policies, of which the person is a member already."""
    if not person.additional_policies:
        return
    given = _after(person, None)
    for policy in person.policies[1:] if person.policy else person.policies:
        member = known.by_place.get((policy, person.email))
        if member is None:
            continue
        for name in FIELDS:
            counts_here = name in MEMBER_FIELDS and name not in ("email", *_ORDERS) and given.has(name)
            if counts_here and given.value(name) != member.value(name):
                yield FieldChange(name, member.value(name), given.value(name), policy=policy)


def _field_changes(before: Employee, after: Employee, known: Known) -> list[FieldChange]:
    last = known.last_by_place.get((before.policy, before.email))
    told = MEMBER_FIELDS if before.policy in known.members else frozenset[str]()
    found = []
    for name in FIELDS:
        if name in _ORDERS or before.value(name) == after.value(name):
            continue
        is_known = name in told or (last is not None and last.has(name))
        found.append(FieldChange(name, before.value(name), after.value(name), is_known))
    return found


def _kinds(fields: Sequence[FieldChange], joins_further: bool) -> tuple[Kind, ...]:
    kinds: set[Kind] = {_KIND_OF.get(change.field, "other") for change in fields if change.is_known}
    if joins_further:
        kinds.add("other")
    return _ordered(kinds) if kinds else ("unchanged",)


def _ordered(kinds: set[Kind]) -> tuple[Kind, ...]:
    return tuple(kind for kind in KINDS if kind in kinds)
