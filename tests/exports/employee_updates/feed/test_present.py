"""What an update wanted against the members as they are afterwards."""

import pytest

from exports.employee_updates.feed.changes import changes
from exports.employee_updates.feed.fields import Employee
from exports.employee_updates.feed.known import Known
from exports.employee_updates.feed.present import compare

POLICIES = {"P1": "Sales", "P2": "Research"}
ANN = Employee(email="ann@acme.example", manager="boss@acme.example", employee_id="1", policy="P1", custom_field_1="1")
BOB = Employee(email="bob@acme.example", manager="boss@acme.example", employee_id="2", policy="P1")
KNOWN = Known(policies=POLICIES, members={"P1": (ANN,), "P2": ()})


def seen(wanted: Employee, now: tuple[Employee, ...]) -> tuple[str, tuple[str, ...]]:
    [present] = compare(changes([(1, wanted)], KNOWN), {"P1": now}, POLICIES)
    return present.standing, present.sentences


def changed(person: Employee, **values: object) -> Employee:
    return Employee(**(person.given() | values))  # type: ignore[arg-type]


LEAVER = changed(ANN, is_terminated=True)
MOVED = changed(ANN, manager="new@acme.example")
BOTH = changed(ANN, manager="new@acme.example", custom_field_2="CC-1")


@pytest.mark.parametrize(
    ("wanted", "now", "standing", "sentence"),
    [
        (LEAVER, (), "there", "Is no member of Sales."),
        (LEAVER, (ANN,), "not", "Is still a member of Sales."),
        (BOB, (), "not", "Is no member of Sales."),
        (MOVED, (MOVED,), "there", "Manager is “new@acme.example”."),
        (MOVED, (ANN,), "not", "Manager is “boss@acme.example”, not “new@acme.example”."),
        (BOTH, (MOVED,), "partly", "Custom field 2 is empty, not “CC-1”."),
        (changed(BOB, policy="P2"), (), "unknown", "The members of Research were not read."),
        (changed(ANN, first_name="Ann"), (ANN,), "unknown", "A policy does not tell First name."),
    ],
)
def test_standing_of_a_person_comes_with_its_reason(
    wanted: Employee, now: tuple[Employee, ...], standing: str, sentence: str
) -> None:
    found, sentences = seen(wanted, now)

    assert (found, sentences[0]) == (standing, sentence)


def test_joiner_who_is_there_with_everything_is_there_as_wanted() -> None:
    there = changed(BOB, custom_field_1="2")

    assert seen(BOB, (there,))[0] == "there"


def test_row_that_wanted_nothing_new_has_nothing_to_see() -> None:
    [present] = compare(changes([(1, ANN)], KNOWN), {"P1": (ANN,)}, POLICIES)

    assert (present.standing, present.sentences) == ("nothing", ())
