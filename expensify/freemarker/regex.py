"""Matching regular expressions in time proportional to text times pattern, by following all ways at once.

Among the ways the one that a backtracking matcher would find first wins, so results are Java's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from expensify.freemarker.errors import RenderError
from expensify.freemarker.regex_syntax import (
    LINE_ENDS,
    Choice,
    Edge,
    Flags,
    Group,
    Node,
    One,
    Parser,
    Repeat,
    Sequence,
    Test,
)

MAX_INSTRUCTIONS = 5000

Charge = Callable[[int], None]
Places = tuple[int, ...]
"""Where each group begins and ends, -1 for groups that took no part; group 0 is the whole match."""


class _Char(NamedTuple):
    test: Test


class _Split(NamedTuple):
    """Go on at both, preferring the first."""

    first: int
    second: int


class _Jump(NamedTuple):
    to: int


class _Save(NamedTuple):
    slot: int


class _Edge(NamedTuple):
    kind: str


class _Match(NamedTuple):
    pass


_Instruction = _Char | _Split | _Jump | _Save | _Edge | _Match


class Match(NamedTuple):
    """One match in a text."""

    text: str
    places: Places

    @property
    def start(self) -> int:
        return self.places[0]

    @property
    def end(self) -> int:
        return self.places[1]

    def group(self, number: int) -> str:
        """What a group matched; empty when it took no part."""
        start, end = self.places[2 * number], self.places[2 * number + 1]
        return self.text[start:end] if start >= 0 and end >= 0 else ""


class Regex:
    """A compiled pattern. `charge` is told how much work a search does, and may end it by raising."""

    def __init__(self, pattern: str, flags: Flags) -> None:
        parser = Parser(pattern, flags)
        self._pattern = pattern
        node = parser.parse()
        self.groups = parser.groups
        self.names = parser.names
        self._program: list[_Instruction] = []
        self._emit(Group(0, node))
        self._program.append(_Match())

    def search(self, text: str, start: int, charge: Charge) -> Match | None:
        """The first match at or after `start`."""
        return self._run(text, start, charge, anchored=False, whole=False)

    def match(self, text: str, charge: Charge, *, whole: bool) -> Match | None:
        """A match at the beginning, or of the whole text."""
        return self._run(text, 0, charge, anchored=True, whole=whole)

    def find_all(self, text: str, charge: Charge) -> Iterator[Match]:
        """All matches, one after the other; behind an empty one the search goes on a character later."""
        at = 0
        while at <= len(text) and (found := self.search(text, at, charge)) is not None:
            yield found
            at = found.end + 1 if found.start == found.end else found.end

    def _run(self, text: str, start: int, charge: Charge, *, anchored: bool, whole: bool) -> Match | None:
        program = self._program
        blank = (-1,) * (2 * self.groups + 2)
        threads: list[tuple[int, Places]] = []
        best: Places | None = None
        for at in range(start, len(text) + 1):
            seen: set[int] = set()
            current: list[tuple[int, Places]] = []
            for position, places in threads:
                self._follow(position, places, text, at, seen, current)
            if best is None and (not anchored or at == start):
                self._follow(0, blank, text, at, seen, current)
            charge(len(seen))
            threads = []
            character = text[at] if at < len(text) else None
            for position, places in current:
                instruction = program[position]
                if isinstance(instruction, _Match):
                    if whole and at < len(text):
                        continue
                    # Ways after this one are less preferred; those before it may still match more.
                    best = places
                    break
                if isinstance(instruction, _Char) and character is not None and instruction.test(character):
                    threads.append((position + 1, places))
            if not threads and (best is not None or anchored):
                break
        return Match(text, best) if best is not None else None

    def _follow(
        self,
        position: int,
        places: Places,
        text: str,
        at: int,
        seen: set[int],
        found: list[tuple[int, Places]],
    ) -> None:
        """Add the characters that can come next on the way from `position`, most preferred first."""
        pending = [(position, places)]
        while pending:
            position, places = pending.pop()
            if position in seen:
                continue
            seen.add(position)
            instruction = self._program[position]
            if isinstance(instruction, _Jump):
                pending.append((instruction.to, places))
            elif isinstance(instruction, _Split):
                pending.append((instruction.second, places))
                pending.append((instruction.first, places))
            elif isinstance(instruction, _Save):
                slot = instruction.slot
                pending.append((position + 1, (*places[:slot], at, *places[slot + 1 :])))
            elif isinstance(instruction, _Edge):
                if _holds(instruction.kind, text, at):
                    pending.append((position + 1, places))
            else:
                found.append((position, places))

    # ---- from the tree to a program

    def _emit(self, node: Node) -> None:
        if len(self._program) > MAX_INSTRUCTIONS:
            raise RenderError(f"the regular expression {self._pattern[:60]!r} is too large")
        if isinstance(node, One):
            self._program.append(_Char(node.test))
        elif isinstance(node, Edge):
            self._program.append(_Edge(node.kind))
        elif isinstance(node, Sequence):
            for part in node.parts:
                self._emit(part)
        elif isinstance(node, Group):
            self._program.append(_Save(2 * node.number))
            self._emit(node.inner)
            self._program.append(_Save(2 * node.number + 1))
        elif isinstance(node, Choice):
            self._emit_choice(node)
        else:
            self._emit_repeat(node)

    def _emit_choice(self, node: Choice) -> None:
        ends: list[int] = []
        for at, option in enumerate(node.options):
            split = self._hole() if at < len(node.options) - 1 else -1
            self._emit(option)
            if split >= 0:
                ends.append(self._hole())
                self._program[split] = _Split(split + 1, len(self._program))
        for end in ends:
            self._program[end] = _Jump(len(self._program))

    def _emit_repeat(self, node: Repeat) -> None:
        for _ in range(node.least):
            self._emit(node.inner)
        if node.most is None:
            split = self._hole()
            self._emit(node.inner)
            self._program.append(_Jump(split))
            self._program[split] = self._way(node, split + 1, len(self._program))
            return
        splits: list[int] = []
        for _ in range(node.most - node.least):
            splits.append(self._hole())
            self._emit(node.inner)
        for split in splits:
            self._program[split] = self._way(node, split + 1, len(self._program))

    def _way(self, node: Repeat, on: int, out: int) -> _Split:
        return _Split(out, on) if node.lazy else _Split(on, out)

    def _hole(self) -> int:
        """Room for an instruction that is not known yet."""
        self._program.append(_Jump(0))
        return len(self._program) - 1


@lru_cache(maxsize=200)
def regex(pattern: str, flags: str) -> Regex:
    """The regex of a pattern with flags out of `i`, `m`, `s` and `c`."""
    return Regex(pattern, Flags("i" in flags, "m" in flags, "s" in flags, "c" in flags))


def _holds(kind: str, text: str, at: int) -> bool:
    if kind in ("^", "A"):
        return at == 0
    if kind == "z":
        return at == len(text)
    if kind in ("$", "Z"):
        return text[at:] in ("", "\r\n", *LINE_ENDS) and not (text[at:] == "\n" and text[at - 1 : at] == "\r")
    if kind == "m^":
        after = at == 0 or (text[at - 1] in LINE_ENDS and text[at - 1 : at + 1] != "\r\n")
        return after and (at < len(text) or not text)
    if kind == "m$":
        return at == len(text) or (text[at] in LINE_ENDS and text[at - 1 : at + 1] != "\r\n")
    before = at > 0 and _is_word(text[at - 1])
    after = at < len(text) and _is_word(text[at])
    return (before != after) is (kind == "b")


def _is_word(character: str) -> bool:
    return character == "_" or character.isalnum()
