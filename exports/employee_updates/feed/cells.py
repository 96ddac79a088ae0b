"""Convert the text of a cell to a value, and a value to the text of a cell.

People see and edit the cells; an `Employee` is always computed from them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.addresses import read_address
from expensify.foreign_text import REPLACEMENT
from exports.employee_updates.feed.fields import FIELDS, ROLES, Employee, EmployeeField, Value
from exports.employee_updates.feed.findings import RowFinding, Severity, quoted

LONGEST = 1000  # characters; only cells of a broken file are longer

YES = {"true", "yes", "y", "1", "x", "✓", "✔", "on", "t", "ja", "j", "wahr", "oui", "vrai", "sí", "si", "vero"}
NO = {"false", "no", "n", "0", "-", "off", "f", "nein", "falsch", "non", "faux", "falso"}
# The words that the grid and a JSON feed use.
PLAIN_BOOLEANS = {"true", "false", "yes", "no"}
# Words of HR systems for the employment status.
GONE = {
    "terminated", "inactive", "left", "leaver", "former", "offboarded", "withdrawn",
    "inaktiv", "ausgetreten", "ausgeschieden", "gekündigt", "ehemalig",
}  # fmt: skip
STILL_THERE = {
    "active", "employed", "current", "onboarding", "leave", "on leave", "long term leave", "probation",
    "aktiv", "beschäftigt", "angestellt", "beurlaubt", "elternzeit", "probezeit",
}  # fmt: skip
ROLE_WORDS = {
    "employee": "user", "member": "user", "submitter": "user", "mitarbeiter": "user", "benutzer": "user",
    "nutzer": "user", "mitglied": "user", "standard": "user",
    "administrator": "admin", "verwalter": "admin", "policy admin": "admin", "workspace admin": "admin",
    "prüfer": "auditor", "revisor": "auditor", "revision": "auditor",
}  # fmt: skip

_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONSTANT = re.compile(r'="((?:[^"]|"")*)"')
_PLAIN_AMOUNT = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,2})?")
_CURRENCY = re.compile(r"^(?:[A-Z]{3}|[€$£¥]|CHF|Fr\.)\s*|\s*(?:[A-Z]{3}|[€$£¥]|Fr\.)$")
_ITEM = r'[ \t]*(?:"((?:[^"]|"")*)"[ \t]*|([^{0}]*))(?:[{0}]|$)'
_FIRM, _LOOSE = (re.compile(_ITEM.format(separators)) for separators in (";|\n", ";|\n,"))


@dataclass(frozen=True)
class FeedRow:
    """A row of the feed: `number` is the row number in its file, `cells` has texts by field name."""

    number: int
    cells: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        return {"number": self.number, "cells": {name: text for name, text in self.cells.items() if text}}


def row_from_json(stored: object) -> FeedRow:
    """The row from `FeedRow.as_json`. Raises ValueError for any other shape."""
    if not isinstance(stored, dict):
        raise ValueError("a row is an object")
    number, cells = stored.get("number"), stored.get("cells")
    if type(number) is not int or not isinstance(cells, dict):
        raise ValueError("a row has a number and cells")
    if not all(name in FIELDS and isinstance(text, str) for name, text in cells.items()):
        raise ValueError("cells are texts under the names of fields")
    return FeedRow(number, cells)


def rows_of(people: Iterable[Employee]) -> list[FeedRow]:
    """People as rows, numbered from 1, for a start from the members or for a reversal."""
    return [
        FeedRow(number, {name: text for name in FIELDS if (text := text_of(FIELDS[name], person.value(name)))})
        for number, person in enumerate(people, start=1)
    ]


def text_of(field: EmployeeField, value: Value) -> str:
    """The text of a value in a cell; `person_of` reads the same value from it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        whole = value == value.to_integral_value()
        return f"{value:.0f}" if whole else f"{value:.2f}" if value == round(value, 2) else f"{value:f}"
    if isinstance(value, tuple):
        return "; ".join(_item_text(item) for item in value)
    return value


def person_of(row: FeedRow) -> tuple[Employee, list[RowFinding]]:
    """The person that the cells describe, and findings about converted, cleaned and unreadable cells.

    An unreadable cell is an error, and its field stays empty.
    """
    values: dict[str, Value] = {}
    findings: list[RowFinding] = []
    for name, text in row.cells.items():
        if not text:
            continue
        field = FIELDS[name]
        notes: list[tuple[Severity, str, str]] = []
        value = _READERS[field.kind](_cleaned(text, field, notes), field, notes)
        if value not in ("", None, ()):
            values[name] = value
        if notes:
            findings += [RowFinding(row.number, name, severity, code, sentence) for severity, code, sentence in notes]
    return Employee(**values), findings  # type: ignore[arg-type]  # each reader returns the type of its field


Notes = list[tuple[Severity, str, str]]


def _cleaned(text: str, field: EmployeeField, notes: Notes) -> str:
    if text.isascii() and text.isprintable() and text == text.strip():
        clean = text
    else:
        clean = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
        if field.is_list:
            clean = clean.replace("\r\n", "\n").replace("\r", "\n")
            clean = "\n".join(_CONTROL.sub(" ", line) for line in clean.split("\n"))
        else:
            clean = _CONTROL.sub(" ", clean)
        clean = "".join(" " if char.isspace() and char != "\n" else char for char in clean).strip()
        if clean != text and not field.is_list:
            notes.append(
                ("notice", "cleaned", f"Spaces or characters that cannot be seen were taken out of {quoted(text)}.")
            )
    if REPLACEMENT in clean:
        notes.append(
            (
                "error",
                "lost_character",
                f"{quoted(clean)} holds a character that could not be read, shown as {REPLACEMENT}. Enter the value "
                "as it should be.",
            )
        )
    if len(clean) > LONGEST:
        notes.append(
            (
                "error",
                "too_long",
                f"This cell has {len(clean):,} characters. A quotation mark may be missing in the file; shorten the "
                "cell or read the file again.",
            )
        )
        return clean[:LONGEST]
    if clean.startswith('="') and (constant := _CONSTANT.fullmatch(clean)):
        clean = constant[1].replace('""', '"').strip()
        notes.append(
            (
                "notice",
                "constant_formula",
                f"Written as a spreadsheet's formula for a fixed text; its text {quoted(clean)} was taken.",
            )
        )
    return clean


def _read_text(text: str, field: EmployeeField, notes: Notes) -> Value:
    return text


def _read_identifier(text: str, field: EmployeeField, notes: Notes) -> Value:
    if text.startswith("'") and len(text) > 1:
        text = text[1:].strip()
        notes.append(("notice", "cleaned", "The apostrophe in front, a spreadsheet's mark for text, was taken off."))
    return text


def _read_email(text: str, field: EmployeeField, notes: Notes) -> Value:
    address = read_address(text)
    if address != text:
        notes.append(("notice", "address_unwrapped", f"Only the address in {quoted(text)} was taken."))
        text = address
    lower = text.lower()
    if lower != text:
        notes.append(
            ("notice", "lowered", f"{quoted(text)} is sent in small letters, as addresses are compared in them.")
        )
    return lower


def _read_role(text: str, field: EmployeeField, notes: Notes) -> Value:
    word = text.lower()
    if word in ROLES:
        return word
    if word in ROLE_WORDS:
        role = ROLE_WORDS[word]
        notes.append(("notice", "role_word", f"{quoted(text)} is understood as the role “{role}”."))
        return role
    notes.append(
        ("error", "unknown_role", f"There is no role {quoted(text)}. Write user, auditor or admin, or leave it empty.")
    )
    return ""


def _read_boolean(text: str, field: EmployeeField, notes: Notes) -> Value:
    word = text.lower()
    if word in PLAIN_BOOLEANS:
        return word in YES
    is_status = field.name == "is_terminated"
    value = None
    if word in YES or (is_status and word in GONE):
        value = True
    elif word in NO or (is_status and word in STILL_THERE):
        value = False
    if value is None:
        notes.append(
            ("error", "unknown_boolean", f"{quoted(text)} is neither yes nor no. Write yes or no, or leave it empty.")
        )
    else:
        notes.append(("notice", "boolean_word", f"{quoted(text)} is understood as {'yes' if value else 'no'}."))
    return value


def _read_amount(text: str, field: EmployeeField, notes: Notes) -> Value:
    if _PLAIN_AMOUNT.fullmatch(text):
        return Decimal(text)
    digits = _CURRENCY.sub("", text.upper()).strip().replace(" ", "").replace("'", "").replace("’", "")
    digits = re.sub(r"[.,](?:-+|–|—)$", "", digits)
    if re.fullmatch(r"-?[1-9][0-9]{0,2}[.,][0-9]{3}", digits):
        plain = digits.replace(",", "").replace(".", "")
        notes.append(
            (
                "error",
                "ambiguous_amount",
                f"{quoted(text)} may be {plain} or {digits.replace(',', '.')}. Write the amount without a separator "
                "for thousands.",
            )
        )
        return None
    number = _grouped(digits)
    if number is None:
        notes.append(
            ("error", "unreadable_amount", f"{quoted(text)} is no amount. Write it like 1234.50, or leave it empty.")
        )
        return None
    notes.append(("notice", "amount_format", f"{quoted(text)} is understood as {number:f}."))
    return number


def _grouped(digits: str) -> Decimal | None:
    """1.234.567,89 or 1,234,567.89 or 1234,5; None for anything else."""
    for group, point in ((",", "."), (".", ",")):
        whole = rf"(?:[0-9]{{1,15}}|[1-9][0-9]{{0,2}}(?:{re.escape(group)}[0-9]{{3}}){{1,4}})"
        if re.fullmatch(rf"-?{whole}(?:{re.escape(point)}[0-9]{{1,9}})?", digits):
            return Decimal(digits.replace(group, "").replace(point, "."))
    return None


def _read_list(text: str, field: EmployeeField, notes: Notes) -> Value:
    items = _items(text, _FIRM)
    if len(items) == 1 and not items[0][1]:
        # Without semicolons, bars or line breaks, commas separate the items.
        items = _items(text, _LOOSE)
    if field.kind == "identifiers":
        return tuple(dict.fromkeys(item for item, _ in items))
    return tuple(item for item, _ in items)


def _items(text: str, pattern: re.Pattern[str]) -> list[tuple[str, bool]]:
    """The items, each with whether it was quoted."""
    items = []
    for match in pattern.finditer(text):
        if match[1] is not None:
            items.append((match[1].replace('""', '"'), True))
        else:
            items.append((match[2].strip(), False))
    return [(item, in_quotes) for item, in_quotes in items if item]


def _item_text(item: str) -> str:
    if re.search(r'[;|\n,"]', item) or item != item.strip():
        return '"' + item.replace('"', '""') + '"'
    return item


_READERS: dict[str, Callable[[str, EmployeeField, Notes], Value]] = {
    "text": _read_text,
    "identifier": _read_identifier,
    "email": _read_email,
    "choice": _read_role,
    "boolean": _read_boolean,
    "money": _read_amount,
    "identifiers": _read_list,
    "texts": _read_list,
}
