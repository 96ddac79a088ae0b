"""Chains of approvers over random organisations: every circle and every missing end is found, and nothing else."""

from dataclasses import replace
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from exports.employee_updates.feed.cells import rows_of
from exports.employee_updates.feed.chain_checks import ChainNode, Tree
from exports.employee_updates.feed.checking import check_rows
from exports.employee_updates.feed.fields import Employee
from exports.employee_updates.feed.known import Known
from exports.employee_updates.feed.settings import UpdateSettings
from tests.exports.employee_updates.feed.feeds import (
    ACME,
    ANN,
    BEN,
    BOSS,
    MEMBERS,
    NAMES,
    WIEN,
    checked,
    known,
    member,
    told,
    unhurried,
)

MOST = 14


def email(number: int) -> str:
    return f"p{number}@acme.example"


def person(number: int, manager: str) -> Employee:
    return Employee(email=email(number), manager=manager, employee_id=f"E-{number}", policy=ACME)


def found(people: list[Employee], members: list[Employee]) -> set[tuple[int | None, str, str]]:
    """Row, field and code of everything found; people without a row in the feed are members."""
    result = check_rows(rows_of(people), Known(NAMES, {ACME: tuple(members)}), UpdateSettings())
    return {(finding.row, finding.field, finding.code) for finding in result.findings}


@st.composite
def trees(draw: st.DrawFn) -> list[int]:
    """An organisation: the manager of each by number, tops their own."""
    size = draw(st.integers(1, MOST))
    return [draw(st.integers(0, number)) for number in range(size)]


@unhurried
@given(trees())
def test_organisation_without_fault_gives_no_finding(managers: list[int]) -> None:
    people = [person(number, email(manager)) for number, manager in enumerate(managers)]

    assert found(people, []) == set()


@unhurried
@given(trees(), st.data())
def test_every_planted_circle_and_missing_manager_is_found_and_nothing_else(
    managers: list[int], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(managers))))
    to = {number: email(manager) for number, manager in enumerate(managers)}
    expected: set[tuple[int | None, str, str]] = set()
    at = 0
    while at < len(order):
        size = data.draw(st.integers(1, len(order) - at))
        some, at = order[at : at + size], at + size
        match data.draw(st.sampled_from(["circle", "missing", "nothing"])):
            case "circle" if size > 1:
                for one, next_ in zip(some, [*some[1:], some[0]], strict=True):
                    to[one] = email(next_)
                expected |= {(number + 1, "manager", "cycle") for number in some}
            case "missing":
                to[some[0]] = f"ghost{some[0]}@acme.example"
                expected.add((some[0] + 1, "manager", "unknown_manager"))

    assert found([person(number, to[number]) for number in range(len(managers))], []) == expected


@unhurried
@given(st.lists(st.tuples(st.integers(0, MOST), st.booleans()), min_size=1, max_size=MOST))
def test_any_managers_are_checked_like_a_walk_over_the_chains(drawn: list[tuple[int, bool]]) -> None:
    """Some people have a row, the others are members; a number beyond the last is somebody whom nobody knows."""
    size = len(drawn)
    managers = [manager for manager, _ in drawn]
    has_row = [row for _, row in drawn]
    people = [person(number, email(manager)) for number, manager in enumerate(managers)]
    rows = [one for one, row in zip(people, has_row, strict=True) if row]
    row_of = {one.email: number for number, one in enumerate(rows, start=1)}

    def walk(number: int) -> list[int]:
        """Everybody above, until it ends or comes round."""
        seen: list[int] = []
        while (number := managers[number]) < size and number not in seen:
            seen.append(number)
        return seen

    expected: set[tuple[int | None, str, str]] = set()
    for number, manager in enumerate(managers):
        row = row_of.get(email(number))
        if row and manager != number and number in walk(number):
            expected.add((row, "manager", "cycle"))
        if manager >= size:
            if row:
                expected.add((row, "manager", "unknown_manager"))
            elif any(has_row[other] and number in walk(other) for other in range(size)):
                expected.add((None, "manager", "chain_breaks"))
    if not rows:
        return

    members = [one for one, row in zip(people, has_row, strict=True) if not row]
    assert found(rows, members) == expected


@unhurried
@given(st.lists(st.tuples(*[st.none() | st.integers(0, 5)] * 2), min_size=1, max_size=6))
def test_next_approvers_and_those_above_the_limit_are_followed_together(
    drawn: list[tuple[int | None, int | None]],
) -> None:
    size = len(drawn)
    people = [
        Employee(
            email=email(number),
            manager=email(number),
            employee_id=f"E-{number}",
            policy=ACME,
            approves_to=email(to) if to is not None else "",
            over_limit_approver=email(above) if above is not None else "",
        )
        for number, (to, above) in enumerate(drawn)
    ]
    reaches = [[other in edges for other in range(size)] for edges in drawn]
    for middle, start, end in product(range(size), repeat=3):
        reaches[start][end] |= reaches[start][middle] and reaches[middle][end]

    fields = ("approves_to", "over_limit_approver")
    expected = {
        (number + 1, field, "cycle" if to < size and reaches[to][number] else "unknown_approver")
        for number, edges in enumerate(drawn)
        for field, to in zip(fields, edges, strict=True)
        if to is not None and (to >= size or reaches[to][number])
    }

    said = {finding for finding in found(people, []) if finding[2] in ("cycle", "unknown_approver")}
    assert said == expected


def test_circle_of_20_000_is_found() -> None:
    """A chain as long as the feed must not meet the limit of recursion."""
    people = [person(number, email((number + 1) % 20_000)) for number in range(20_000)]

    assert len(check_rows(rows_of(people), Known(NAMES, {ACME: ()}), UpdateSettings()).errors) == 20_000


def test_circle_names_its_path_and_the_fix() -> None:
    result = checked(replace(BOSS, manager=BEN.email), ANN, BEN)

    assert {finding.sentence for finding in result.errors} == {
        "The managers go round in a circle: boss@acme.example → ben@acme.example → ann@acme.example → "
        "boss@acme.example. Let the one at the top name themselves."
    }


def test_existing_circle_is_only_a_warning() -> None:
    ring = [replace(ANN, manager=BEN.email), BEN]

    result = checked(*ring, against=known(*MEMBERS[:1], *map(member, ring)))

    assert told(result) == [(1, "manager", "warning", "cycle"), (2, "manager", "warning", "cycle")]


def test_circle_of_members_without_rows_is_ignored() -> None:
    ring = [member(replace(ANN, manager=BEN.email)), member(BEN)]

    result = checked(BOSS, against=known(member(BOSS), *ring))

    assert (told(result), result.trees) == ([], ())


def drawn(node: ChainNode) -> list[tuple[str, int | None, str]]:
    """A tree without branches, from the top."""
    assert len(node.children) <= 1
    return [(node.email, node.row, node.state), *(line for child in node.children for line in drawn(child))]


def test_circle_is_drawn_from_the_approver_down() -> None:
    (tree,) = checked(replace(BOSS, manager=BEN.email), ANN, BEN).trees

    assert (tree.policy, tree.trouble) == (ACME, "cycle")
    assert drawn(tree.root) == [
        ("boss@acme.example", 1, ""),
        ("ann@acme.example", 2, ""),
        ("ben@acme.example", 3, ""),
        ("boss@acme.example", 1, "again"),
    ]


def test_long_circle_is_drawn_with_its_middle_left_out() -> None:
    people = [person(number, email((number + 1) % 30)) for number in range(30)]

    (tree,) = checked(*people, against=Known(NAMES, {ACME: ()})).trees

    assert drawn(tree.root) == [
        (email(0), 1, ""),
        *((email(number), number + 1, "") for number in range(29, 21, -1)),
        ("", None, "gap"),
        *((email(number), number + 1, "") for number in range(8, 0, -1)),
        (email(0), 1, "again"),
    ]


def test_missing_manager_is_drawn_with_those_who_name_them() -> None:
    people = [person(number, "ghost@acme.example") for number in range(10)]
    result = checked(*people, against=Known(NAMES, {ACME: ()}))

    (tree,) = result.trees
    assert (tree.trouble, tree.root.email, tree.root.state, tree.root.more) == (
        "missing",
        "ghost@acme.example",
        "missing",
        2,
    )
    assert [(child.email, child.row) for child in tree.root.children] == [
        (email(number), number + 1) for number in range(8)
    ]


def test_manager_with_a_letter_too_many_is_met_with_the_right_address() -> None:
    result = checked(replace(BEN, manager="annn@acme.example"))

    assert [finding.sentence for finding in result.errors] == [
        "annn@acme.example has no row and is no member of the policy. Did you mean ann@acme.example?"
    ]


def test_leavers_manager_may_be_unknown() -> None:
    assert told(checked(replace(BEN, manager="gone@acme.example", is_terminated=True))) == []


def test_manager_who_leaves_in_the_same_feed_is_an_error_where_they_are_named() -> None:
    result = checked(replace(ANN, is_terminated=True), BEN)

    assert told(result) == [(2, "manager", "error", "approver_leaves")]
    assert result.trees == (Tree(ACME, "leaver", ChainNode(ANN.email, 1, "leaver", (ChainNode(BEN.email, 2),))),)


def test_leaver_whom_others_still_have_as_approver_is_told_who_waits() -> None:
    result = checked(replace(ANN, is_terminated=True))

    assert [(f.row, f.field, f.severity, f.code, f.sentence) for f in result.findings] == [
        (
            1,
            "is_terminated",
            "warning",
            "leaver_approves",
            "ben@acme.example still has ann@acme.example as approver, and no row in this feed. Add rows that name "
            "whoever takes over.",
        )
    ]


def test_leaver_whose_people_get_another_approver_is_fine() -> None:
    assert told(checked(replace(ANN, is_terminated=True), replace(BEN, manager=BOSS.email))) == []


def test_manager_of_another_policy_is_a_warning_that_says_what_expensify_does() -> None:
    wien = member(replace(ANN, email="wien@acme.example", employee_id="W-1", policy=WIEN))
    row = replace(BEN, manager=wien.email)
    there = known(*MEMBERS, wien=(wien,))

    invited = checked(row, against=there)
    not_invited = checked(row, against=there, settings=UpdateSettings(fix_approval_chains=False))

    assert told(invited) == told(not_invited) == [(1, "manager", "warning", "unknown_manager_here")]
    assert "probably are invited" in invited.findings[0].sentence
    assert "switched off" in not_invited.findings[0].sentence


def test_manager_cannot_be_judged_where_members_were_not_read() -> None:
    result = checked(replace(BEN, manager="ghost@acme.example"), against=Known(NAMES))

    assert told(result) == [(1, "manager", "warning", "unknown_manager_perhaps")]


def test_last_feed_stands_in_for_members_who_were_not_read() -> None:
    assert told(checked(BEN, against=Known(NAMES, last_feed=(ANN, BOSS)))) == []


def test_old_address_of_a_manager_who_is_renamed_is_told() -> None:
    result = checked(replace(ANN, email="anna@acme.example"), BEN)

    assert (2, "manager", "warning", "approver_renamed") in told(result)


def test_members_below_a_renamed_manager_go_with_them() -> None:
    result = checked(replace(ANN, email="anna@acme.example"))

    assert told(result) == [(1, "email", "warning", "renames_login")]


def test_next_approver_whom_the_row_leaves_out_stays_and_may_close_a_circle() -> None:
    there = known(member(BOSS), member(ANN), member(BEN, approves_to=ANN.email))

    result = checked(replace(ANN, approves_to=BEN.email), BEN, against=there)

    assert told(result) == [(row, "approves_to", "error", "cycle") for row in (1, 2)]


def test_leaver_leaves_the_rows_policy_and_approves_on_in_others() -> None:
    wien = (member(replace(BEN, policy=WIEN)), member(replace(ANN, policy=WIEN, manager=BEN.email)))
    row = replace(BEN, is_terminated=True, additional_policies=(WIEN,))

    result = checked(row, against=known(*MEMBERS, wien=wien))

    assert told(result) == [(1, "additional_policies", "warning", "leaver_with_policies")]


def test_approver_after_oneself_is_a_circle() -> None:
    assert told(checked(replace(ANN, approves_to=ANN.email))) == [(1, "approves_to", "error", "cycle")]


def test_chains_of_two_policies_do_not_mix() -> None:
    other = replace(ANN, manager=BEN.email, policy=WIEN)
    wien = known(*MEMBERS, wien=(member(replace(BEN, policy=WIEN, manager=BEN.email)),))

    assert told(checked(other, against=wien)) == []


def test_further_policy_is_looked_at_like_the_rows_own() -> None:
    result = checked(replace(BEN, additional_policies=(WIEN,)))

    assert told(result) == [(1, "manager", "warning", "unknown_manager_here")]
