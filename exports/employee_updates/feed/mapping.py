"""Map the columns of a file to fields: suggest, apply and store a mapping."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

from exports.employee_updates.feed.cells import GONE, NO, ROLE_WORDS, STILL_THERE, YES, FeedRow
from exports.employee_updates.feed.fields import FIELDS, ROLES
from exports.employee_updates.feed.findings import RowFinding, named, quoted
from exports.employee_updates.feed.headings import EXACT, KNOWN, plain
from exports.employee_updates.feed.sheet import Sheet

Confidence = Literal["certain", "likely", "guess", ""]

CONFIDENCE: dict[Confidence, str] = {
    "certain": "The field's own name",
    "likely": "A usual name for it",
    "guess": "A guess; please look",
    "": "Left out",
}
SAMPLE = 50  # cells of a column to inspect
_ORDER: tuple[Confidence, ...] = ("certain", "likely", "guess")
_MANAGERS = {
    "manager", "managers", "supervisor", "supervisors", "superior", "vorgesetzter", "vorgesetzte", "vorgesetzten",
    "fuhrungskraft", "teamleiter",
}  # fmt: skip


@dataclass(frozen=True)
class Suggestion:
    """The likely field of a column; `field` is "" when the column is left out, `reason` says why."""

    column: int
    heading: str
    field: str
    confidence: Confidence
    reason: str = ""


@dataclass(frozen=True)
class ChosenColumn:
    """A column by its heading and its index among columns with that heading; `field` "" leaves it out."""

    heading: str
    field: str
    occurrence: int = 0


@dataclass(frozen=True)
class ColumnMapping:
    """The chosen columns, for this file and the next.

    `constants` are texts for fields without a column or with an empty cell, such as the policy, which HR systems do
    not know.
    """

    columns: tuple[ChosenColumn, ...]
    constants: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"columns": [asdict(column) for column in self.columns], "constants": dict(self.constants)}


@dataclass(frozen=True)
class Placed:
    """A mapping applied to the headings of a file: the field of each column, and sentences about changed columns.

    `fits` is False when a column with a field is gone; a person must then check the columns.
    """

    fields: tuple[str, ...]
    fits: bool
    sentences: tuple[str, ...]


def mapping_from_json(stored: object) -> ColumnMapping:
    """The mapping from `ColumnMapping.as_json`. Raises ValueError for any other shape and for a repeated field."""
    if not isinstance(stored, dict):
        raise ValueError("a mapping is an object")
    columns, constants = stored.get("columns"), stored.get("constants", {})
    if not isinstance(columns, list) or not isinstance(constants, dict):
        raise ValueError("a mapping has columns and constants")
    chosen = []
    for column in columns:
        if not isinstance(column, dict):
            raise ValueError("a column is an object")
        heading, name, place = column.get("heading"), column.get("field"), column.get("occurrence", 0)
        if not isinstance(heading, str) or not (name == "" or name in FIELDS) or type(place) is not int:
            raise ValueError("a column has a heading and a field")
        chosen.append(ChosenColumn(heading, name, place))
    if not all(name in FIELDS and isinstance(text, str) for name, text in constants.items()):
        raise ValueError("constants are texts under the names of fields")
    if any(count > 1 for name, count in Counter(column.field for column in chosen).items() if name):
        raise ValueError("a field comes from one column")
    return ColumnMapping(tuple(chosen), dict(constants))


def suggest(sheet: Sheet) -> tuple[Suggestion, ...]:
    """The likely field of every column, by its heading and its cells; each field once."""
    samples = [
        [text for line in sheet.lines[:SAMPLE] if (text := line.cells[column].strip())]
        for column in range(len(sheet.headings))
    ]
    suggestions = [_suggest_field(column, sheet.headings[column], samples[column]) for column in range(len(samples))]
    by_field: dict[str, Suggestion] = {}
    for confidence in _ORDER:
        for place, suggestion in enumerate(suggestions):
            if suggestion.confidence != confidence:
                continue
            if suggestion.field in by_field:
                other = by_field[suggestion.field]
                suggestions[place] = Suggestion(
                    place,
                    suggestion.heading,
                    "",
                    "",
                    f"{quoted(other.heading)} seems to be {_heading(suggestion.field)} rather.",
                )
            else:
                by_field[suggestion.field] = suggestion
    return tuple(suggestions if "email" in by_field else _suggest_email(suggestions, samples))


def mapping_of(sheet: Sheet, fields: Sequence[str], constants: Mapping[str, str] | None = None) -> ColumnMapping:
    """The mapping from the chosen field of each column of this sheet ("" leaves the column out)."""
    columns = [
        ChosenColumn(heading, name, occurrence)
        for heading, name, (_, occurrence) in zip(sheet.headings, fields, _numbered_headings(sheet), strict=True)
    ]
    return ColumnMapping(tuple(columns), dict(constants or {}))


def place(mapping: ColumnMapping, sheet: Sheet) -> Placed:
    """Apply the mapping to a file, whose columns may have moved, disappeared or appeared."""
    at = {heading: column for column, heading in enumerate(_numbered_headings(sheet))}
    fields = [""] * len(sheet.headings)
    missing: list[ChosenColumn] = []
    mapped_columns: set[int] = set()
    moved = False
    for number, chosen in enumerate(mapping.columns):
        column_now = at.get((plain(chosen.heading), chosen.occurrence))
        if column_now is None:
            missing += [chosen] if chosen.field else []
            continue
        mapped_columns.add(column_now)
        fields[column_now] = chosen.field
        moved |= column_now != number
    new = [heading for column, heading in enumerate(sheet.headings) if heading and column not in mapped_columns]
    sentences = []
    if missing:
        headings = named([f"{quoted(chosen.heading)} ({_heading(chosen.field)})" for chosen in missing])
        sentences.append(f"The file no longer has {headings}. Choose other columns, or ask where they went.")
    if new:
        sentences.append(f"New in the file, and left out: {named([quoted(heading) for heading in new])}.")
    if moved and not missing:
        sentences.append("The columns stand in another order than last time; they were found by their headings.")
    return Placed(tuple(fields), not missing, tuple(sentences))


def mapped(
    sheet: Sheet, fields: Sequence[str], constants: Mapping[str, str] | None = None
) -> tuple[list[FeedRow], list[RowFinding]]:
    """The rows of the feed, one for each line, and the findings from reading the file."""
    columns = [(column, name) for column, name in enumerate(fields) if name]
    fixed = {name: text for name, text in (constants or {}).items() if text}
    rows = []
    for line in sheet.lines:
        cells = {name: text for column, name in columns if (text := line.cells[column]) and text.strip()}
        rows.append(FeedRow(line.number, {**fixed, **cells}))
    chosen = dict(columns)
    findings = [
        RowFinding(
            note.row,
            chosen.get(note.column, "") if note.column is not None else "",
            note.severity,
            note.code,
            note.sentence,
        )
        for note in sheet.notes
        # Ignore notes about columns without a field.
        if note.column is None or note.column in chosen
    ]
    return rows, findings


def _numbered_headings(sheet: Sheet) -> list[tuple[str, int]]:
    """The normalised heading of each column, and its index among columns with that heading."""
    headings = [plain(heading) for heading in sheet.headings]
    return [(heading, headings[:column].count(heading)) for column, heading in enumerate(headings)]


def _heading(name: str) -> str:
    return f"“{FIELDS[name].heading}”"


def _suggest_field(column: int, heading: str, sample: Sequence[str]) -> Suggestion:
    text = plain(heading)
    name = ""
    confidence: Confidence = ""
    if text in EXACT:
        name, confidence = EXACT[text], "certain"
    elif text in KNOWN:
        name, confidence = KNOWN[text], "likely"
    elif similar := _similar(text):
        name, confidence = similar, "guess"
    if not name:
        return Suggestion(column, heading, "", "", "No field is called like this.")
    if reason := _misfit(name, sample):
        return Suggestion(column, heading, "", "", f"It is called like {_heading(name)}, but its cells {reason}.")
    return Suggestion(column, heading, name, confidence)


def _similar(text: str) -> str:
    words = text.split()
    about_manager = bool(_MANAGERS & set(words))
    if about_manager and {"email", "mail", "address", "adresse"} & set(words):
        return "manager"
    # Look for the longest usual name of several words in the heading.
    for length in range(len(words) - 1, 1, -1):
        for start in range(len(words) - length + 1):
            name = KNOWN.get(" ".join(words[start : start + length]), "")
            if name and (name == "manager" or not about_manager):
                return name
    close = get_close_matches(text, KNOWN, n=1, cutoff=0.86) if len(text) > 3 else []
    name = KNOWN[close[0]] if close else ""
    return name if name == "manager" or not about_manager else ""


def _misfit(name: str, sample: Sequence[str]) -> str:
    """Why these cells do not fit that field; "" when they do."""
    if not sample:
        return ""

    def share(fits: int) -> float:
        return fits / len(sample)

    kind = FIELDS[name].kind
    if kind == "email" and share(sum("@" in text for text in sample)) < 0.5:
        return "hold no addresses"
    if kind == "boolean":
        words = YES | NO | (GONE | STILL_THERE if name == "is_terminated" else set())
        if share(sum(text.lower() in words for text in sample)) < 0.5:
            return "do not say yes or no"
    if kind == "choice" and share(sum(text.lower() in {*ROLES, *ROLE_WORDS} for text in sample)) < 0.5:
        return "hold other words than user, auditor and admin"
    if kind == "money" and share(sum(any(char.isdigit() for char in text) for text in sample)) < 0.5:
        return "hold no amounts"
    return ""


def _suggest_email(suggestions: list[Suggestion], samples: Sequence[Sequence[str]]) -> list[Suggestion]:
    """Without a heading for the e-mail, suggest the first column that holds only addresses."""
    for column, suggestion in enumerate(suggestions):
        sample = samples[column]
        if not suggestion.field and sample and all("@" in text for text in sample):
            guess = Suggestion(column, suggestion.heading, "email", "guess", "It holds addresses.")
            return [*suggestions[:column], guess, *suggestions[column + 1 :]]
    return suggestions
