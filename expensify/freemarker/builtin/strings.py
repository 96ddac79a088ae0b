"""Strings: case, parts, padding, types. Numbers and dates count as the text they print.

Positions and lengths are in UTF-16 units, as in Java.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from expensify.freemarker.arithmetic import exact
from expensify.freemarker.builtin.registry import plain, plain_table
from expensify.freemarker.errors import RenderError
from expensify.freemarker.runtime import Environment
from expensify.freemarker.utf16 import from_units, to_units
from expensify.freemarker.values import integer_of, is_number, kind_of, string_of
from expensify.freemarker.whitespace import JAVA_SPACES

SPACES = "".join(map(chr, range(33)))
"""What Java's trim takes for white space."""
_WORDS = re.compile(r"[ \t\n\r\f]+")
_WORD = re.compile(r"[^ \t\r\n]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?\Z")


plain_table(
    {
        "length": lambda env, value: len(to_units(env.text(value))),
        "upper_case": lambda env, value: env.text(value).upper(),
        "lower_case": lambda env, value: env.text(value).lower(),
        "cap_first": lambda env, value: _first_letter(env.text(value), str.upper),
        "uncap_first": lambda env, value: _first_letter(env.text(value), str.lower),
        "trim": lambda env, value: env.text(value).strip(SPACES),
    }
)
plain_table(
    {
        "contains": lambda env, value, part: string_of(part) in env.text(value),
        "starts_with": lambda env, value, part: env.text(value).startswith(string_of(part)),
        "ends_with": lambda env, value, part: env.text(value).endswith(string_of(part)),
        "remove_beginning": lambda env, value, part: env.text(value).removeprefix(string_of(part)),
        "remove_ending": lambda env, value, part: env.text(value).removesuffix(string_of(part)),
    },
    least=1,
)


def _first_letter(text: str, change: Any) -> str:
    at = len(text) - len(text.lstrip(JAVA_SPACES))
    letter = change(text[at : at + 1])
    # Java changes one character into one: ß stays.
    return text if len(letter) != 1 else text[:at] + letter + text[at + 1 :]


@plain("capitalize")
def _capitalize(env: Environment, value: Any) -> str:
    return _WORD.sub(lambda word: word[0][0].upper() + word[0][1:].lower(), env.text(value))


@plain("chop_linebreak")
def _chop_linebreak(env: Environment, value: Any) -> str:
    text = env.text(value)
    return text[:-2] if text.endswith("\r\n") else text[:-1] if text.endswith(("\r", "\n")) else text


@plain("ensure_ends_with", 1)
def _ensure_ends_with(env: Environment, value: Any, ending: Any) -> str:
    text = env.text(value)
    return text if text.endswith(string_of(ending)) else text + ending


@plain("index_of", 1, 2)
def _index_of(env: Environment, value: Any, part: Any, start: Any = 0) -> int:
    text, begin = to_units(env.text(value)), max(integer_of(start), 0)
    wanted = to_units(string_of(part))
    return text.find(wanted, min(begin, len(text)))


@plain("last_index_of", 1, 2)
def _last_index_of(env: Environment, value: Any, part: Any, start: Any = None) -> int:
    text, wanted = to_units(env.text(value)), to_units(string_of(part))
    if start is None:
        return text.rfind(wanted)
    last = integer_of(start)
    return text.rfind(wanted, 0, min(last, len(text)) + len(wanted)) if last >= 0 else -1


@plain("substring", 1, 2)
def _substring(env: Environment, value: Any, start: Any, end: Any = None) -> str:
    text = to_units(env.text(value))
    begin = integer_of(start)
    stop = len(text) if end is None else integer_of(end)
    if not 0 <= begin <= stop <= len(text):
        raise RenderError(f"cannot take the part from {begin} to {stop} of a string with {len(text)} characters")
    return from_units(text[begin:stop])


@plain("left_pad", 1, 2)
def _left_pad(env: Environment, value: Any, width: Any, filling: Any = " ") -> str:
    text, missing, filler = _padding(env, value, width, filling)
    return from_units((filler * (missing // len(filler) + 1))[:missing] + text)


@plain("right_pad", 1, 2)
def _right_pad(env: Environment, value: Any, width: Any, filling: Any = " ") -> str:
    """The filling runs on as if it had begun under the text, so that columns line up."""
    text, missing, filler = _padding(env, value, width, filling)
    shift = len(text) % len(filler)
    return from_units(text + (filler * (missing // len(filler) + 2))[shift : shift + missing])


def _padding(env: Environment, value: Any, width: Any, filling: Any) -> tuple[str, int, str]:
    text, filler = to_units(env.text(value)), to_units(string_of(filling))
    wanted = integer_of(width)
    if not filler:
        raise RenderError("the filling is an empty string")
    missing = max(wanted - len(text), 0)
    env.allow(missing + len(text) + len(filler))
    return text, missing, filler


@plain("word_list")
def _word_list(env: Environment, value: Any) -> list[str]:
    text = env.text(value)
    env.allow_items(len(text) // 2)
    return [word for word in _WORDS.split(text) if word]


@plain("number")
def _number(env: Environment, value: Any) -> Any:
    """A number written as a plain or scientific decimal; no spaces, no grouping."""
    if is_number(value):
        return value
    text = string_of(value)
    if not _DECIMAL.match(text):
        raise RenderError(f"{text[:40]!r} is not a number")
    return exact(text)


@plain("boolean")
def _boolean(env: Environment, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise RenderError(f"expected a string, but this is {kind_of(value)}")
    words = env.boolean_words or ("true", "false")
    if value in ("true", words[0]):
        return True
    if value in ("false", words[1]):
        return False
    raise RenderError(f"{value[:40]!r} is neither true nor false")


def _truncate(
    env: Environment, value: Any, width: Any, ending: Any = None, length: Any = None, *, words: bool, characters: bool
) -> str:
    """Cut at a word's end or anywhere; with both, at a word's end if that leaves three quarters of the width."""
    text, most = to_units(env.text(value)), integer_of(width)
    if most < 0:
        raise RenderError("a width cannot be negative")
    if len(text) <= most:
        return from_units(text)
    mark = "[...]" if ending is None else to_units(string_of(ending))
    taken = len(mark) if length is None else integer_of(length)
    if taken < 0:
        raise RenderError("a length cannot be negative")
    kept = _last_kept(text, most - taken - 1)
    cut: int | None = None
    if kept >= 0 and words:
        least = max(-(-most * 3 // 4) - taken - 2, 0) if characters else 0
        cut = _word_end(text, min(most - taken - 2, kept), least)
    if kept >= 0 and characters and cut is None:
        cut = _character_end(text, kept, kept == most - taken - 1, mark)
    if cut is None or cut < 0:
        return from_units(mark)
    return from_units(text[: cut + 1] + (" " if _ends_word(text, cut) else "") + mark)


plain_table(
    {
        "truncate": partial(_truncate, words=True, characters=True),
        "truncate_w": partial(_truncate, words=True, characters=False),
        "truncate_c": partial(_truncate, words=False, characters=True),
    },
    least=1,
    most=3,
)


def _word_end(text: str, last: int, least: int) -> int | None:
    """The last position of a word that ends at or before `last`."""
    for at in range(last, least - 1, -1):
        if text[at] not in JAVA_SPACES and _ends_word(text, at):
            return at
    return None


def _character_end(text: str, last: int, is_full: bool, mark: str) -> int:
    """The last position to keep when words may be cut; -1 for none."""
    if is_full and _ends_word(text, last):
        # The space before the mark needs room too.
        last -= 1
    while True:
        last = _last_kept(text, last)
        if last < 0 or text[last] not in ".\u2026" or _ends_word(text, last) or mark[:1] not in (".", "\u2026"):
            return last
        while last >= 0 and text[last] in ".\u2026":
            last -= 1


def _last_kept(text: str, last: int) -> int:
    while last >= 0 and text[last] in JAVA_SPACES:
        last -= 1
    return last


def _ends_word(text: str, at: int) -> bool:
    return at + 1 >= len(text) or text[at + 1] in JAVA_SPACES
