"""Two versions of a saved export side by side."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import NamedTuple

from exports.saved_exports.wording import DescribedSetting

CONTEXT = 3


class ComparedSetting(NamedTuple):
    """A setting in both versions; "" where a version lacks it."""

    label: str
    before: str
    after: str

    @property
    def differs(self) -> bool:
        return self.before != self.after


class Side(NamedTuple):
    """A line of one version and its number, from 1; number 0 where the version lacks the line."""

    number: int
    text: str


class ComparedLine(NamedTuple):
    """A line in both versions; without sides it marks omitted lines."""

    before: Side | None
    after: Side | None
    differs: bool = False


def settings(before: list[DescribedSetting], after: list[DescribedSetting]) -> list[ComparedSetting]:
    """Compare settings by their labels, in the order of the later version."""
    old, new = {line.label: line.text for line in before}, {line.label: line.text for line in after}
    return [ComparedSetting(label, old.get(label, ""), new.get(label, "")) for label in dict.fromkeys([*new, *old])]


def templates(before: str, after: str) -> list[ComparedLine]:
    """The lines that differ, with a few lines of context; empty when the texts are the same."""
    old, new = before.splitlines(), after.splitlines()
    rows: list[ComparedLine] = []
    # Without `autojunk`, templates of a million characters, one word per line, take minutes.
    groups = SequenceMatcher(None, old, new, autojunk=len(old) + len(new) > 4000).get_grouped_opcodes(CONTEXT)
    for group in groups:
        if rows or group[0][1] > 0:
            rows.append(ComparedLine(None, None))
        for tag, start, end, new_start, new_end in group:
            rows += _side_by_side(old, new, range(start, end), range(new_start, new_end), tag != "equal")
    return rows


def _side_by_side(old: list[str], new: list[str], before: range, after: range, differs: bool) -> Iterator[ComparedLine]:
    for left, right in zip_longest(before, after):
        yield ComparedLine(
            Side(0, "") if left is None else Side(left + 1, old[left]),
            Side(0, "") if right is None else Side(right + 1, new[right]),
            differs,
        )
