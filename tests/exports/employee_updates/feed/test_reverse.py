"""The way back from an update, and what it cannot do."""

from dataclasses import replace
from decimal import Decimal

from exports.employee_updates.feed.changes import changes
from exports.employee_updates.feed.fields import Employee
from exports.employee_updates.feed.known import Known
from exports.employee_updates.feed.reverse import Reverse, reverse
from tests.exports.employee_updates.feed.feeds import (
    ACME,
    ANN,
    BEN,
    BOSS,
    MEMBERS,
    NAMES,
    NEW,
    WIEN,
    known,
    member,
    numbered,
)


def undone(person: Employee, against: Known | None = None) -> Reverse:
    there = known() if against is None else against
    return reverse(changes(numbered(person), there), there)


def sentences(found: Reverse) -> list[str]:
    return [told.sentence for told in found.irreversible]


BARE_BEN = replace(BEN, custom_field_1="E-3")


def test_unchanged_person_needs_no_reversal() -> None:
    assert undone(BEN) == Reverse((), ())


def test_joiner_is_removed_and_the_invitation_stays() -> None:
    found = undone(NEW)

    assert found.people == (
        Employee(email=NEW.email, manager=ANN.email, employee_id="N-1", policy=ACME, is_terminated=True),
    )
    assert [(told.row, told.email) for told in found.irreversible] == [(1, NEW.email)]
    assert sentences(found)[0].startswith("An invitation cannot be taken back.")


def test_leaver_is_invited_anew_as_they_were() -> None:
    was = member(BEN, approval_limit=Decimal(5), over_limit_approver=BOSS.email)

    found = undone(replace(BEN, is_terminated=True), known(*MEMBERS[:2], was))

    assert found.people == (was,)
    assert sentences(found)[0].startswith("The person is invited to the policy anew")


def test_leaver_without_number_or_manager_gets_those_of_the_row() -> None:
    was = Employee(email=BEN.email, policy=ACME, role="user")

    found = undone(replace(BEN, is_terminated=True), known(*MEMBERS[:2], was))

    assert found.people == (replace(was, manager=ANN.email, employee_id="E-3"),)


def test_unknown_leaver_cannot_be_restored() -> None:
    found = undone(replace(BEN, is_terminated=True), Known(NAMES))

    assert (found.people, sentences(found)) == (
        (),
        [f"How the person was in the policy {ACME} is not known, so no row can bring them back there."],
    )


def test_changed_manager_is_set_back_without_losing_custom_field_1() -> None:
    there = known(*MEMBERS[:2], member(BEN, custom_field_1="K-3"))

    found = undone(replace(BEN, manager=BOSS.email, custom_field_1="K-3"), there)

    assert found == Reverse((replace(BEN, custom_field_1="K-3"),), ())


def test_field_that_was_empty_cannot_be_emptied_again() -> None:
    found = undone(replace(BEN, approves_to=BOSS.email))

    assert (found.people, sentences(found)) == (
        (),
        ["Next approver was empty before, and nothing can be emptied; it stays “boss@acme.example”."],
    )


def test_field_of_which_nothing_was_known_cannot_be_set_back() -> None:
    found = undone(replace(BEN, manager=BOSS.email, worker_status="On Leave"))

    assert (found.people, sentences(found)) == ((BARE_BEN,), ["Worker status: what stood there before is not known."])


def test_name_is_never_overwritten() -> None:
    there = known(last_feed=(replace(BEN, first_name="Ben"),))

    found = undone(replace(BEN, first_name="Benjamin"), there)

    assert (found.people, sentences(found)) == (
        (),
        ["First name: a name that somebody has is never overwritten, so it stays as it is now."],
    )


def test_renamed_login_is_renamed_back_and_the_new_address_stays_as_a_second() -> None:
    found = undone(replace(BEN, email="benjamin@acme.example"))

    assert (found.people, sentences(found)) == (
        (BARE_BEN,),
        ["benjamin@acme.example stays as a second login of ben@acme.example."],
    )


def test_lowered_limit_is_set_back_with_the_approver_above_it() -> None:
    was = member(BEN, approval_limit=Decimal(500), over_limit_approver=BOSS.email)

    found = undone(replace(BEN, approval_limit=Decimal(5), over_limit_approver=BOSS.email), known(*MEMBERS[:2], was))

    assert found.people == (replace(BARE_BEN, approval_limit=Decimal(500), over_limit_approver=BOSS.email),)


def test_joined_further_policy_is_removed() -> None:
    found = undone(replace(BEN, additional_policies=(WIEN,)))

    assert found.people == (replace(BEN, policy=WIEN, is_terminated=True),)


def test_nobody_is_removed_from_a_policy_that_they_may_have_been_in() -> None:
    found = undone(replace(BEN, additional_policies=(WIEN,)), Known(NAMES, {ACME: MEMBERS}))

    assert (found.people, sentences(found)) == (
        (),
        [f"Whether the person was in the policy {WIEN} before is not known, so no row removes them from it."],
    )


def test_change_in_a_further_policy_is_set_back_there() -> None:
    wien = member(replace(BEN, policy=WIEN, manager=BOSS.email))

    found = undone(replace(BEN, additional_policies=(WIEN,)), known(*MEMBERS, wien=(wien,)))

    assert found == Reverse((replace(BARE_BEN, policy=WIEN, manager=BOSS.email),), ())


def test_implicitly_removed_policy_is_joined_again() -> None:
    wien = member(replace(BEN, policy=WIEN))

    found = undone(replace(BEN, remove_from_others=True), known(*MEMBERS, wien=(wien,)))

    assert found.people == (wien,)


def test_unknown_person_has_no_reversal() -> None:
    found = undone(BEN, Known(NAMES))

    assert (found.people, len(found.irreversible)) == ((), 1)
