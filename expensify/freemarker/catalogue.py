"""All fields of templates: for the column builder, lint and the editor's completion.

`CATALOGUE` has the fields of the report exporter, `RECONCILIATION` those of the reconciliation exporter; a name may
mean different things in the two. Names, types and examples come from the public template references [M], Expensify's
own old clients and public templates; `Field.evidence` says which.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, cast, get_args

Level = Literal["top", "report", "expense", "approver", "action", "card", "policy", "owner"]
Type = Literal["text", "integer", "number", "cents", "boolean", "date", "datetime", "list", "object"]
Evidence = Literal["documented", "older", "seen"]


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field. `name` is its name in templates that use the manual's names for loop variables.

    `type`: "cents" is an integer of hundredths of a currency; "date" is text `yyyy-MM-dd`, "datetime" is text that
    begins like it. `evidence`: "documented" in the current reference, "older" only in an old copy of it or an old
    official client, "seen" only in public templates. `group` and `label` are for people who do not read field names.
    """

    name: str
    level: Level
    type: Type
    label: str
    meaning: str
    group: str
    example: str = ""
    evidence: Evidence = "documented"
    placeholder: str = ""
    """The variable part of the name: "X" for a number from 1, "<Name>" for a name; else ""."""
    items: Level | Literal[""] = ""
    """For a list or a map: the level of its items."""
    edited: str = ""
    """The field that replaces this one when it has a value, because somebody edited it."""
    currency: Literal["", "expense", "report"] = ""
    """For cents: the currency of the expense or of the report."""
    identifier: bool = False
    """Whether the value may be all digits and longer than the 15 that a spreadsheet keeps."""

    @property
    def is_value(self) -> bool:
        """Whether it fits in a column, unlike a list or an object."""
        return self.type not in ("list", "object")


class Catalogue:
    """Fields by name and by level, in display order."""

    def __init__(self, fields: Iterable[Field]) -> None:
        self._fields = {field.name: field for field in fields}
        self._patterns = [(_pattern(field), field) for field in self._fields.values() if field.placeholder]

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields.values())

    def field(self, name: str) -> Field | None:
        """Return the field of that name, or None. Fills in placeholders: `expense.ntag2`, `report.customField.Trip`."""
        if name in self._fields:
            return self._fields[name]
        for pattern, field in self._patterns:
            if match := pattern.fullmatch(name):
                return _fill_in(field, name, match[1])
        return None

    def fields(self, level: Level) -> list[Field]:
        """Return the fields of one level; one with a placeholder is listed once, not filled in."""
        return [field for field in self if field.level == level]

    def nearest(self, name: str, level: Level | None = None) -> list[str]:
        """Return up to three names that the author of `name` may have meant, nearest first.

        First names that differ in case only, then the same name on another level, then fields with that label; after
        those, similar names of `level`, or of all levels.
        """
        wanted = name.lower()
        member = _member(wanted)
        # Names of approvers and history are seldom meant outside their own loops.
        within = ("top", "report", "expense", level) if level else get_args(Level)
        fields = sorted((field for field in self if field.level in within), key=lambda field: field.level != level)
        names = [field.name for field in fields if field.name.lower() == wanted]
        names += [field.name for field in fields if member and _member(field.name).lower() == member]
        names += [field.name for field in fields if member and _has_label(field, member)]
        by_member = {_member(field.name).lower(): field.name for field in fields if level in (None, field.level)}
        names += [by_member[near] for near in get_close_matches(member, by_member, n=3, cutoff=0.7)]
        return [near for near in dict.fromkeys(names) if near != name][:3]


def _member(name: str) -> str:
    """Return the name without its loop variable."""
    return name.partition(".")[2] or name


def _pattern(field: Field) -> re.Pattern[str]:
    """Match a name with its placeholder filled in: tag levels count from 1, a report field is letters and digits."""
    value = "([1-9][0-9]?)" if field.placeholder == "X" else r"(\w+)"
    before, after = field.name.split(field.placeholder)
    return re.compile(re.escape(before) + value + re.escape(after))


def _fill_in(field: Field, name: str, value: str) -> Field:
    label = field.label.replace("X", value) if field.placeholder == "X" else value.replace("_", " ").strip()
    return replace(field, name=name, label=label or field.label, placeholder="")


def _has_label(field: Field, word: str) -> bool:
    """Whether the word is the field's label, or the label's first words."""
    letters = _letters(word)
    return letters != "" and letters in (_letters(field.label), _letters(field.label.partition(" as ")[0]))


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _load(kind: str) -> Catalogue:
    stored: dict[str, list[dict[str, Any]]] = json.loads(Path(__file__).with_name("fields.json").read_text("utf-8"))[
        kind
    ]
    return Catalogue(Field(level=cast(Level, level), **row) for level, rows in stored.items() for row in rows)


CATALOGUE = _load("export")
RECONCILIATION = _load("reconciliation")
