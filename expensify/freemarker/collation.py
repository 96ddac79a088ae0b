"""Java's US collation, which ?sort and `==` use.

Letters outweigh accents, accents outweigh case; white space and hyphens count only where nothing else
differs. The weights are those of Java 17's RuleBasedCollator; characters it does not know follow by their code.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

_BASES = (
    "_¯,;:!¡?¿/.´`^¨~·¸'\"«»()[]{}§¶©®@¤฿¢₡₢$₫€₣₤₥₦₧£₨₪₩¥*\\&#%+±÷×<=>¬|¦°µ0123456789¼½¾abcdðefghijklmnopqrstuvwxyz"
)
_SPACES = (
    " ", "\u00a0", "\u2000\u2002", "\u2001\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009",
    "\u200a", "\u3000", "\ufeff", "\r", "\t", "\n", "\f", "\v",
)  # fmt: skip
_MARKS = (
    "\u0301\u0300\u0306\u0302\u030c\u030a\u030d\u0308\u030b\u0303\u0307\u0304\u0337\u0327\u0328\u0323\u0332\u0305"
    "\u0309\u030e\u030f\u0310\u0311\u0312\u0313\u0314\u0315\u0316\u0317\u0318\u0319\u031a\u031b\u031c\u031d\u031e"
    "\u031f\u0320\u0321\u0322\u0324\u0325\u0326\u0329\u032a\u032b\u032c\u032d\u032e\u032f\u0330\u0331\u0333\u0334"
    "\u0335\u0336\u0338\u0339\u033a\u033b\u033c\u033d\u033e\u033f\u0342"
)
_DASHES = "-\u00ad\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_PAIRS = {"æ": "ae", "œ": "oe", "þ": "th", "ß": "ss"}
_UNKNOWN = 0x7FFF

Element = tuple[int, int, int]
"""Primary, secondary and tertiary weight."""


def collate(left: str, right: str) -> int:
    """Return a negative number, zero or a positive number: left is before, equal to or after right."""
    return _compare(_weights(left), _weights(right))


def same(left: str, right: str) -> bool:
    """Whether two strings count as equal."""
    if left == right:
        return True
    # Printable ASCII strings are equal only when they are the same.
    if left.isascii() and right.isascii() and left.isprintable() and right.isprintable():
        return False
    return collate(left, right) == 0


def _weights(text: str) -> Iterator[Element]:
    for character in text:
        yield from _elements(character)


def _compare(left: Iterator[Element], right: Iterator[Element]) -> int:
    """The first primary difference decides, else the first secondary, else the first tertiary one."""
    secondary = tertiary = 0
    one, two = next(left, None), next(right, None)
    while one is not None and two is not None:
        go_left = go_right = True
        if one[0] == two[0]:
            if one[1] != two[1]:
                secondary = secondary or (1 if one[1] > two[1] else -1)
            elif one[2] != two[2] and not secondary:
                tertiary = tertiary or (1 if one[2] > two[2] else -1)
        elif one == _IGNORED or two == _IGNORED:
            go_left, go_right = one == _IGNORED, one != _IGNORED
        elif one[0] and two[0]:
            return 1 if one[0] > two[0] else -1
        else:
            # One is a space or accent, the other a letter: keep the letter for the next comparison.
            secondary = secondary or (-1 if one[0] else 1)
            go_left, go_right = not one[0], bool(one[0])
        one = next(left, None) if go_left else one
        two = next(right, None) if go_right else two
    for first, rest, sign in ((one, left, 1), (two, right, -1)):
        while first is not None:
            if first[0]:
                return sign
            if first[1]:
                secondary = secondary or sign
            first = next(rest, None)
    return secondary or tertiary


def _table() -> dict[str, tuple[Element, ...]]:
    table: dict[str, tuple[Element, ...]] = {}
    for weight, base in enumerate(_BASES, 1):
        table[base] = ((weight, 0, 0),)
        if base.upper() != base and base != "µ":
            table[base.upper()] = ((weight, 0, 1),)
    for weight, spaces in enumerate(_SPACES, 1):
        table.update(dict.fromkeys(spaces, ((0, weight, 0),)))
    table.update({mark: ((0, weight, 0),) for weight, mark in enumerate(_MARKS, 0x13)})
    table.update({dash: ((0, weight, 0),) for weight, dash in enumerate(_DASHES, 0x6D)})
    table["-"] = ((0, 0x6D, 1),)
    for letter, pair in _PAIRS.items():
        one, two = table[pair[0]][0][0], table[pair[1]][0][0]
        table[letter] = ((one, 0, 2), (two, 0, 1))
        if len(letter.upper()) == 1:
            table[letter.upper()] = ((one, 0, 3), (two, 0, 1))
    ignored = [*range(9), *range(14, 32), *range(0x7F, 0xA0), *range(0x200B, 0x2010)]
    table.update({chr(code): (_IGNORED,) for code in ignored})
    return table


@lru_cache(maxsize=5000)
def _elements(character: str) -> tuple[Element, ...]:
    elements = _TABLE.get(character)
    if elements is not None:
        return elements
    parts = unicodedata.normalize("NFD", character)
    if len(parts) > 1 and all(part in _TABLE for part in parts):
        return tuple(element for part in parts for element in _TABLE[part])
    return (_UNKNOWN, 0, 0), (ord(character) & 0xFFFF, 0, 0)


_IGNORED: Element = (0, 0, 0)
_TABLE = _table()
