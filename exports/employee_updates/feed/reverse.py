"""Undo an update: rows that restore the values before it, and the effects that no row can undo."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from exports.employee_updates.feed.changes import Change, FieldChange
from exports.employee_updates.feed.fields import FIELDS, MEMBER_FIELDS, Employee
from exports.employee_updates.feed.findings import quoted
from exports.employee_updates.feed.known import Known

# Properties of the account, which an update never overwrites [M].
_NAMES = ("first_name", "last_name")
_INSTRUCTIONS = {"is_terminated": None, "additional_policies": (), "remove_from_others": None}


@dataclass(frozen=True)
class Irreversible:
    """An effect of a row that stays; `row` is its number in the update."""

    row: int
    email: str
    sentence: str


@dataclass(frozen=True)
class Reverse:
    """The feed that undoes an update, checked and dry-run like any other, and the effects that it cannot undo."""

    people: tuple[Employee, ...]
    irreversible: tuple[Irreversible, ...]


def reverse(changes: Sequence[Change], known: Known) -> Reverse:
    """The rows that undo these changes, from what was known before the update.

    Pass only changes that happened, without skipped people.
    """
    people: list[Employee] = []
    irreversible: list[Irreversible] = []
    for change in changes:
        for outcome in _undo(change, known):
            if isinstance(outcome, Employee):
                people.append(outcome)
            else:
                irreversible.append(Irreversible(change.row, change.email, outcome))
    return Reverse(tuple(people), tuple(irreversible))


def _undo(change: Change, known: Known) -> Iterator[Employee | str]:
    person = change.person
    if change.before is None and "unknown" in change.kinds:
        yield "Nothing is known of how the person was before, so there is nothing to go back to."
        return
    for policy in change.added:
        yield replace(_bare(person, person.manager), policy=policy, is_terminated=True)
    if change.added:
        yield (
            "An invitation cannot be taken back. The row removes the person from the policy; the account, and the mail "
            "that invited them, stay."
        )
    for policy in change.unknown:
        yield f"Whether the person was in the policy {policy} before is not known, so no row removes them from it."
    for policy in change.removed:
        before = change.before if policy == person.policy else known.by_place.get((policy, person.email))
        if before is None:
            yield f"How the person was in the policy {policy} is not known, so no row can bring them back there."
            continue
        yield _restored(replace(before, policy=policy), person)
        yield (
            "The person is invited to the policy anew, with what was known of them. Anything else they had there, such "
            "as reports waiting for them, does not come back."
        )
    own = [field for field in change.fields if not field.policy]
    if change.before is not None and not person.is_leaving and own:
        yield from _restore_values(change.before, person, own)
    for policy in dict.fromkeys(field.policy for field in change.fields if field.policy):
        member = known.by_place[policy, person.email]
        yield from _restore_values(member, person, [field for field in change.fields if field.policy == policy])


def _bare(person: Employee, manager: str) -> Employee:
    """The required fields alone."""
    return Employee(email=person.email, manager=manager, employee_id=person.employee_id, policy=person.policy)


def _restored(before: Employee, person: Employee) -> Employee:
    """The member as before; a required field that the policy did not show comes from the row."""
    values = {name: before.value(name) for name in FIELDS if name in MEMBER_FIELDS or before.has(name)}
    restored = Employee(**(values | _INSTRUCTIONS))  # type: ignore[arg-type]  # each value has the type of its field
    return replace(
        restored, manager=restored.manager or person.manager, employee_id=restored.employee_id or person.employee_id
    )


def _restore_values(before: Employee, person: Employee, fields: Sequence[FieldChange]) -> Iterator[Employee | str]:
    row = replace(
        _bare(before, before.manager or person.manager),
        employee_id=before.employee_id or person.employee_id,
        # If it is not sent, Expensify fills it with the employee ID.
        custom_field_1=before.custom_field_1,
    )
    has_values = False
    for field in fields:
        heading = FIELDS[field.field].heading
        if field.field in _NAMES:
            yield f"{heading}: a name that somebody has is never overwritten, so it stays as it is now."
        elif not field.is_known:
            yield f"{heading}: what stood there before is not known."
        elif field.before in ("", None, ()):
            yield f"{heading} was empty before, and nothing can be emptied; it stays {quoted(_shown(field))}."
        else:
            row = replace(row, **{field.field: field.before})  # type: ignore[arg-type]  # its field's type
            has_values = True
            if field.field == "email":
                yield f"{person.email} stays as a second login of {before.email}."
            if field.field == "approval_limit":
                # A limit needs an approver above it.
                row = replace(row, over_limit_approver=before.over_limit_approver or person.over_limit_approver)
    if has_values:
        yield row


def _shown(field: FieldChange) -> str:
    return "; ".join(field.after) if isinstance(field.after, tuple) else str(field.after)
