"""The way back: rows that restore what was there before an update, and what no row can restore."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from exports.employee_updates.feed.changes import Change, FieldChange
from exports.employee_updates.feed.fields import FIELDS, MEMBER_FIELDS, Employee
from exports.employee_updates.feed.findings import quoted
from exports.employee_updates.feed.known import Known

# Account-level, and never overwritten [M].
_NAMES = ("first_name", "last_name")
_ORDERS = {"is_terminated": None, "additional_policies": (), "remove_from_others": None}


@dataclass(frozen=True)
class Irreversible:
    """Something of a row that stays as the update made it; `row` is the row's number in that update."""

    row: int
    email: str
    sentence: str


@dataclass(frozen=True)
class Reverse:
    """A new feed that goes back, to be checked and dry-run like any other, and what it cannot do."""

    people: tuple[Employee, ...]
    irreversible: tuple[Irreversible, ...]


def reverse(found: Sequence[Change], known: Known) -> Reverse:
    """From the changes of an update, and what was known before it, the rows that undo it.

    Give it the changes that happened only: of a person who was skipped there is nothing to undo.
    """
    people: list[Employee] = []
    told: list[Irreversible] = []
    for change in found:
        for outcome in _undone(change, known):
            if isinstance(outcome, Employee):
                people.append(outcome)
            else:
                told.append(Irreversible(change.row, change.email, outcome))
    return Reverse(tuple(people), tuple(told))


def _undone(change: Change, known: Known) -> Iterator[Employee | str]:
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
        yield from _values_before(change.before, person, own)
    for policy in dict.fromkeys(field.policy for field in change.fields if field.policy):
        member = known.by_place[policy, person.email]
        yield from _values_before(
            member, person, [field for field in change.fields if field.policy == policy]
        )


def _bare(person: Employee, manager: str) -> Employee:
    """The required fields alone."""
    return Employee(email=person.email, manager=manager, employee_id=person.employee_id, policy=person.policy)


def _restored(before: Employee, person: Employee) -> Employee:
    """A member as before; where the policy did not tell a required field, as the row said it."""
    values = {name: before.value(name) for name in FIELDS if name in MEMBER_FIELDS or before.has(name)}
    restored = Employee(**(values | _ORDERS))  # type: ignore[arg-type]  # each its own field's value
    return replace(
        restored,
        manager=restored.manager or person.manager,
        employee_id=restored.employee_id or person.employee_id,
    )


def _values_before(
    before: Employee, person: Employee, fields: Sequence[FieldChange]
) -> Iterator[Employee | str]:
    row = replace(
        _bare(before, before.manager or person.manager),
        employee_id=before.employee_id or person.employee_id,
        # Left out, it would get the employee ID.
        custom_field_1=before.custom_field_1,
    )
    sent = False
    for field in fields:
        heading = FIELDS[field.field].heading
        if field.field in _NAMES:
            yield f"{heading}: a name that somebody has is never overwritten, so it stays as it is now."
        elif not field.is_known:
            yield f"{heading}: what stood there before is not known."
        elif field.before in ("", None, ()):
            yield f"{heading} was empty before, and nothing can be emptied; it stays {quoted(_shown(field))}."
        else:
            row = replace(row, **{field.field: field.before})  # type: ignore[arg-type]
            sent = True
            if field.field == "email":
                yield f"{person.email} stays as a second login of {before.email}."
            if field.field == "approval_limit":
                # A limit is not sent without one.
                row = replace(
                    row, over_limit_approver=before.over_limit_approver or person.over_limit_approver
                )
    if sent:
        yield row


def _shown(field: FieldChange) -> str:
    return "; ".join(field.after) if isinstance(field.after, tuple) else str(field.after)
