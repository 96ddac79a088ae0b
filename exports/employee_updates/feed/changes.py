"""The changes of a feed, person by person, before and after: the rows compared with what is known."""

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
# These fields say what the row does; they are not properties of the person.
_INSTRUCTIONS = ("policy", "additional_policies", "is_terminated", "remove_from_others")
_FEED_ONLY_FIELDS = tuple(name for name in FIELDS if name not in MEMBER_FIELDS and name not in _INSTRUCTIONS)


@dataclass(frozen=True)
class FieldChange:
    """A field before and after. `is_known` is False when the value before is unknown.

    `policy` is "" for the row's own policy, else one of its further policies, where the value differs.
    """

    field: str
    before: Value
    after: Value
    is_known: bool = True
    policy: str = ""


@dataclass(frozen=True)
class Change:
    """The change that a row makes to a person. `kinds` has one or more of `KINDS`, in their order.

    `before` is the person in the row's policy, None for a joiner and for an unknown person. `after` is the result; an
    empty cell keeps the old value. `added` and `removed` are policies; `implied` are the removed ones that the row does
    not name. The members of policies in `unknown` were not read, so the person may or may not join them.
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
    """The person in the row's policy before the feed, by the new address or the known address of their employee ID.

    The members of the policy take precedence over the last feed, which alone has the fields that policies do not show.
    """
    old = known.renamed_from(person)
    for email in filter(None, (person.email, old)):
        member = known.by_place.get((person.policy, email))
        last = known.last_by_place.get((person.policy, email))
        if member is not None:
            extra = {name: last.value(name) for name in _FEED_ONLY_FIELDS} if last else {}
            return replace(member, **extra)  # type: ignore[arg-type]  # each value has the type of its field
        if person.policy not in known.members and last is not None and not last.is_leaving:
            # Expensify filled an empty Custom Field 1 of the last feed with the employee ID.
            return replace(last, custom_field_1=last.custom_field_1 or last.employee_id)
    return None


def changes(rows: Sequence[tuple[int, Employee]], known: Known) -> list[Change]:
    """One change for each row, in the order of the rows."""
    return [_change(number, person, known) for number, person in rows]


def counts(row_changes: Sequence[Change]) -> dict[Kind, int]:
    """The number of rows of each kind; a row can have several kinds."""
    counter = Counter(kind for change in row_changes for kind in change.kinds)
    return {kind: counter[kind] for kind in KINDS}


def not_in_feed(rows: Sequence[tuple[int, Employee]], known: Known) -> list[Employee]:
    """People of the last feed without a row now. Nothing happens to them: a missing row removes nobody."""
    addresses = {person.email for _, person in rows} | {known.renamed_from(person) for _, person in rows}
    missing = {person.email: person for person in known.last_feed if not person.is_leaving}
    return [person for email, person in missing.items() if email not in addresses]


def same_as_members(rows: Sequence[tuple[int, Employee]], known: Known) -> list[int]:
    """The numbers of rows whose values all equal those of the present member."""
    numbers = []
    for number, person in rows:
        member = known.by_place.get((person.policy, person.email))
        if member is not None and all(value == member.value(name) for name, value in person.given().items()):
            numbers.append(number)
    return numbers


def _change(number: int, person: Employee, known: Known) -> Change:
    before = before_of(person, known)
    present = _present_policies(person, known)
    implied = tuple(policy for policy in present if policy not in person.policies)
    implied = implied if person.remove_from_others else ()
    if person.is_leaving:
        may_be_member = before is not None or person.policy not in known.members
        removed = ((person.policy,) if may_be_member else ()) + implied
        kinds: tuple[Kind, ...] = ("leaver",) if removed else ("unchanged",)
        return Change(number, kinds, person, before, before or person, (), (), removed, implied)
    last = known.last_by_place.get((person.policy, person.email))
    was_in = {*present, *(last.policies if last and not last.is_leaving else ())}
    added = tuple(policy for policy in person.policies if policy in known.members and policy not in present)
    unknown = tuple(policy for policy in person.policies if policy not in known.members and policy not in was_in)
    after = _after(person, before)
    if before is None:
        kinds = ("joiner",) if person.policy in known.members else ("unknown",)
        fields = tuple(
            FieldChange(name, None, after.value(name))
            for name in FIELDS
            if after.has(name) and name not in _INSTRUCTIONS
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
    policies: dict[str, None] = {}
    for email in filter(None, (person.email, known.renamed_from(person))):
        policies |= dict.fromkeys(known.policies_of.get(email, ()))
    return tuple(policies)


def _after(person: Employee, before: Employee | None) -> Employee:
    """The row over the old values: nothing can be emptied [O]; an empty Custom Field 1 gets the employee ID [M]."""
    values = person.given()
    if not person.custom_field_1 and person.employee_id:
        values["custom_field_1"] = person.employee_id
    values = {**(before.given() if before else {}), **values}
    return Employee(**values)  # type: ignore[arg-type]  # each value has the type of its field


def _changes_elsewhere(person: Employee, known: Known) -> Iterator[FieldChange]:
    """The changes in further policies of the row where the person is a member already."""
    if not person.additional_policies:
        return
    after = _after(person, None)
    for policy in person.policies[1:] if person.policy else person.policies:
        member = known.by_place.get((policy, person.email))
        if member is None:
            continue
        for name in FIELDS:
            is_compared = name in MEMBER_FIELDS and name not in ("email", *_INSTRUCTIONS) and after.has(name)
            if is_compared and after.value(name) != member.value(name):
                yield FieldChange(name, member.value(name), after.value(name), policy=policy)


def _field_changes(before: Employee, after: Employee, known: Known) -> list[FieldChange]:
    last = known.last_by_place.get((before.policy, before.email))
    known_fields = MEMBER_FIELDS if before.policy in known.members else frozenset[str]()
    field_changes = []
    for name in FIELDS:
        if name in _INSTRUCTIONS or before.value(name) == after.value(name):
            continue
        is_known = name in known_fields or (last is not None and last.has(name))
        field_changes.append(FieldChange(name, before.value(name), after.value(name), is_known))
    return field_changes


def _kinds(fields: Sequence[FieldChange], joins_further: bool) -> tuple[Kind, ...]:
    kinds: set[Kind] = {_KIND_OF.get(change.field, "other") for change in fields if change.is_known}
    if joins_further:
        kinds.add("other")
    return _ordered(kinds) if kinds else ("unchanged",)


def _ordered(kinds: set[Kind]) -> tuple[Kind, ...]:
    return tuple(kind for kind in KINDS if kind in kinds)
