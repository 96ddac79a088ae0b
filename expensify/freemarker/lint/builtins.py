"""The effect of the built-ins on a value, as far as lint follows it."""

from __future__ import annotations

import re

from expensify.freemarker.lint.formatting import formatted
from expensify.freemarker.lint.values import (
    BOOLEAN,
    INTEGER,
    NONE,
    NUMBERS,
    SPECIAL,
    TEXT,
    UNKNOWN,
    Value,
    either,
    joined,
    listed,
)

_BOOLEANS = frozenset([
    "boolean", "contains", "ends_with", "exists", "has_content", "has_next", "matches", "seq_contains",
    "starts_with",
])  # fmt: skip
_INTEGERS = frozenset(
    ["counter", "index", "index_of", "last_index_of", "length", "seq_index_of", "seq_last_index_of", "size"]
)
_KEEP = frozenset([
    "abs", "cap_first", "capitalize", "chop_linebreak", "double", "drop_while", "ensure_ends_with", "filter",
    "float", "keep_after", "keep_after_last", "keep_before", "keep_before_last", "lower_case",
    "remove_beginning", "remove_ending", "reverse", "sequence", "sort", "sort_by", "substring", "take_while",
    "trim", "truncate", "truncate_c", "truncate_w", "uncap_first", "upper_case",
])  # fmt: skip
"""The same value, or a part of it."""
_CUT = frozenset([
    "keep_after", "keep_after_last", "keep_before", "keep_before_last", "remove_beginning", "remove_ending",
    "substring", "truncate", "truncate_c", "truncate_w",
])  # fmt: skip
"""A part of the value, which may be short enough for a spreadsheet."""
_WHOLE = frozenset(["byte", "ceiling", "floor", "int", "long", "round", "short"])
_ITEM = frozenset({"first", "last", "max", "min"})
_JSON = frozenset({"json_string", "js_string", "j_string"})
_CLASSES = {",": ",", ";": ";", "\t": "\\t", "|": "\\|", '"': '"', "\n": "\\n", "\r": "\\r"}
_BREAKS = re.compile(r"\\[sRvW]|\[\^")


def result(name: str, value: Value, arguments: list[Value]) -> Value:
    """Return the value of `value?name(arguments)`; `expressions` handles built-ins that need the tree."""
    if name in _BOOLEANS or name.startswith("is_"):
        return BOOLEAN
    if name in _INTEGERS:
        return INTEGER
    if name in _KEEP:
        return value._replace(literal=None, identifier=value.identifier and name not in _CUT)
    if name in _WHOLE:
        return value if value.type in ("cents", "unknown") else value._replace(type="integer", literal=None, may=NONE)
    if name in _ITEM:
        return value.item or UNKNOWN
    if name in _JSON:
        return value.text(escaped=True, may=value.may - {"\n", "\r", "\t"})
    if name in ("html", "xhtml", "web_safe", "xml"):
        return value.text(may=value.may - {'"'} | {";"})
    if name in ("url", "url_path"):
        return value.text(may=NONE)
    if name == "string":
        return _string(value, arguments)
    if name == "c":
        return value.text(may=NONE)
    if name == "number":
        return value if value.type in NUMBERS else value.text(may=NONE, type="number", identifier=False)
    if name in ("date", "datetime", "time"):
        return value.text(may=NONE, type="datetime" if name == "datetime" else "date")
    if name.startswith("iso"):
        return value.text(may=NONE)
    if name == "replace":
        return _replace(value, arguments)
    if name == "join":
        return joined([value.item or UNKNOWN, *arguments])
    if name in ("split", "word_list", "groups"):
        return listed(value.text())
    if name == "chunk":
        return listed(value)
    if name == "keys":
        return listed(TEXT)
    if name == "values":
        return listed(value.item or UNKNOWN)
    if name in ("left_pad", "right_pad", "ensure_starts_with"):
        return joined([*arguments[-1:], value]) if name == "ensure_starts_with" else value.text()
    if name in ("item_cycle", "switch"):
        return either(arguments[1::2] if name == "switch" else arguments)
    if name in ("item_parity", "item_parity_cap", "lower_abc", "upper_abc"):
        return TEXT
    return UNKNOWN


def _string(value: Value, arguments: list[Value]) -> Value:
    """`?string`: words for a boolean, a pattern for a number or a date; without arguments a number is unchanged."""
    if value.type == "boolean" and arguments:
        return either([argument._replace(literal=None) for argument in arguments])
    if not arguments:
        return value.text() if value.type in ("text", "date", "datetime") else value
    pattern = arguments[0].literal
    return value.text(may=formatted(value.type, pattern) if pattern is not None else NONE)


def _replace(value: Value, arguments: list[Value]) -> Value:
    old, new = (arguments[at].literal if at < len(arguments) else None for at in (0, 1))
    flags = arguments[2].literal or "" if len(arguments) > 2 else ""
    if old is None:
        return value.text(doubled=False, escaped=False)
    if old == '"' and new == '""':
        return value.text(may=value.may, doubled=True)
    if old == '"' and new == '\\"':
        return value.text(may=value.may, escaped=True)
    removed = _matched(old) if "r" in flags else SPECIAL.intersection(old) if len(old) == 1 else NONE
    added = SPECIAL.intersection(new) if new is not None else NONE
    # What it replaces may be what the escape wrote.
    return value.text(may=(value.may - removed) | added, escapes=frozenset())


def _matched(pattern: str) -> frozenset[str]:
    """Return the special characters that a regular expression certainly matches: alone or in a class."""
    if "[^" in pattern:
        return NONE
    breaks = NONE
    if _BREAKS.search(pattern):
        breaks = frozenset("\n\r\t" if "\\s" in pattern else "\n\r")
    return breaks | {sign for sign, escape in _CLASSES.items() if sign in pattern or escape in pattern}
