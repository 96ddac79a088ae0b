"""Regular expressions as Java writes them, to a tree. What cannot be matched in bounded time is refused.

Backreferences, look-around, possessive quantifiers, class intersections and `(a*)*` are refused; everything else that
templates use is here. Nothing is handed to Python's `re`, whose time has no bound.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from expensify.freemarker.errors import RenderError

MAX_REPEAT = 1000

Test = Callable[[str], bool]

LINE_ENDS = "\n\r\u0085\u2028\u2029"
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_SPACE = frozenset(" \t\n\x0b\f\r")
_DIGIT = frozenset("0123456789")
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
_PROPERTIES: dict[str, Test] = {
    "Lower": lambda c: "a" <= c <= "z",
    "Upper": lambda c: "A" <= c <= "Z",
    "ASCII": lambda c: c < "\x80",
    "Alpha": lambda c: c.isascii() and c.isalpha(),
    "Digit": lambda c: c in _DIGIT,
    "Alnum": lambda c: c.isascii() and c.isalnum(),
    "Punct": lambda c: c.isascii() and c.isprintable() and not c.isalnum() and c != " ",
    "Graph": lambda c: "!" <= c <= "~",
    "Print": lambda c: " " <= c <= "~",
    "Blank": lambda c: c in " \t",
    "Cntrl": lambda c: c < " " or c == "\x7f",
    "XDigit": lambda c: c in "0123456789abcdefABCDEF",
    "Space": lambda c: c in _SPACE,
    "IsAlphabetic": str.isalpha,
    "IsLetter": str.isalpha,
    "IsDigit": str.isdecimal,
    "IsUppercase": str.isupper,
    "IsLowercase": str.islower,
}


@dataclass(frozen=True)
class One:
    """One character that passes the test."""

    test: Test


@dataclass(frozen=True)
class Edge:
    """A place between characters: one of ^ $ A z Z b B, with `m` before it in multi-line mode."""

    kind: str


@dataclass(frozen=True)
class Sequence:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    options: tuple[Node, ...]


@dataclass(frozen=True)
class Group:
    number: int
    inner: Node


@dataclass(frozen=True)
class Repeat:
    inner: Node
    least: int
    most: int | None
    lazy: bool


Node = One | Edge | Sequence | Choice | Group | Repeat


@dataclass
class Flags:
    ignore_case: bool = False
    multi_line: bool = False
    dot_all: bool = False
    comments: bool = False


class Parser:
    """One pattern. `groups` counts its capturing groups, `names` knows the named ones."""

    def __init__(self, pattern: str, flags: Flags) -> None:
        self.pattern = pattern
        self.flags = flags
        self.at = 0
        self.groups = 0
        self.names: dict[str, int] = {}
        self._depth = 0

    def parse(self) -> Node:
        node = self._choice()
        if self.at < len(self.pattern):
            raise self._error("has a ) too many")
        return node

    def _choice(self) -> Node:
        self._depth += 1
        if self._depth > 40:
            raise self._error("is nested too deeply")
        options = [self._sequence()]
        while self._take("|"):
            options.append(self._sequence())
        self._depth -= 1
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            part = self._part()
            if part is not None:
                parts.append(part)
        return Sequence(tuple(parts))

    def _part(self) -> Node | None:
        character = self._next()
        if self.flags.comments and (character in _SPACE or character == "#"):
            while character == "#" and self.at < len(self.pattern) and self._next() not in LINE_ENDS:
                pass
            return None
        if character == "\\" and self._take("Q"):
            end = self.pattern.find("\\E", self.at)
            end = len(self.pattern) if end < 0 else end
            literal = Sequence(tuple(self._literal(c) for c in self.pattern[self.at : end]))
            self.at = min(end + 2, len(self.pattern))
            return literal
        return self._repeated(self._atom(character))

    def _atom(self, character: str) -> Node | None:
        if character == "(":
            return self._group()
        if character == "[":
            return One(self._class())
        if character == ".":
            return One((lambda c: True) if self.flags.dot_all else (lambda c: c not in LINE_ENDS))
        if character in "^$":
            return Edge(("m" if self.flags.multi_line else "") + character)
        if character == "\\":
            return self._escape()
        if character in "*+?{":
            raise self._error(f"has a {character} with nothing to repeat")
        return self._literal(character)

    def _group(self) -> Node | None:
        saved = Flags(**vars(self.flags))
        number = 0
        if self._take("?"):
            if self._take("<"):
                number = self._named()
            elif not self._take(":") and self._switches():
                return None
        else:
            self.groups += 1
            number = self.groups
        inner = self._choice()
        if not self._take(")"):
            raise self._error("has a ( that is not closed")
        self.flags = saved
        return Group(number, inner) if number else inner

    def _named(self) -> int:
        end = self.pattern.find(">", self.at)
        name = self.pattern[self.at : end] if end > 0 else ""
        if not name.isalnum() or not name.isascii():
            raise self._error("looks behind a place, which is not supported")
        self.at = end + 1
        self.groups += 1
        self.names[name] = self.groups
        return self.groups

    def _switches(self) -> bool:
        """`(?i)` and `(?i:…)`; true when the group is over already and its flags hold from here on."""
        on = True
        while True:
            letter = self._next()
            if letter == "-":
                on = False
            elif letter == ")":
                return True
            elif letter == ":":
                return False
            elif letter == "i":
                self.flags.ignore_case = on
            elif letter == "m":
                self.flags.multi_line = on
            elif letter == "s":
                self.flags.dot_all = on
            elif letter == "u":
                continue
            else:
                raise self._error(f"uses (?{letter}, which is not supported")

    def _repeated(self, node: Node | None) -> Node | None:
        while node is not None and self.at < len(self.pattern) and self.pattern[self.at] in "*+?{":
            least, most = self._bounds(self._next())
            if self._take("+"):
                raise self._error("uses a possessive quantifier, which is not supported")
            if most != 1 and may_be_empty(node):
                # How often nothing matches nothing is where engines differ.
                raise self._error("repeats something that can be empty, which is not supported")
            node = Repeat(node, least, most, self._take("?"))
        return node

    def _bounds(self, mark: str) -> tuple[int, int | None]:
        if mark != "{":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[mark]
        end = self.pattern.find("}", self.at)
        first, comma, second = self.pattern[self.at : max(end, self.at)].partition(",")
        if not first.isdecimal() or not (second.isdecimal() or not second):
            raise self._error("has a { that is no quantifier")
        self.at = end + 1
        least = int(first[:6])
        most = least if not comma else int(second[:6]) if second else None
        if least > MAX_REPEAT or (most is not None and not least <= most <= MAX_REPEAT):
            raise self._error(f"repeats something more than {MAX_REPEAT} times, or fewer times than at least")
        return least, most

    def _escape(self) -> Node:
        letter = self._next()
        if letter in "AzZbB":
            return Edge(letter)
        if letter.isdecimal() and letter != "0":
            raise self._error("refers back to a group, which is not supported")
        if letter in "kGRXh" or (letter == "v"):
            raise self._error(f"uses \\{letter}, which is not supported")
        test = self._shorthand(letter)
        return One(test) if test is not None else self._literal(self._character(letter))

    def _shorthand(self, letter: str) -> Test | None:
        """The classes \\d \\w \\s and \\p{…}, and their opposites in capitals."""
        known: dict[str, Test] = {"d": _DIGIT.__contains__, "w": _WORD.__contains__, "s": _SPACE.__contains__}
        if letter.lower() in known:
            inside = known[letter.lower()]
        elif letter in "pP":
            inside = self._any_case(self._property())
        else:
            return None
        return inside if letter.islower() else lambda c: not inside(c)

    def _property(self) -> Test:
        name = self._next()
        if name == "{":
            end = self.pattern.find("}", self.at)
            name = self.pattern[self.at : max(end, self.at)]
            self.at = end + 1
        if name in _PROPERTIES:
            return _PROPERTIES[name]
        category = name.removeprefix("Is")
        if 1 <= len(category) <= 2 and category[0] in "LMNPSZC":
            return lambda c: unicodedata.category(c).startswith(category)
        raise self._error(f"names the class {name[:20]}, which is not supported")

    def _character(self, letter: str) -> str:
        """The character an escape stands for."""
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter in "xu":
            size = 2 if letter == "x" else 4
            digits = self.pattern[self.at : self.at + size]
            self.at += size
            try:
                return chr(int(digits, 16))
            except ValueError:
                raise self._error(f"has a \\{letter} without {size} hexadecimal digits") from None
        if letter.isascii() and letter.isalnum():
            raise self._error(f"uses \\{letter}, which is not supported")
        return letter

    def _class(self) -> Test:
        negative = self._take("^")
        tests: list[Test] = []
        characters: set[str] = set()
        first = True
        while first or not self._take("]"):
            first = False
            character = self._next()
            if character == "[" or (character == "&" and self.pattern.startswith("&", self.at)):
                raise self._error("puts classes together, which is not supported")
            if character == "\\":
                letter = self._next()
                test = self._shorthand(letter)
                if test is not None:
                    tests.append(test)
                    continue
                character = self._character(letter)
            if self.pattern.startswith("-", self.at) and self.pattern[self.at + 1 : self.at + 2] not in (
                "]",
                "",
            ):
                self.at += 1
                last = self._next()
                last = self._character(self._next()) if last == "\\" else last
                if last < character or last == "[":
                    raise self._error(f"has a range from {character} to {last}")
                tests.append(_between(character, last))
            else:
                characters.add(character)
        inside = self._any_case(_united(frozenset(characters), tests))
        return (lambda c: not inside(c)) if negative else inside

    def _literal(self, character: str) -> One:
        if self.flags.ignore_case:
            folded = _fold(character)
            return One(lambda c: _fold(c) == folded)
        return One(character.__eq__)

    def _any_case(self, test: Test) -> Test:
        if not self.flags.ignore_case:
            return test
        return lambda c: test(c) or test(c.lower()) or test(c.upper())

    def _take(self, text: str) -> bool:
        if self.pattern.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def _next(self) -> str:
        if self.at >= len(self.pattern):
            raise self._error("ends too early")
        self.at += 1
        return self.pattern[self.at - 1]

    def _error(self, what: str) -> RenderError:
        return RenderError(f"the regular expression {self.pattern[:60]!r} {what}")


def may_be_empty(node: Node) -> bool:
    """Whether a part can match without taking a character."""
    if isinstance(node, One):
        return False
    if isinstance(node, Sequence):
        return all(may_be_empty(part) for part in node.parts)
    if isinstance(node, Choice):
        return any(may_be_empty(option) for option in node.options)
    if isinstance(node, Group):
        return may_be_empty(node.inner)
    return isinstance(node, Edge) or node.least == 0 or may_be_empty(node.inner)


def _between(first: str, last: str) -> Test:
    return lambda c: first <= c <= last


def _united(characters: frozenset[str], tests: list[Test]) -> Test:
    if not tests:
        return characters.__contains__
    return lambda c: c in characters or any(test(c) for test in tests)


def _fold(character: str) -> str:
    return character.upper().lower()
