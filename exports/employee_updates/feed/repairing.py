"""Read JSON as people paste it: repair small errors, and report each repair with its position.

Ambiguous errors are not repaired: a text that breaks off, or an unclosed quotation mark, is refused with its line.
"""

import json
import re
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from exports.employee_updates.feed.findings import UnreadableFile, quoted

DEEPEST = 20
MOST_REPAIRS = 100

_QUOTES = {'"': '"', "'": "'", "“": "“”", "”": "”“", "„": "“”", "‘": "‘’", "’": "’‘", "‚": "‘’", "«": "»", "»": "«"}
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "none": None}
_BETWEEN = "\ufeff \t\r\n,;"
# The start of an object or a list of objects, not a bracket within a sentence.
_START = re.compile(r"""\{(?=\s*(?:["'“”„‘’«»}]|[A-Za-z_]\w*\s*:))|\[(?=\s*[\[{\]])""")
_SPACE = re.compile(r"(?:\s|\ufeff)+")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_NUMBER = re.compile(r"[-+]?[0-9][0-9.eE+-]*")
_NAME = re.compile(r"[A-Za-z_]\w*")
_PLAIN = re.compile(r"""[^"'“”„‘’‚«»\\\n\r]+""")


class Number(str):
    """A number as its written digits: a float would lose some."""


class Object(dict[str, Any]):
    """A JSON object; `twice` holds repeated keys, of which the last value counts."""

    twice: tuple[str, ...] = ()


@dataclass(frozen=True)
class RepairedValue:
    """A list or object in the text, with its first and last line."""

    value: Any
    first_line: int
    last_line: int


@dataclass
class Repairs:
    """Sentences about the repairs, in the order of the text."""

    sentences: list[str] = field(default_factory=list)
    more: int = 0

    def add(self, sentence: str) -> None:
        if len(self.sentences) < MOST_REPAIRS:
            self.sentences.append(sentence)
        else:
            self.more += 1

    def summary(self) -> tuple[str, ...]:
        return (*self.sentences, *([f"And {self.more:,} more of the same kinds."] if self.more else []))


def values_in(text: str, repairs: Repairs) -> list[RepairedValue]:
    """All lists and objects in the text; ignores the text around them. Raises UnreadableFile.

    Valid JSON is parsed directly, anything else with repairs.
    """
    try:
        value = json.loads(
            text, object_pairs_hook=object_of, parse_int=Number, parse_float=Number, parse_constant=Number
        )
    except ValueError:
        return _Parser(text, repairs).values()
    except RecursionError:
        raise UnreadableFile(_too_deep()) from None
    return [RepairedValue(value, 1, text.count("\n") + 1)] if isinstance(value, dict | list) else []


def object_of(pairs: Sequence[tuple[str, Any]]) -> Object:
    result = Object(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        result.twice = tuple(dict.fromkeys(key for key in keys if keys.count(key) > 1))
    return result


class _Parser:
    def __init__(self, text: str, repairs: Repairs) -> None:
        self._text = text
        self._repairs = repairs
        self._at = 0
        self._depth = 0
        self._ends = [match.start() for match in re.finditer("\n", text)]

    def values(self) -> list[RepairedValue]:
        values = []
        while (start := _START.search(self._text, self._at)) is not None:
            self._skip_between(start.start())
            self._at = start.start()
            first = self._line()
            value = self._value()
            values.append(RepairedValue(value, first, self._line()))
        self._skip_between(len(self._text))
        return values

    # ------------------------------------------------------------ positions

    def _line(self, at: int | None = None) -> int:
        return bisect(self._ends, (self._at if at is None else at) - 1) + 1

    def _place(self, at: int | None = None) -> str:
        at = self._at if at is None else at
        line = self._line(at)
        before = self._ends[line - 2] + 1 if line > 1 else 0
        return f"line {line}, column {at - before + 1}"

    def _add_repair(self, what: str, at: int | None = None) -> None:
        place = self._place(at)
        self._repairs.add(f"{place[0].upper()}{place[1:]}: {what}.")

    def _refuse(self, what: str, at: int | None = None) -> UnreadableFile:
        return UnreadableFile(
            f"This cannot be read as a feed: at {self._place(at)} {what}. Mend it there and paste again."
        )

    def _skip_between(self, end: int) -> None:
        """Skip the text between two values: nothing, a stray quotation mark, or prose."""
        between = self._text[self._at : end]
        bare = between.strip(_BETWEEN)
        if not bare:
            return
        at = self._at + between.index(bare[0])
        if bare[0] in _QUOTES:
            self._add_repair("a stray quotation mark was taken out", at)
            rest = bare[1:].lstrip(_BETWEEN)
            at += len(bare) - len(rest)
            bare = rest
        if bare:
            self._add_repair("text that is no JSON was passed over", at)

    # ------------------------------------------------------------ values

    def _skip_space(self) -> str:
        """Skip spaces and comments; the next character, "" at the end."""
        while True:
            if space := _SPACE.match(self._text, self._at):
                self._at = space.end()
            elif comment := _COMMENT.match(self._text, self._at):
                self._add_repair("a comment was taken out")
                self._at = comment.end()
            else:
                return self._text[self._at : self._at + 1]

    def _value(self) -> Any:
        char = self._skip_space()
        if char in ("{", "["):
            self._depth += 1
            if self._depth > DEEPEST:
                raise UnreadableFile(_too_deep())
            value = self._object() if char == "{" else self._list()
            self._depth -= 1
            return value
        if char and char in _QUOTES:
            return self._string("a value")
        if number := _NUMBER.match(self._text, self._at):
            self._at = number.end()
            return Number(number[0])
        if word := _NAME.match(self._text, self._at):
            if word[0].lower() in _WORDS:
                if word[0] not in ("true", "false", "null"):
                    self._add_repair(f"{word[0]} was read as {json.dumps(_WORDS[word[0].lower()])}")
                self._at = word.end()
                return _WORDS[word[0].lower()]
            raise self._refuse("a word stands without quotation marks")
        raise self._refuse("the text breaks off" if not char else f"a value is missing before {quoted(char)}")

    def _list(self) -> list[Any]:
        items: list[Any] = []
        opened = self._at
        self._at += 1
        while self._has_more("]", opened, bool(items)):
            items.append(self._value())
        return items

    def _object(self) -> Object:
        pairs: list[tuple[str, Any]] = []
        opened = self._at
        self._at += 1
        while self._has_more("}", opened, bool(pairs)):
            key = self._key()
            if self._skip_space() != ":":
                raise self._refuse("a colon is missing after a name")
            self._at += 1
            pairs.append((key, self._value()))
        return object_of(pairs)

    def _has_more(self, closing: str, opened: int, has_items: bool) -> bool:
        """Whether another item follows; consumes commas and, at the end, the closing bracket."""
        char, comma = self._skip_space(), -1
        while char == ",":
            if comma >= 0 or not has_items:
                self._add_repair("a comma too many was taken out")
            comma = self._at
            self._at += 1
            char = self._skip_space()
        if char == closing:
            if comma >= 0 and has_items:
                self._add_repair("the comma after the last value was taken out", comma)
            self._at += 1
            return False
        if not char:
            raise self._refuse(f"a bracket opens that is never closed with {quoted(closing)}", opened)
        if char in "]}":
            raise self._refuse(f"{quoted(char)} stands where {quoted(closing)} has to be")
        if has_items and comma < 0:
            if char not in _QUOTES and char not in "{[":
                raise self._refuse("a comma is missing, or a quotation mark stands within a text")
            self._add_repair("a missing comma was put in")
        return True

    def _key(self) -> str:
        char = self._skip_space()
        if char in _QUOTES:
            return self._string("a name")
        if name := _NAME.match(self._text, self._at):
            self._add_repair(f"the name {quoted(name[0])} was put in quotation marks")
            self._at = name.end()
            return name[0]
        raise self._refuse(f"a name in quotation marks has to stand, not {quoted(char)}")

    def _string(self, what: str) -> str:
        opened, closing = self._at, _QUOTES[self._text[self._at]]
        if closing != '"':
            self._add_repair(f"the quotation marks of {what} were made straight and double")
        self._at += 1
        pieces = []
        while True:
            if plain := _PLAIN.match(self._text, self._at):
                pieces.append(plain[0])
                self._at = plain.end()
            char = self._text[self._at : self._at + 1]
            if not char or char in "\r\n":
                raise self._refuse("a quotation mark opens a text and is not closed on the same line", opened)
            self._at += 1
            if char in closing:
                return "".join(pieces)
            if char == "\\":
                pieces.append(self._escape())
            else:
                pieces.append(char)

    def _escape(self) -> str:
        char = self._text[self._at : self._at + 1]
        self._at += 1
        if char == "u" and (code := re.compile("[0-9A-Fa-f]{4}").match(self._text, self._at)):
            self._at = code.end()
            unit = int(code[0], 16)
            low = re.compile(r"\\u([dD][c-fC-F][0-9A-Fa-f]{2})").match(self._text, self._at)
            if 0xD800 <= unit < 0xDC00 and low:
                self._at = low.end()
                return chr(0x10000 + ((unit - 0xD800) << 10) + (int(low[1], 16) - 0xDC00))
            return chr(unit)
        if char in "\r\n":
            self._at -= 1
            return ""
        return _ESCAPES.get(char, char)


def _too_deep() -> str:
    return "This cannot be read as a feed: its brackets are nested deeper than any feed's."
