"""Every field that a template can name: for the column builder, for lint, and for completing names in the editor.

`CATALOGUE` has what the report exporter offers, `RECONCILIATION` what the reconciliation exporter does; the same
name may mean different things in the two. Names, types and examples are facts of the public template references [M],
of Expensify's own old clients, and of public templates; `Field.evidence` says which.
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
    """One field, by the name that templates use for it when the loop variables are called as the manual calls them.

    `type`: "cents" is a whole number of hundredths of a currency; "date" is text `yyyy-MM-dd`, "datetime" text that
    begins so. `evidence`: "documented" in the current reference, "older" only in an old copy of it or an old official
    client, "seen" only in public templates. `group` and `label` are for people who do not read field names.
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
    """The part of the name that stands for something: "X" for a number from 1, "<Name>" for a name; else ""."""
    items: Level | Literal[""] = ""
    """For a list or a map: the level of its items."""
    edited: str = ""
    """The field that goes before this one when it has a value, because somebody edited it."""
    currency: Literal["", "expense", "report"] = ""
    """For cents: in whose currency they are."""
    identifier: bool = False
    """Whether the value may be digits only and longer than the 15 which a spreadsheet keeps."""

    @property
    def is_value(self) -> bool:
        """Whether it can stand in a column, unlike a list or an object."""
        return self.type not in ("list", "object")


class Catalogue:
    """Fields by name and by level, in the order in which a list of them reads best."""

    def __init__(self, fields: Iterable[Field]) -> None:
        self._fields = {field.name: field for field in fields}
        self._patterns = [(_pattern(field), field) for field in self._fields.values() if field.placeholder]

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields.values())

    def field(self, name: str) -> Field | None:
        """The field of that name, or None. `expense.ntag2` and `report.customField.Trip` are found too, filled in."""
        if name in self._fields:
            return self._fields[name]
        for pattern, field in self._patterns:
            if match := pattern.fullmatch(name):
                return _filled_in(field, name, match[1])
        return None

    def fields(self, level: Level) -> list[Field]:
        """The fields of one level; those with a placeholder stand there once, unfilled."""
        return [field for field in self if field.level == level]

    def nearest(self, name: str, level: Level | None = None) -> list[str]:
        """Up to three names which somebody who wrote `name` may have meant, nearest first.

        First what differs in case only, then what has that name on another level, then what people call so; after
        those, similar names of `level`, or of all levels.
        """
        wanted = name.lower()
        member = _member(wanted)
        # Approvers and history have loops of their own: their names are seldom meant outside them.
        within = ("top", "report", "expense", level) if level else get_args(Level)
        fields = sorted(
            (field for field in self if field.level in within), key=lambda field: field.level != level
        )
        found = [field.name for field in fields if field.name.lower() == wanted]
        found += [field.name for field in fields if member and _member(field.name).lower() == member]
        found += [field.name for field in fields if member and _called(field, member)]
        by_member = {
            _member(field.name).lower(): field.name for field in fields if level in (None, field.level)
        }
        found += [by_member[near] for near in get_close_matches(member, by_member, n=3, cutoff=0.7)]
        return [near for near in dict.fromkeys(found) if near != name][:3]


def _member(name: str) -> str:
    """What follows the loop variable; the whole name where there is none."""
    return name.partition(".")[2] or name


def _pattern(field: Field) -> re.Pattern[str]:
    """A name with its placeholder filled in: a level of tags counts from 1, a report field is letters and digits."""
    value = "([1-9][0-9]?)" if field.placeholder == "X" else r"(\w+)"
    before, after = field.name.split(field.placeholder)
    return re.compile(re.escape(before) + value + re.escape(after))


def _filled_in(field: Field, name: str, value: str) -> Field:
    label = field.label.replace("X", value) if field.placeholder == "X" else value.replace("_", " ").strip()
    return replace(field, name=name, label=label or field.label, placeholder="")


def _called(field: Field, word: str) -> bool:
    """Whether people would call the field so: its label, or the label's first words."""
    letters = _letters(word)
    return letters != "" and letters in (_letters(field.label), _letters(field.label.partition(" as ")[0]))


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _load(kind: str) -> Catalogue:
    stored: dict[str, list[dict[str, Any]]] = json.loads(
        Path(__file__).with_name("fields.json").read_text("utf-8")
    )[kind]
    return Catalogue(Field(level=cast(Level, level), **row) for level, rows in stored.items() for row in rows)


CATALOGUE = _load("export")
RECONCILIATION = _load("reconciliation")
