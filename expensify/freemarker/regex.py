"""Java's regular expressions, translated to the syntax of the `regex` library, which matches under a time limit.

FreeMarker 2.3.31 on Java 17 is the reference for each rule here. Refused: `\\G`, `\\b{g}`, the flags `d` and `U`, a
quantifier after a quantifier, and patterns over MAX_SIZE.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache

import regex as engine

from expensify.freemarker.errors import LimitExceeded, RenderError, Unsupported
from expensify.freemarker.runtime import Environment

MAX_SIZE = 10_000
"""Characters, each times its counted repeats: the library copies what it repeats (290 MB for a million)."""

Match = engine.Match[str]
Pattern = engine.Pattern[str]

_LINE_ENDS = "\\n\\r\\x85\\u2028\\u2029"
_NOT_IN_CRLF = "(?<!\\r(?=\\n))"
_PLACES = {
    "A": "\\A",
    "z": "\\Z",
    "b": "\\b",
    "B": "\\B",
    "R": f"(?:\\r\\n|[\\x0b\\x0c{_LINE_ENDS}])",
    "X": "\\X",
    "Z": f"(?:(?=(?:\\r\\n|[{_LINE_ENDS}])?\\Z){_NOT_IN_CRLF})",
}
_EDGES = {
    "^": "\\A",
    "$": _PLACES["Z"],
    "m^": f"(?:(?:\\A|(?<=[{_LINE_ENDS}]){_NOT_IN_CRLF})(?!\\Z))",
    "m$": f"(?:\\Z|(?=[{_LINE_ENDS}]){_NOT_IN_CRLF})",
}
_SHORTHANDS = {
    "d": "0-9",
    "w": "a-zA-Z0-9_",
    "s": " \\t-\\r",
    "h": " \\t\\xa0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000",
    "v": f"\\x0b\\x0c{_LINE_ENDS}",
}
_PROPERTIES = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": "\\x00-\\x7f",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": "!-/:-@\\[-`\\{-\\~",
    "Graph": "!-\\~",
    "Print": " -\\~",
    "Blank": " \\t",
    "Cntrl": "\\x00-\\x1f\\x7f",
    "XDigit": "0-9a-fA-F",
    "Space": " \\t-\\r",
    "IsLetter": "\\p{L}",
    "IsDigit": "\\p{Nd}",
    "IsPunctuation": "\\p{P}",
    "IsControl": "\\p{Cc}",
    "IsTitlecase": "\\p{Lt}",
    "IsAssigned": "\\P{Cn}",
    "javaLowerCase": "\\p{Lowercase}",
    "javaUpperCase": "\\p{Uppercase}",
}
_CASED = {"Lower", "Upper", "Lu", "Ll", "Lt", "IsUppercase", "IsLowercase", "IsTitlecase"}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
_GROUP = re.compile(r"\?(?:([:=!>]|<[=!])|<([A-Za-z][A-Za-z0-9]*)>|([imsxu]*)(?:-([imsxu]+))?([:)]))")
_QUANTIFIER = re.compile(r"(?:[*+?]|\{([0-9]+)(?:,([0-9]*))?\})[?+]?")
_NAME = re.compile(r"<([A-Za-z][A-Za-z0-9]*)>")
_CODE = re.compile(r"x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|0([0-3]?[0-7]{1,2})")
_IN_COMMENTS = re.compile(rf"(?:[ \t-\r]|#[^{_LINE_ENDS}]*)*")


@lru_cache(maxsize=200)
def compile_pattern(pattern: str, flags: str) -> Pattern:
    """The pattern with flags out of `i`, `m`, `s` and `c` (comments)."""
    translator = _Translator(pattern, frozenset(flags.replace("c", "x")))
    try:
        return engine.compile(translator.translate(), engine.VERSION1)
    except RecursionError:
        raise RenderError(f"the regular expression {pattern[:60]!r} is nested too deeply") from None
    except engine.error as error:
        raise RenderError(f"the regular expression {pattern[:60]!r} is wrong: {error}") from None


def search(env: Environment, pattern: Pattern, text: str, start: int = 0) -> Match | None:
    """The first match at or after `start`."""
    return _run(env, pattern.search, text, start)


def match_start(env: Environment, pattern: Pattern, text: str) -> Match | None:
    return _run(env, pattern.match, text, 0)


def match_all(env: Environment, pattern: Pattern, text: str) -> Match | None:
    return _run(env, pattern.fullmatch, text, 0)


def find_all(env: Environment, pattern: Pattern, text: str) -> Iterator[Match]:
    """All matches in order. After an empty match the search continues one character later, as in Java."""
    at = 0
    while at <= len(text) and (match := search(env, pattern, text, at)) is not None:
        yield match
        at = match.end() + (match.start() == match.end())


def group(match: Match, number: int | str) -> str:
    """The text of a group; empty when the group took no part."""
    return match.group(number) or ""


def _run(env: Environment, method: Callable[..., Match | None], text: str, start: int) -> Match | None:
    """One match within the processor time that is left. Other threads run meanwhile (`concurrent`)."""
    seconds = env.seconds_left()
    try:
        match = method(text, start, concurrent=True, timeout=None if math.isinf(seconds) else seconds)
    except TimeoutError:
        raise LimitExceeded(
            f"a regular expression did not end within the {env.limits.seconds:g} seconds of the template"
        ) from None
    except MemoryError:
        raise LimitExceeded("a regular expression needs too much memory for this text") from None
    env.charge(1 + ((match.end() - start if match else len(text) - start) >> 4))
    return match


class _Translator:
    """One pass over a pattern."""

    def __init__(self, pattern: str, flags: frozenset[str]) -> None:
        self.pattern = pattern
        self.flags = flags
        self.at = 0
        self.parts: list[str] = []
        self.groups = 0
        self.names: dict[str, int] = {}
        self.references: list[tuple[int, int]] = []
        self.size = 0

    def translate(self) -> str:
        if len(self.pattern) > MAX_SIZE:
            raise self._error("is too large")
        opened: list[tuple[frozenset[str], int]] = []
        while self._skip_comments():
            before = self.size
            match self._next():
                case "(":
                    opened.append((self.flags, self.size))
                    if self._open_group():
                        opened.pop()
                    continue
                case ")" if opened:
                    self.flags, before = opened.pop()
                    self.parts.append(")")
                case "|":
                    self.parts.append("|")
                    continue
                case ".":
                    self.parts.append("(?s:.)" if "s" in self.flags else f"[^{_LINE_ENDS}]")
                case "^" | "$" as edge:
                    self.parts.append(_EDGES["m" + edge if "m" in self.flags else edge])
                case "[":
                    self.parts.append(self._any_case(self._class()))
                case "\\":
                    self._escape()
                case ")" | "*" | "+" | "?" | "{" as character:
                    raise self._error(f"has a {character} in the wrong place")
                case character:
                    self.parts.append(self._literal(character))
            self._quantify(before)
        if opened:
            raise self._error("has a ( that is not closed")
        for place, number in self.references:
            if number > self.groups:  # Java lets it match nothing
                self.parts[place] = "(?!)"
        return "".join(self.parts)

    def _open_group(self) -> bool:
        """Translate what follows `(`; true when it was only flags, which hold from here on."""
        if not self.pattern.startswith("?", self.at):
            self.groups += 1
            self.parts.append("(")
            return False
        header = _GROUP.match(self.pattern, self.at)
        if header is None:
            letter = self.pattern[self.at + 1 : self.at + 2]
            raise self._unsupported(f"uses (?{letter}") if letter == "d" else self._error(f"cannot have (?{letter}")
        self.at = header.end()
        kind, name, on, off, end = header.groups()
        if kind:
            self.parts.append(f"(?{kind}")
        elif name:
            if name in self.names:
                raise self._error(f"has two groups called {name}")
            self.groups += 1
            self.names[name] = self.groups
            self.parts.append(f"(?<{name}>")
        else:
            self.flags = (self.flags | frozenset(on)) - frozenset(off or "")
            if end == ")":
                return True
            self.parts.append("(?:")
        return False

    def _quantify(self, before: int) -> None:
        """Translate a quantifier, if one follows. The size of what it repeats is counted from `before`."""
        self._skip_comments()
        if (quantifier := _QUANTIFIER.match(self.pattern, self.at)) is None:
            return
        self.at = quantifier.end()
        copies = max(int(digits[:9]) for digits in (quantifier[1], quantifier[2], "1") if digits)
        self.size = before + (self.size - before) * copies
        if self.size > MAX_SIZE:
            raise self._error("is too large")
        self.parts.append(quantifier[0])

    def _escape(self) -> None:
        letter = self._next()
        if letter == "Q":
            self.parts.extend(self._literal(character) for character in self._quoted())
        elif letter in _PLACES and not self.pattern.startswith("{", self.at):
            self.parts.append(_PLACES[letter])
        elif letter in "123456789":
            number = int(letter)
            while (more := self.pattern[self.at : self.at + 1]).isdecimal() and number * 10 + int(more) <= self.groups:
                number = number * 10 + int(self._next())
            self._refer(number)
        elif letter == "k" and (name := _NAME.match(self.pattern, self.at)):
            if name[1] not in self.names:
                raise self._error(f"has no group called {name[1]}")
            self.at = name.end()
            self._refer(self.names[name[1]])
        else:
            charset = self._charset(letter)
            self.parts.append(self._literal(self._character(letter)) if charset is None else self._any_case(charset))

    def _refer(self, number: int) -> None:
        self.references.append((len(self.parts), number))
        self.parts.append(f"(?i-f:\\g<{number}>)" if "i" in self.flags else f"\\g<{number}>")

    def _quoted(self) -> str:
        """The text between \\Q and \\E."""
        text, _, _ = self.pattern[self.at :].partition("\\E")
        self.at = min(self.at + len(text) + 2, len(self.pattern))
        self.size += len(text)
        return text

    def _charset(self, letter: str) -> str | None:
        """The class of an escape like \\d, \\H or \\p{…}."""
        if letter.lower() in _SHORTHANDS:
            characters = _SHORTHANDS[letter.lower()]
        elif letter in "pP":
            characters = self._property()
        else:
            return None
        return f"[{characters}]" if letter.islower() else f"[^{characters}]"

    def _property(self) -> str:
        name = self._next()
        if name == "{":
            name, _, _ = self.pattern[self.at :].partition("}")
            self.at += len(name) + 1
        if "i" in self.flags and name in _CASED:
            return "a-zA-Z" if name in _PROPERTIES and not name.startswith("Is") else "\\p{Lu}\\p{Ll}\\p{Lt}"
        if name in _PROPERTIES:
            return _PROPERTIES[name]
        if re.fullmatch(r"(Is)?([LMNPSZC][a-z]?|LC)", name):
            return f"\\p{{{name.removeprefix('Is')}}}"
        if re.fullmatch(r"(I[ns]|(script|sc|block|blk|general_category|gc)=)[\w -]+", name):
            return f"\\p{{{name}}}"
        raise self._error(f"names the unknown class {name[:20]}")

    def _character(self, letter: str) -> str:
        """The one character that an escape means."""
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter == "c":
            return chr(ord(self._next()) ^ 64)
        if code := _CODE.match(self.pattern, self.at - 1):
            self.at = code.end()
            number = int(code[4], 8) if code[4] else int(code[1] or code[2] or code[3], 16)
            if number <= sys.maxunicode:
                return chr(number)
        if letter.isascii() and letter.isalnum():
            if letter in "GXN":
                raise self._unsupported(f"uses \\{letter}")
            raise self._error(f"cannot have \\{letter}")
        return letter

    def _class(self) -> str:
        """A class in brackets, whose `[` was read."""
        negation = "^" if self._take("^") else ""
        operands = [""]
        is_first = True
        while True:
            self._skip_comments()
            character = self._next()
            if character == "]" and not is_first:
                break
            if character == "[":
                operands[-1] += self._class()
            elif character == "&" and self._take("&"):
                operands.append("")
            else:
                operands[-1] += self._class_item(character)
            is_first = False
        return f"[{negation}{'&&'.join(filter(None, operands))}]"

    def _class_item(self, character: str) -> str:
        if character == "\\":
            letter = self._next()
            if letter == "Q":
                return "".join(self._range(quoted, quoted) for quoted in self._quoted())
            charset = self._charset(letter)
            if charset is not None:
                return charset
            character = self._character(letter)
        if not self.pattern.startswith("-", self.at) or self.pattern[self.at + 1 : self.at + 2] in ("]", "[", ""):
            return self._range(character, character)
        self.at += 1
        last = self._next()
        last = self._character(self._next()) if last == "\\" else last
        if last < character:
            raise self._error(f"has a range from {character} to {last}")
        return self._range(character, last)

    def _range(self, first: str, last: str) -> str:
        """A range inside of a class. Without the flag `u` Java ignores the case of ASCII letters only."""
        characters = _quote(first) if first == last else f"{_quote(first)}-{_quote(last)}"
        if "i" in self.flags:
            for low, high in (("A", "Z"), ("a", "z")):
                if max(first, low) <= min(last, high):
                    characters += f"{max(first, low).swapcase()}-{min(last, high).swapcase()}"
        return characters

    def _literal(self, character: str) -> str:
        if "i" in self.flags and character.isascii() and character.isalpha():
            return self._any_case(f"[{character}{character.swapcase()}]")
        return self._any_case(_quote(character))

    def _any_case(self, translated: str) -> str:
        return f"(?i-f:{translated})" if {"i", "u"} <= self.flags else translated

    def _skip_comments(self) -> bool:
        """Skip blanks and comments where the flag `x` allows them; false at the end of the pattern."""
        if "x" in self.flags and (blank := _IN_COMMENTS.match(self.pattern, self.at)):
            self.at = blank.end()
        return self.at < len(self.pattern)

    def _take(self, text: str) -> bool:
        is_next = self.pattern.startswith(text, self.at)
        self.at += len(text) if is_next else 0
        return is_next

    def _next(self) -> str:
        if self.at >= len(self.pattern):
            raise self._error("ends too early")
        self.at += 1
        self.size += 1
        return self.pattern[self.at - 1]

    def _unsupported(self, what: str) -> Unsupported:
        return Unsupported(f"the regular expression {self.pattern[:60]!r} {what}, which is not known here")

    def _error(self, problem: str) -> RenderError:
        return RenderError(f"the regular expression {self.pattern[:60]!r} {problem}")


def _quote(character: str) -> str:
    return f"\\{character}" if character.isascii() and not character.isalnum() else character
