"""From a file to what Expensify answered and back, against the stand-in over HTTP."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from expensify.answers import read_employee_answer
from exports.employee_updates.feed.answers import Receipt, receipt
from exports.employee_updates.feed.cells import FeedRow, rows_of
from exports.employee_updates.feed.changes import Change, changes
from exports.employee_updates.feed.checking import check_rows
from exports.employee_updates.feed.fields import Employee, members_of
from exports.employee_updates.feed.known import Known
from exports.employee_updates.feed.mapping import mapped, suggest
from exports.employee_updates.feed.reading import read_file, read_pasted
from exports.employee_updates.feed.reverse import reverse
from exports.employee_updates.feed.settings import UpdateSettings, records
from exports.employee_updates.feed.sheet import Feed
from tests.exports.employee_updates.feed.people import RECIPE
from tests.sandbox.caller import Caller
from tests.sandbox.conftest import caller, calling, clock  # noqa: F401 (fixtures)

SETTINGS = UpdateSettings()


class Acme:
    """Acme's first policy, and what a page would do with it."""

    def __init__(self, server: Caller) -> None:
        self.caller = server
        self.policies = {policy.id: policy.name for policy in server.sandbox.company.policies.values()}
        self.policy = next(iter(self.policies))

    def known(self) -> Known:
        info = self.caller.get("policy", policyIDList=[self.policy], fields=["employees"])["policyInfo"]
        members = members_of(self.policy, info[self.policy]["employees"], limits_in_cents=True)
        return Known(self.policies, {self.policy: members})

    def member(self, email: str) -> Employee | None:
        return self.known().by_place.get((self.policy, email))

    def staff(self) -> list[Employee]:
        """Members with all that a row needs."""
        return [person for person in self.known().members[self.policy] if person.employee_id and person.manager]

    def check(self, rows: list[FeedRow]) -> list[Change]:
        known = self.known()
        checked = check_rows(rows, known, SETTINGS)
        assert checked.errors == []
        return changes(checked.numbered, known)

    def send(self, found: list[Change], *, dry_run: bool) -> Receipt:
        job = SETTINGS.job(dry_run=dry_run)
        data = job.data(records([change.person for change in found], SETTINGS))
        answer = read_employee_answer(self.caller.envelope(job.without_secrets(), data=data))
        return receipt(found, answer, dry_run=dry_run, policies=self.policies)


@pytest.fixture
def acme(caller: Caller) -> Acme:  # noqa: F811
    return Acme(caller)


def outcomes(found: Receipt) -> dict[str, tuple[str, str]]:
    return {line.email: (line.outcome, line.sentence) for line in found.lines}


def test_recipe_of_the_help_page_with_its_id_added_goes_from_the_text_to_the_receipt(acme: Acme) -> None:
    manager = acme.staff()[0].manager
    text = RECIPE.replace("1D1BC525C4892584", acme.policy).replace("user@domain.com", "user@acme.example", 1)
    feed = read_pasted(text.replace("usermanager@domain.com", manager))
    assert isinstance(feed, Feed)
    rows = [FeedRow(row.number, {**row.cells, "employee_id": "E-9001"}) for row in feed.rows]

    found = acme.check(rows)
    tried = acme.send(found, dry_run=True)
    after_trying = acme.member("user@acme.example")
    applied = acme.send(found, dry_run=False)

    name = acme.policies[acme.policy]
    assert found[0].kinds == ("joiner",)
    assert outcomes(tried) == {"user@acme.example": ("added", f"Would be added to {name}.")}
    assert after_trying is None
    assert outcomes(applied) == {"user@acme.example": ("added", f"Added to {name}.")}
    assert acme.member("user@acme.example") == Employee(
        email="user@acme.example",
        manager=manager,
        employee_id="E-9001",
        policy=acme.policy,
        custom_field_1="E-9001",
        role="user",
    )


def test_server_applies_exactly_the_predicted_changes(acme: Acme) -> None:
    leaver, mover, *_ = [person for person in acme.staff() if not person.has("approval_limit")]
    boss = next(person.email for person in acme.known().members[acme.policy] if person.role == "admin")
    lines = [
        "Personalnummer;E-Mail;Vorgesetzter (E-Mail);Status",
        f"N-1;New.Person@acme.example;{boss};Aktiv",
        f"{leaver.employee_id};{leaver.email};{leaver.manager};ausgetreten",
        f"{mover.employee_id};{mover.email};{boss};Aktiv",
    ]
    sheet = read_file("\r\n".join(lines).encode("cp1252"))
    assert not isinstance(sheet, Feed)
    rows, _ = mapped(sheet, [one.field for one in suggest(sheet)], {"policy": acme.policy})
    before = acme.known().members[acme.policy]

    found = acme.check(rows)
    outcome = acme.send(found, dry_run=False)

    assert [change.kinds for change in found] == [("joiner",), ("leaver",), ("approver",)]
    assert [line.outcome for line in outcome.lines] == ["added", "removed", "updated"]
    assert outcome.warnings == ()
    after = {person.email: person for person in acme.known().members[acme.policy]}
    expected = {person.email: person for person in before if person.email != leaver.email}
    assert after == expected | {
        change.email: replace(change.after, role="user", is_terminated=None) for change in found[::2]
    }


def test_reversal_restores_all_that_the_api_can_restore(acme: Acme) -> None:
    people = [person for person in acme.staff() if not person.has("approval_limit")]
    boss = next(person.email for person in acme.known().members[acme.policy] if person.role == "admin")
    before = {person.email: person for person in acme.known().members[acme.policy]}
    joiner = Employee(email="new.person@acme.example", manager=boss, employee_id="N-1", policy=acme.policy)
    rows = rows_of(
        [
            joiner,
            replace(people[0], is_terminated=True),
            replace(people[1], manager=boss),
            replace(people[2], email="renamed@acme.example"),
        ]
    )
    known = acme.known()
    found = acme.check(rows)
    acme.send(found, dry_run=False)

    back = reverse(found, known)
    acme.send(acme.check(rows_of(back.people)), dry_run=False)

    assert {person.email: person for person in acme.known().members[acme.policy]} == before
    assert [told.row for told in back.irreversible] == [1, 2, 4]


def test_people_whom_the_server_skips_are_told_with_the_fix(calling: Callable[..., Caller]) -> None:  # noqa: F811
    acme = Acme(calling())
    person = acme.staff()[0]
    wrong = [
        replace(person, policy="Marketing"),
        replace(person, email="x@acme.example", employee_id="N-2", manager="manager@domain "),
        replace(person, email="y@acme.example", employee_id=""),
    ]
    known = acme.known()
    found = changes(list(enumerate(wrong, start=1)), known)

    outcome = acme.send(found, dry_run=True)

    assert [(line.outcome, line.reason) for line in outcome.lines] == [
        ("skipped", "No policy found for 'Marketing'"),
        ("skipped", "Invalid manager email address 'manager@domain '"),
        ("skipped", "Required field 'employeeID' is missing"),
    ]
    assert all(not line.sentence.startswith("Expensify gives a reason") for line in outcome.lines)


@pytest.mark.parametrize(
    ("values", "is_wrong"),
    [
        ({}, False),
        ({"employee_id": ""}, True),
        ({"email": "nobody"}, True),
        ({"approval_limit": Decimal(5), "over_limit_approver": ""}, True),
        ({"policy": "NOPE"}, True),
    ],
)
def test_checks_find_what_the_server_would_skip(acme: Acme, values: dict[str, Any], is_wrong: bool) -> None:
    person = replace(acme.staff()[0], **values)

    errors = check_rows(rows_of([person]), acme.known(), SETTINGS).errors
    outcome = acme.send([change_of(person)], dry_run=True)

    assert (bool(errors), outcome.count("skipped")) == (is_wrong, int(is_wrong))


def change_of(person: Employee) -> Change:
    return changes([(1, person)], Known())[0]
