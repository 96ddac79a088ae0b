"""Check approver chains for circles, missing approvers and leavers: findings on cells, and trees to draw."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from exports.employee_updates.feed.chains import (
    ChainPosition,
    PolicyChains,
    circles,
    onward,
    policies_after,
    renamed_logins,
)
from exports.employee_updates.feed.fields import APPROVERS, FIELDS, Employee
from exports.employee_updates.feed.findings import RowFinding, named
from exports.employee_updates.feed.known import Known

Trouble = Literal["cycle", "missing", "leaver"]
State = Literal["", "again", "missing", "leaver", "gap"]

MOST_TREES = 50
MOST_CHILDREN = 8
# A report goes to the manager, then to the next approvers. Each of these two graphs can have circles.
_GRAPHS = (("manager",), ("approves_to", "over_limit_approver"))


@dataclass(frozen=True)
class ChainNode:
    """A person in a tree; the children submit reports to them. `more` counts children that are not shown.

    `state` is "again" where a circle closes, "missing" for an unknown address, "leaver" for a person who leaves, and
    "gap", without an address, for the middle of a long circle.
    """

    email: str
    row: int | None
    state: State = ""
    children: tuple["ChainNode", ...] = ()
    more: int = 0


@dataclass(frozen=True)
class Tree:
    """The part of a policy's chains that has an error."""

    policy: str
    trouble: Trouble
    root: ChainNode


def check_chains(
    rows: Sequence[tuple[int, Employee]], known: Known, *, invites_managers: bool
) -> tuple[list[RowFinding], list[Tree]]:
    """Find circles, unknown approvers and leavers who still approve, with the trees to draw.

    `invites_managers` is the job's setting: Expensify then invites a manager who is known in another policy.
    """
    findings: dict[RowFinding, None] = {}
    trees: list[Tree] = []
    policies = policies_after(rows, known)
    everybody = set(known.policies_of) | {email for policy in policies for email in policy.places}
    renamed = renamed_logins(rows, known)
    for policy in policies:
        policy_findings, policy_trees = _PolicyCheck(policy, known, everybody, renamed, invites_managers).troubles()
        findings |= dict.fromkeys(policy_findings)
        trees += policy_trees
    return list(findings), trees[:MOST_TREES]


class _PolicyCheck:
    def __init__(
        self,
        policy: PolicyChains,
        known: Known,
        everybody: set[str],
        renamed: Mapping[str, str],
        invites_managers: bool,
    ) -> None:
        self._policy = policy
        self._known = known
        self._everybody = everybody
        self._renamed = renamed
        self._invites = invites_managers
        self._below: dict[str, list[str]] = defaultdict(list)
        for place in policy.places.values():
            for _, to in onward(place, APPROVERS):
                if place.email not in self._below[to][-1:]:
                    self._below[to].append(place.email)

    def troubles(self) -> tuple[list[RowFinding], list[Tree]]:
        findings: list[RowFinding] = []
        trees: list[Tree] = []
        for fields in _GRAPHS:
            for circle in circles(self._policy, fields):
                # Ignore a circle of members without a row: the feed does not cause it.
                if circle_findings := list(self._circle(circle, fields)):
                    findings += circle_findings
                    trees.append(self._drawn_circle(circle, fields))
        wrong: dict[str, State] = {}
        for place in self._policy.places.values():
            for name in APPROVERS:
                to = place.approvers.get(name, "")
                if to and to not in self._policy.places:
                    findings += self._missing(place, name, to, wrong)
        for leaver, number in self._policy.leaving.items():
            findings += self._leaver(leaver, number)
        trees += [
            Tree(self._policy.id, "leaver" if state == "leaver" else "missing", self._node(email, state))
            for email, state in wrong.items()
        ]
        return findings, trees

    # ------------------------------------------------------------ circles

    def _circle(self, circle: Sequence[str], fields: Sequence[str]) -> Iterator[RowFinding]:
        inside = set(circle)
        is_so_today = all(self._is_so_today(email, fields, inside) for email in circle)
        sentence = _circle_sentence(self._path(circle, fields), fields, is_so_today)
        for email in circle:
            place = self._policy.places[email]
            for name, to in onward(place, fields):
                if to in inside and place.row is not None:
                    yield RowFinding(place.row, name, "warning" if is_so_today else "error", "cycle", sentence)

    def _is_so_today(self, email: str, fields: Sequence[str], inside: set[str]) -> bool:
        member = self._known.by_place.get((self._policy.id, email))
        if member is None:
            return False
        return all(
            getattr(member, name) == to for name, to in onward(self._policy.places[email], fields) if to in inside
        )

    def _path(self, circle: Sequence[str], fields: Sequence[str]) -> list[str]:
        """One path around the circle, starting at its first row."""
        inside = set(circle)
        start = min(circle, key=lambda email: (self._policy.places[email].row or 10**9, email))
        before: dict[str, str] = {}
        ahead = [start]
        for email in ahead:
            for _, to in onward(self._policy.places[email], fields):
                if to == start:
                    path = [email]
                    while path[-1] != start:
                        path.append(before[path[-1]])
                    return path[::-1]
                if to in inside and to not in before:
                    before[to] = email
                    ahead.append(to)
        return [start]

    def _drawn_circle(self, circle: Sequence[str], fields: Sequence[str]) -> Tree:
        # The root of the tree is the approver, so the path is drawn from its end.
        first, *rest = self._path(circle, fields)
        left_out = len(rest) - 2 * MOST_CHILDREN
        node = ChainNode(first, self._policy.places[first].row, "again")
        for number, email in enumerate([*rest, first]):
            if left_out > 0 and number >= MOST_CHILDREN and number < MOST_CHILDREN + left_out:
                if number == MOST_CHILDREN:
                    node = ChainNode("", None, "gap", (node,), left_out)
                continue
            others = [below for below in self._below[email] if below != node.email]
            node = ChainNode(email, self._policy.places[email].row, "", (node,), len(others))
        return Tree(self._policy.id, "cycle", node)

    # ------------------------------------------------------------ missing approvers

    def _missing(self, place: ChainPosition, name: str, to: str, wrong: dict[str, State]) -> Iterator[RowFinding]:
        heading = FIELDS[name].heading.lower()
        if to in self._policy.leaving:
            wrong[to] = "leaver"
            if place.row is not None:
                yield RowFinding(
                    place.row,
                    name,
                    "error",
                    "approver_leaves",
                    f"{to} leaves the policy in row {self._policy.leaving[to]}. Name whoever takes over.",
                )
            return
        code = "unknown_manager" if name == "manager" else "unknown_approver"
        if place.row is None:
            if self._policy.is_read and place.email in self._above_the_rows:
                sentence = (
                    f"The chain of people in this feed goes on from {place.email} to {to} as {heading}, and {to} is "
                    "no member of the policy. It is so already; a row for either mends it."
                )
                wrong[to] = "missing"
                yield RowFinding(None, name, "warning", "chain_breaks", sentence, about=place.email)
            return
        if to in self._renamed:
            sentence = f"This feed renames {to} to {self._renamed[to]}. Name the new address."
            yield RowFinding(place.row, name, "warning", "approver_renamed", sentence)
        elif to in self._everybody:
            invited = (
                "Expensify is asked to invite managers, so they probably are invited."
                if self._invites
                else "Inviting managers is switched off, so nobody there can approve."
            )
            sentence = f"{to} is no member of this policy, only of another. {invited}"
            yield RowFinding(place.row, name, "warning", code + "_here", sentence)
        elif not self._policy.is_read:
            sentence = (
                f"{to} has no row, and the members of the policy were not read, so nobody can tell whether they are "
                "there. Fetch the members first."
            )
            wrong[to] = "missing"
            yield RowFinding(place.row, name, "warning", code + "_perhaps", sentence)
        else:
            near = self._near(to)
            hint = f" Did you mean {near}?" if near else " Mend the address, or add a row for them."
            wrong[to] = "missing"
            yield RowFinding(place.row, name, "error", code, f"{to} has no row and is no member of the policy.{hint}")

    @cached_property
    def _above_the_rows(self) -> set[str]:
        """Everybody who may receive reports of people in the feed."""
        ahead = [place.email for place in self._policy.places.values() if place.row is not None]
        seen = set(ahead)
        for email in ahead:
            for _, to in onward(self._policy.places[email], APPROVERS):
                if to in self._policy.places and to not in seen:
                    seen.add(to)
                    ahead.append(to)
        return seen

    def _near(self, address: str) -> str:
        """An approver whose address differs by one letter or by two swapped letters; "" for none."""
        return next((self._approvers[text] for text in _shortened(address) if text in self._approvers), "")

    @cached_property
    def _approvers(self) -> dict[str, str]:
        """Present and future approvers, by their address and its shortened forms."""
        now = {getattr(member, name) for member in self._known.members.get(self._policy.id, ()) for name in APPROVERS}
        known = sorted(email for email in {*now, *self._below} if email in self._policy.places)
        return {text: email for email in known for text in _shortened(email)}

    def _leaver(self, leaver: str, number: int) -> Iterator[RowFinding]:
        """Members without a row who would still submit to a person who left."""
        waiting = [email for email in self._below.get(leaver, ()) if self._policy.places[email].row is None]
        if waiting:
            sentence = (
                f"{named(waiting)} still {'has' if len(waiting) == 1 else 'have'} {leaver} as approver, and no row in "
                "this feed. Add rows that name whoever takes over."
            )
            yield RowFinding(number, "is_terminated", "warning", "leaver_approves", sentence)

    def _node(self, email: str, state: State) -> ChainNode:
        below = self._below.get(email, [])
        return ChainNode(
            email,
            self._policy.leaving.get(email),
            state,
            tuple(ChainNode(child, self._policy.places[child].row) for child in below[:MOST_CHILDREN]),
            max(0, len(below) - MOST_CHILDREN),
        )


def _circle_sentence(path: Sequence[str], fields: Sequence[str], is_so_today: bool) -> str:
    today = " It is so already." if is_so_today else ""
    if len(path) == 1:
        return f"{path[0]} would approve after themselves.{today} Leave the field empty, or name somebody else."
    shown = [*path, path[0]]
    if len(shown) > 8:
        shown = [*shown[:5], f"… {len(shown) - 7:,} more …", *shown[-2:]]
    way = " → ".join(shown)
    if "manager" in fields:
        return f"The managers go round in a circle: {way}.{today} Let the one at the top name themselves."
    return f"Reports would go round in a circle: {way}.{today} Leave the next approver of one of them empty."


def _shortened(address: str) -> list[str]:
    """The address, and the address without each of its letters: similar addresses share one of these."""
    return [address, *(address[:at] + address[at + 1 :] for at in range(len(address)))]
