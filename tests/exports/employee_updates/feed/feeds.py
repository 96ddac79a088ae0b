"""Feeds for the tests: a few people of Acme, and what is known of them."""

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from exports.employee_updates.feed.cells import FeedRow, rows_of
from exports.employee_updates.feed.checking import Checked, check_rows
from exports.employee_updates.feed.fields import Employee
from exports.employee_updates.feed.findings import RowFinding, UnreadableFile
from exports.employee_updates.feed.known import Known
from exports.employee_updates.feed.reading import read_file
from exports.employee_updates.feed.settings import UpdateSettings
from exports.employee_updates.feed.sheet import Feed, Sheet

ACME = "0123456789ABCDEF"
WIEN = "FEDCBA9876543210"
NAMES = {ACME: "Acme GmbH", WIEN: "Acme Wien"}

BOSS = Employee(email="boss@acme.example", manager="boss@acme.example", employee_id="E-1", policy=ACME)
ANN = Employee(email="ann@acme.example", manager="boss@acme.example", employee_id="E-2", policy=ACME)
BEN = Employee(email="ben@acme.example", manager="ann@acme.example", employee_id="E-3", policy=ACME)
# Somebody whom no policy has yet.
NEW = Employee(email="new@acme.example", manager=ANN.email, employee_id="N-1", policy=ACME, first_name="Nia")


def member(person: Employee, **values: Any) -> Employee:
    """The person as the policy tells of them: a role, and the number in Custom Field 1, where Expensify puts it."""
    return replace(person, **{"role": "user", "custom_field_1": person.employee_id} | values)


MEMBERS = (member(BOSS, role="admin"), member(ANN), member(BEN))


def known(*members: Employee, last_feed: tuple[Employee, ...] = (), **more: tuple[Employee, ...]) -> Known:
    """Both policies, with these members of Acme's; Vienna's are empty unless given as `wien`."""
    return Known(NAMES, {ACME: members or MEMBERS, WIEN: more.get("wien", ())}, last_feed)


def numbered(*people: Employee) -> list[tuple[int, Employee]]:
    return list(enumerate(people, start=1))


def checked(*people: Employee, against: Known | None = None, settings: UpdateSettings | None = None) -> Checked:
    return check_rows(rows_of(people), known() if against is None else against, settings or UpdateSettings())


def cell_findings(field: str, text: str, **cells: str) -> list[RowFinding]:
    """What is found in one cell of a row that is otherwise fine."""
    row = FeedRow(7, {**rows_of([BEN])[0].cells, **cells, field: text})
    return [finding for finding in check_rows([row], known(), UpdateSettings()).findings if finding.field == field]


def told(result: Checked) -> list[tuple[int | None, str, str, str]]:
    """The findings without their sentences: row, field, severity, code."""
    return [(f.row, f.field, f.severity, f.code) for f in result.findings]


def table(content: bytes) -> Sheet:
    sheet = read_file(content)
    assert isinstance(sheet, Sheet)
    return sheet


def refusal(content: bytes) -> str:
    """The sentence with which a file is refused; "" when it is read."""
    try:
        read_file(content)
    except UnreadableFile as refused:
        return str(refused)
    return ""


def is_even_or_refused(content: bytes) -> bool:
    """Whether a file is a table with as many cells in each line as headings, or a feed, or refused in a sentence."""
    try:
        read = read_file(content)
    except UnreadableFile as refused:
        return str(refused).endswith(".")
    return isinstance(read, Feed) or all(len(line.cells) == len(read.headings) for line in read.lines)


unhurried = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For property tests: a busy machine is no fault of the code's."""
