"""Leavers: who waits for them, who takes over, and how many are too many."""

from dataclasses import replace

import pytest

from exports.employee_updates.feed.changes import changes
from exports.employee_updates.feed.fields import Employee
from exports.employee_updates.feed.known import Known
from exports.employee_updates.feed.leaving import (
    Handover,
    Leaver,
    LeaverLimit,
    check_leaver_limit,
    find_leavers,
    handover_sentence,
)
from tests.exports.employee_updates.feed.feeds import (
    ACME,
    ANN,
    BEN,
    BOSS,
    MEMBERS,
    NAMES,
    WIEN,
    known,
    member,
    numbered,
)

LEAVES = replace(ANN, is_terminated=True)


def leavers(*people: Employee, against: Known | None = None) -> list[Leaver]:
    there = known() if against is None else against
    rows = numbered(*people)
    return find_leavers(rows, changes(rows, there), there)


def test_leaver_whom_nobody_replaces_is_not_ready() -> None:
    (leaver,) = leavers(LEAVES)

    assert (leaver.row, leaver.email, leaver.policies, leaver.is_ready) == (1, ANN.email, (ACME,), False)
    assert leaver.handovers == (Handover(ACME, BEN.email, "manager", ""),)


def test_leaver_is_ready_when_everybody_gets_another_approver() -> None:
    (leaver,) = leavers(LEAVES, replace(BEN, manager=BOSS.email))

    assert (leaver.handovers, leaver.is_ready) == ((Handover(ACME, BEN.email, "manager", BOSS.email),), True)


def test_leaver_cannot_hand_over_to_another_leaver() -> None:
    (leaver, _) = leavers(LEAVES, replace(BOSS, is_terminated=True), replace(BEN, manager=BOSS.email))

    assert leaver.handovers == (Handover(ACME, BEN.email, "manager", ""),)


def test_other_leavers_need_no_new_approver() -> None:
    (leaver, _) = leavers(LEAVES, replace(BEN, is_terminated=True))

    assert (leaver.handovers, leaver.is_ready) == ((), True)


def test_leaver_is_looked_for_in_every_place_of_a_chain() -> None:
    there = known(*MEMBERS[:2], member(BEN, manager=BOSS.email, approves_to=ANN.email, over_limit_approver=ANN.email))

    (leaver,) = leavers(LEAVES, against=there)

    assert [handover.field for handover in leaver.handovers] == ["approves_to", "over_limit_approver"]


def test_member_who_is_renamed_waits_under_the_new_address() -> None:
    (leaver,) = leavers(LEAVES, replace(BEN, email="benjamin@acme.example", manager=BOSS.email))

    assert leaver.handovers == (Handover(ACME, "benjamin@acme.example", "manager", BOSS.email),)


def test_removal_that_a_row_implies_is_looked_at_too() -> None:
    wien = (member(replace(ANN, policy=WIEN)), member(replace(BEN, policy=WIEN)))

    (leaver,) = leavers(replace(ANN, remove_from_others=True), against=known(*MEMBERS, wien=wien))

    assert (leaver.policies, leaver.handovers) == ((WIEN,), (Handover(WIEN, BEN.email, "manager", ""),))


def test_nobody_is_called_ready_where_members_were_not_read() -> None:
    (leaver,) = leavers(LEAVES, against=Known(NAMES))

    assert (leaver.handovers, leaver.is_known, leaver.is_ready) == ((), False, False)


def test_handover_is_told_in_a_sentence() -> None:
    assert handover_sentence(Handover(ACME, BEN.email, "manager", "")) == (
        "ben@acme.example has them as manager; nobody takes over yet."
    )
    assert handover_sentence(Handover(ACME, BEN.email, "approves_to", BOSS.email)) == (
        "ben@acme.example has them as next approver; boss@acme.example takes over."
    )


LIMITS = {"most_share": 0.05, "most_people": 10}


def guarded(leave: int, of: int, **limits: float) -> LeaverLimit:
    members = tuple(
        Employee(email=f"p{number}@acme.example", manager=BOSS.email, employee_id=str(number), policy=ACME)
        for number in range(of)
    )
    there = Known(NAMES, {ACME: members})
    rows = numbered(*(replace(person, is_terminated=number < leave) for number, person in enumerate(members)))
    return check_leaver_limit(changes(rows, there), there, **LIMITS | limits)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("leave", "of", "stops"),
    [(0, 10, False), (1, 20, False), (2, 20, True), (5, 100, False), (6, 100, True), (10, 400, False), (11, 400, True)],
)
def test_more_than_a_share_or_a_number_stops(leave: int, of: int, stops: bool) -> None:
    found = guarded(leave, of)

    assert (found.leavers, found.people, found.stops) == (leave, of, stops)


def test_limits_are_the_teams() -> None:
    assert not guarded(11, 400, most_people=11).stops
    assert guarded(2, 100, most_share=0.01).stops
    assert guarded(1, 100, most_people=0).stops


@pytest.mark.parametrize(
    ("leave", "of", "sentence"),
    [
        (1, 20, "1 person leaves, of 20."),
        (2, 20, "2 people leave, of 20: more than 5 % of the members at once. An Admin has to type the number."),
        (11, 400, "11 people leave, of 400: more than 10 people at once. An Admin has to type the number."),
        (11, 20, "11 people leave, of 20: more than 10 people and 5 % of the members at once. An Admin has to type the "
                 "number."),
    ],
)  # fmt: skip
def test_guard_says_why_it_stops(leave: int, of: int, sentence: str) -> None:
    assert guarded(leave, of).sentence == sentence


def test_person_who_leaves_two_policies_counts_once() -> None:
    wien = (member(replace(ANN, policy=WIEN)),)
    there = known(*MEMBERS, wien=wien)
    rows = numbered(LEAVES, replace(LEAVES, policy=WIEN))

    assert check_leaver_limit(changes(rows, there), there, most_share=0.05, most_people=10).leavers == 1


def test_share_is_of_the_last_feed_where_members_were_not_read() -> None:
    there = Known(NAMES, last_feed=(BOSS, ANN, BEN))
    rows = numbered(LEAVES)

    people = [
        check_leaver_limit(changes(rows, known), known, most_share=0.05, most_people=10).people
        for known in (there, Known())
    ]

    assert people == [3, 1]
