"""Lint's abstract values: type, source fields, and possible characters, without any data."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any, Literal, NamedTuple

from expensify.freemarker.lint.escapes import RAW, Escape
from expensify.freemarker.tree import Macro

Type = Literal[
    "text", "integer", "number", "cents", "money", "boolean", "date", "datetime", "list", "object", "unknown",
    "none",
]  # fmt: skip
NUMBERS = frozenset({"integer", "number", "cents", "money"})
SPECIAL = frozenset(',;\t|"\n\r')
"""The characters with a meaning in a delimited file or in JSON; only these are tracked."""
NONE: frozenset[str] = frozenset()


class Read(NamedTuple):
    """A field that was read: its name in the catalogue, and the position in the text that named it."""

    field: str
    start: int
    end: int


class Value(NamedTuple):
    """One value. "cents" are undivided, "money" is divided; both need a format to be printed.

    `path` is the catalogue's name of an object: "expense", or "expense.receiptObject"; `tested` means that the object
    is known to exist. `may` holds the SPECIAL characters that can occur outside the value's own quotes.
    A `doubled` text has its quotes doubled, a `wrapped` one is a whole cell or JSON string in quotes, and an
    `escaped` one is escaped for JSON. `identifier`: a spreadsheet would read it as a number and round it. "none" is
    the result of a recursive call that has not returned yet.
    """

    type: Type = "unknown"
    path: str = ""
    item: Value | None = None
    literal: str | None = None
    reads: frozenset[Read] = frozenset()
    currencies: frozenset[str] = NONE
    may: frozenset[str] = NONE
    doubled: bool = False
    wrapped: bool = False
    escaped: bool = False
    identifier: bool = False
    routine: Macro | None = None
    tested: bool = False
    escapes: frozenset[Escape] = frozenset()
    """The escapes applied last, and RAW if a part has none; nothing for a text that has none at all."""

    @property
    def is_constant(self) -> bool:
        """Whether the template alone determines the value."""
        return not self.reads and self.type not in ("list", "object", "unknown", "none")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(read.field for read in self.reads)

    @property
    def fits_json(self) -> bool:
        return self.escaped or '"' not in self.may

    def text(self, **changes: Any) -> Value:
        """Return the value as text; facts about its characters stay unless changed."""
        may = self.may if self.type in ("text", "unknown") else NONE
        return Value(
            "text", "", None, None, self.reads, self.currencies, may, *self[7:11], escapes=self.escapes
        )._replace(**changes)


UNKNOWN = Value()
PENDING = Value("none")
BOOLEAN = Value("boolean")
INTEGER = Value("integer")
TEXT = Value("text")


def constant(text: str) -> Value:
    """Return the value of a string literal. One with quotes at both ends is a whole cell."""
    wrapped = len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1].replace('""', "")
    return Value("text", literal=text, may=NONE if wrapped else SPECIAL.intersection(text), wrapped=wrapped)


EMPTY = constant("")


def listed(item: Value) -> Value:
    """Return a list of such items."""
    return Value("list", item=item)


def either(values: Iterable[Value]) -> Value:
    """Return what is known of a value that may be any of these."""
    return reduce(_either, values, PENDING)


def _either(one: Value, other: Value) -> Value:
    if one == other or other.type == "none":
        return one
    if one.type == "none":
        return other
    return Value(
        type=_common_type(one, other),
        path=one.path or other.path if not (one.path and other.path and one.path != other.path) else "",
        item=either(value.item for value in (one, other) if value.item) if one.item or other.item else None,
        reads=one.reads | other.reads,
        currencies=one.currencies | other.currencies,
        may=one.may | other.may,
        doubled=all(value.doubled or '"' not in value.may for value in (one, other)),
        wrapped=one.wrapped and other.wrapped,
        escaped=one.fits_json and other.fits_json and (one.escaped or other.escaped),
        identifier=one.identifier or other.identifier,
        routine=one.routine or other.routine,
        tested=all(value.tested or not value.path for value in (one, other)),
        escapes=_escapes((one, other)),
    )


def _common_type(one: Value, other: Value) -> Type:
    """A constant is the fallback of a field: the field determines the type."""
    if one.is_constant and not other.is_constant:
        return other.type
    if (other.is_constant and not one.is_constant) or one.type == other.type:
        return one.type
    if {one.type, other.type} <= {"integer", "number"}:
        return "number"
    if {one.type, other.type} <= {"date", "datetime"}:
        return "datetime"
    return "text" if one.is_constant and other.is_constant else "unknown"


def joined(parts: list[Value]) -> Value:
    """Return the concatenation of the parts."""
    if all(part.literal is not None for part in parts):
        return constant("".join(part.literal or "" for part in parts))
    inner, quoted = _unwrapped(parts)
    wrapped = quoted and all(part.doubled or part.fits_json for part in inner)
    return Value(
        "text",
        reads=frozenset[Read]().union(*(part.reads for part in parts)),
        currencies=NONE.union(*(part.currencies for part in parts)),
        may=NONE if wrapped else NONE.union(*(part.may for part in parts)),
        doubled=all(part.doubled or '"' not in part.may for part in inner),
        wrapped=wrapped,
        escaped=all(part.fits_json for part in inner) and any(part.escaped for part in inner),
        identifier=any(part.identifier for part in parts) and all(map(keeps_number, parts)),
        escapes=_escapes(parts),
    )


def _escapes(parts: Iterable[Value]) -> frozenset[Escape]:
    raw = frozenset({RAW})
    escapes = frozenset[Escape]().union(*(part.escapes or (raw if part.may and part.reads else ()) for part in parts))
    return escapes if escapes != raw else frozenset()


def keeps_number(part: Value) -> bool:
    """Whether a spreadsheet still reads a number when this is printed beside an identifier."""
    if part.literal is not None:
        return not part.literal.strip('"0123456789 ')
    return part.identifier or part.type in NUMBERS


def _unwrapped(parts: list[Value]) -> tuple[list[Value], bool]:
    """Return the parts without the quotes at both ends, and whether there were any."""
    first, last = parts[0].literal, parts[-1].literal
    if len(parts) < 3 or not first or not last or not first.startswith('"') or not last.endswith('"'):
        return parts, False
    return [constant(first[1:]), *parts[1:-1], constant(last[:-1])], True
