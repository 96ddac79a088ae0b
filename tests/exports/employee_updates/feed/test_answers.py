"""What the answer says of each person, from answers as the contract shows them."""

from dataclasses import replace
from typing import Any

import pytest

from expensify.answers import read_employee_answer
from exports.employee_updates.feed.answers import Other, Receipt, ReceiptLine, explain, receipt
from exports.employee_updates.feed.changes import changes
from exports.employee_updates.feed.fields import Employee
from exports.employee_updates.feed.known import Known
from tests.exports.employee_updates.feed.feeds import ACME, ANN, BEN, BOSS, NAMES, NEW, WIEN, known, numbered


def got(*people: Employee, dry_run: bool = False, against: Known | None = None, **answer: Any) -> Receipt:
    there = known() if against is None else against
    given = read_employee_answer({"dry-run": dry_run, **answer})
    return receipt(changes(numbered(*people), there), given, dry_run=dry_run, policies=NAMES)


def line(*people: Employee, **answer: Any) -> ReceiptLine:
    return got(*people, **answer).lines[0]


@pytest.mark.parametrize(
    ("dry_run", "sentence"), [(True, "Would be added to Acme GmbH."), (False, "Added to Acme GmbH.")]
)
def test_person_in_the_answers_additions_is_added(dry_run: bool, sentence: str) -> None:
    answer = {"updatedEmployeesCount": 1, "diff": {"diffToAdd": {ACME: [NEW.email]}}}

    assert line(NEW, dry_run=dry_run, **answer) == ReceiptLine(1, NEW.email, "added", sentence)


def test_leaver_whom_the_answer_removes_is_removed() -> None:
    said = line(
        replace(BEN, is_terminated=True), updatedEmployeesCount=1, diff={"diffToRemove": {ACME: ["Ben@Acme.example"]}}
    )

    assert (said.outcome, said.sentence) == ("removed", "Removed from Acme GmbH.")


def test_leaver_whom_the_answer_does_not_remove_is_not_called_removed() -> None:
    said = line(replace(BEN, is_terminated=True), updatedEmployeesCount=1)

    assert (said.outcome, said.sentence) == (
        "unmentioned",
        "The row asks to remove the person, and the answer does not say that it was done.",
    )


def test_others_are_updated_when_the_count_accounts_for_everybody() -> None:
    found = got(ANN, BEN, updatedEmployeesCount=2)

    assert [(said.outcome, said.sentence) for said in found.lines] == [
        ("updated", "Counted among the 2 who were updated; the answer does not name them.")
    ] * 2
    assert found.warnings == ()


def test_others_are_not_mentioned_when_the_count_does_not_account_for_everybody() -> None:
    found = got(ANN, BEN, updatedEmployeesCount=1)

    assert [said.outcome for said in found.lines] == ["unmentioned", "unmentioned"]
    assert found.warnings == (
        "2 rows were sent and 0 skipped, but Expensify counts 1 as updated. Look at those who are not mentioned.",
    )


def test_answer_without_a_count_says_nothing_about_those_it_does_not_name() -> None:
    found = got(ANN)

    assert [said.outcome for said in found.lines] == ["unmentioned"]
    assert found.warnings == ("The answer does not say how many people it is about.",)


def test_skipped_person_has_the_reason_in_plain_words_and_the_fix() -> None:
    reason = "Invalid manager email address 'manager@domain '"

    said = line(BEN, updatedEmployeesCount=0, skippedEmployees=[{"email": BEN.email, "reason": reason}])

    assert said == ReceiptLine(
        1,
        BEN.email,
        "skipped",
        "The manager's address “manager@domain ” is not valid.",
        reason,
        "Mend the address, and look for spaces in it.",
    )


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("No policy found for 'Marketing'", "There is no policy “Marketing” that this credential may change."),
        ("Required field 'employeeID' is missing", "The field “Employee ID” is missing, and has to be there."),
        ("Invalid role 'boss'", "“boss” is no role."),
        ("Something new", "Expensify gives a reason that the portal does not know."),
    ],
)
def test_reason_is_explained(reason: str, words: str) -> None:
    said, fix = explain(reason)

    assert said == words
    assert fix.endswith(".")


def test_reason_matches_one_of_two_rows_of_a_person() -> None:
    rows = [BEN, replace(BEN, policy=WIEN)]
    reason = f"No policy found for '{WIEN}'"

    found = got(*rows, updatedEmployeesCount=1, skippedEmployees=[{"email": BEN.email, "reason": reason}])

    assert [said.outcome for said in found.lines] == ["updated", "skipped"]


def test_ambiguous_reason_skips_both_rows_of_a_person() -> None:
    rows = [BEN, replace(BEN, policy=WIEN)]

    found = got(*rows, updatedEmployeesCount=1, skippedEmployees=[{"email": BEN.email, "reason": "Internal error"}])

    assert [said.outcome for said in found.lines] == ["skipped", "skipped"]


def test_domain_group_is_told() -> None:
    said = line(BEN, updatedEmployeesCount=1, securityGroupEmployeesMap={"407184": [BEN.email]})

    assert said.sentence.startswith("Put in the domain group 407184.")


def test_somebody_without_a_row_whom_the_answer_names_is_told() -> None:
    found = got(
        BEN,
        dry_run=True,
        updatedEmployeesCount=1,
        diff={"diffToAdd": {WIEN: ["cfo@acme.example"]}},
        skippedEmployees=[{"email": "", "reason": "Record malformed"}],
    )

    assert found.others == (
        Other("", "Would be skipped: The row could not be read. (“Record malformed”)"),
        Other("cfo@acme.example", "Would be added to Acme Wien."),
    )


def test_removal_from_a_policy_that_no_row_names_is_told() -> None:
    row = replace(BEN, remove_from_others=True)

    said = line(row, updatedEmployeesCount=1, diff={"diffToRemove": {"ELSEWHERE": [BEN.email]}})

    assert (said.outcome, said.sentence) == ("removed", "Removed from ELSEWHERE too, which no row names.")


def test_manager_with_a_row_who_is_invited_elsewhere_is_told_so_on_that_row() -> None:
    found = got(ANN, BEN, updatedEmployeesCount=2, diff={"diffToAdd": {WIEN: [ANN.email]}})

    assert [(said.outcome, said.sentence) for said in found.lines[:1]] == [
        ("added", "Added to Acme Wien too, which no row names: somebody's chain of approvers goes there.")
    ]
    assert found.others == ()


def test_each_row_of_a_moving_person_reports_its_own_policy() -> None:
    rows = [replace(BEN, is_terminated=True), replace(BEN, policy=WIEN)]

    found = got(
        *rows, updatedEmployeesCount=2, diff={"diffToAdd": {WIEN: [BEN.email]}, "diffToRemove": {ACME: [BEN.email]}}
    )

    assert [said.sentence for said in found.lines] == ["Removed from Acme GmbH.", "Added to Acme Wien."]


def test_policies_without_a_row_are_reported_once_per_person() -> None:
    rows = [BEN, replace(BEN, policy=WIEN)]

    found = got(*rows, updatedEmployeesCount=2, diff={"diffToAdd": {"ELSEWHERE": [BEN.email]}})

    assert [said.outcome for said in found.lines] == ["added", "updated"]


def test_leaver_who_is_removed_elsewhere_only_is_not_called_removed() -> None:
    said = line(replace(BEN, is_terminated=True), updatedEmployeesCount=1, diff={"diffToRemove": {WIEN: [BEN.email]}})

    assert said.outcome == "unmentioned"


@pytest.mark.parametrize(
    ("asked", "said", "begins"),
    [
        (True, False, ["A dry run was asked for, and Expensify says that it has changed people."]),
        (False, True, ["Expensify says that this was a dry run"]),
        (True, True, []),
        (False, None, []),
    ],
)
def test_answer_with_the_wrong_dry_run_switch_is_a_warning(asked: bool, said: bool | None, begins: list[str]) -> None:
    given = read_employee_answer({"dry-run": said, "updatedEmployeesCount": 1})
    found = receipt(changes(numbered(BEN), known()), given, dry_run=asked, policies=NAMES)

    assert [text[: len(begin)] for text, begin in zip(found.warnings, begins, strict=True)] == begins


@pytest.mark.parametrize("answer", [{}, {"diff": []}, {"diff": {"diffToAdd": None}}, {"skippedEmployees": "x"}])
def test_answer_whose_maps_are_missing_is_read(answer: dict[str, Any]) -> None:
    assert [said.outcome for said in got(BOSS, **answer).lines] == ["unmentioned"]


def test_outcomes_are_counted() -> None:
    found = got(NEW, BEN, updatedEmployeesCount=2, diff={"diffToAdd": {ACME: [NEW.email]}})

    assert {name: found.count(name) for name in ("added", "updated", "skipped")} == {
        "added": 1,
        "updated": 1,
        "skipped": 0,
    }


def test_rename_brings_the_new_login_into_the_policies_of_the_old_one() -> None:
    renamed = replace(ANN, email="ann.new@acme.example")
    found = got(
        renamed,
        updatedEmployeesCount=1,
        diff={
            "diffToAdd": {ACME: [renamed.email], WIEN: [renamed.email]},
            "diffToRemove": {ACME: [ANN.email], WIEN: [ANN.email]},
        },
    )

    assert [(said.outcome, said.sentence) for said in found.lines] == [
        (
            "added",
            "Added to Acme GmbH. Added to Acme Wien too, which no row names. "
            f"The row renames the login {ANN.email}, so the new one takes its place.",
        )
    ]
    assert found.others == (
        Other(ANN.email, f"Removed from Acme GmbH and Acme Wien. This is the former login of {renamed.email}."),
    )


def test_rename_only_further_on_is_no_chain_of_approvers() -> None:
    renamed = replace(ANN, email="ann.new@acme.example")

    said = line(renamed, updatedEmployeesCount=1, diff={"diffToAdd": {WIEN: [renamed.email]}})

    assert "chain of approvers" not in said.sentence
    assert f"The row renames the login {ANN.email}" in said.sentence
