"""Two versions of a saved export side by side."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

from exports.saved_exports.wording import DescribedSetting

CONTEXT = 3


class ComparedSetting(NamedTuple):
    """A setting in both versions; "" where one has none."""

    label: str
    before: str
    after: str

    @property
    def differs(self) -> bool:
        return self.before != self.after


class Side(NamedTuple):
    """A line of one version by its number, from 1; 0 where it has no such line."""

    number: int
    text: str


class ComparedLine(NamedTuple):
    """A line of both, `differs` or not; without sides it stands for lines left out."""

    before: Side | None
    after: Side | None
    differs: bool = False


def settings(before: list[DescribedSetting], after: list[DescribedSetting]) -> list[ComparedSetting]:
    """The settings by their labels, in the order of the later version."""
    old, new = {line.label: line.text for line in before}, {line.label: line.text for line in after}
    return [
        ComparedSetting(label, old.get(label, ""), new.get(label, ""))
        for label in dict.fromkeys([*new, *old])
    ]


def templates(before: str, after: str) -> list[ComparedLine]:
    """The lines that differ, with a few around them; nothing when the texts are the same."""
    old, new = before.splitlines(), after.splitlines()
    rows: list[ComparedLine] = []
    # A template of a million characters on one word a line would take minutes to be compared well.
    groups = SequenceMatcher(None, old, new, autojunk=len(old) + len(new) > 4000).get_grouped_opcodes(CONTEXT)
    for group in groups:
        if rows or group[0][1] > 0:
            rows.append(ComparedLine(None, None))
        for tag, start, end, new_start, new_end in group:
            rows += _side_by_side(old, new, range(start, end), range(new_start, new_end), tag != "equal")
    return rows


def _side_by_side(
    old: list[str], new: list[str], before: range, after: range, differs: bool
) -> Iterator[ComparedLine]:
    for place in range(max(len(before), len(after))):
        left = Side(before[place] + 1, old[before[place]]) if place < len(before) else Side(0, "")
        right = Side(after[place] + 1, new[after[place]]) if place < len(after) else Side(0, "")
        yield ComparedLine(left, right, differs)
