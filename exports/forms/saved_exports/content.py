"""The part of an export's form that says what is in the file: columns or a text template, and what its buttons do."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, TypeVar, get_args

from accounts.numbers import whole_number
from expensify.freemarker.lint.check_template import lint
from expensify.freemarker.lint.findings import apply
from exports.columns.checking import problems
from exports.columns.choices import field
from exports.columns.layout import (
    DELIMITERS,
    EXTENSIONS,
    KINDS,
    ROWS,
    Column,
    Kind,
    Layout,
    Source,
    column,
    layout_from_json,
)
from exports.columns.presets import PRESETS
from exports.columns.writing import recognise, template_of
from exports.models import SavedExport
from exports.samples.choose import SAMPLES
from exports.saved_exports.starter_templates import STARTERS

Written = Literal["columns", "template"]
Choice = TypeVar("Choice", bound=str)

_NUMBERS = re.compile("[0-9]{1,5}(-[0-9]{1,5})?")
OWN = "own"
MOST_ROWS = 250
EMPTY = Layout(columns=())
# A table is a table to Expensify, whichever of these it makes of it.
FITTING: dict[Kind, tuple[str, ...]] = {
    "csv": ("csv", "xlsx", "xls", "txt"),
    "json": ("json", "txt"),
    "fixed": ("txt",),
}


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What the form holds of it. `written` says which of the two counts; the other is kept beside it for the way back.

    `sample` is a key of `SAMPLES` or "own"; `extension` the file type chosen in the form. `states` are those that a
    preset wants ticked.
    """

    written: Written = "columns"
    layout: Layout = EMPTY
    template: str = ""
    sample: str = "company"
    extension: str = "csv"
    states: tuple[str, ...] = ()

    @classmethod
    def of(cls, export: SavedExport) -> Self:
        """What is stored. A text template brings along the last columns that there were."""
        version = export.version
        if version is None:
            return cls()
        columns = version.columns
        if columns is None:
            last = export.versions.exclude(columns=None).first()
            columns = last.columns if last else None
        contents = cls.stored(version.template, columns, extension=version.settings["file_extension"])
        return (
            replace(contents, written="template", template=version.template)
            if version.columns is None
            else contents
        )

    @classmethod
    def stored(cls, template: str, columns: object, *, extension: str) -> Self:
        """The columns, or the template of one who has none."""
        layout = _layout(columns)
        return cls(
            written="columns" if layout.columns else "template",
            layout=layout,
            template="" if layout.columns else template,
            extension=extension,
        )

    @classmethod
    def sent(cls, data: Mapping[str, str]) -> Self:
        """What a browser sent, whatever it sent. Line breaks come as CR LF; the template is kept as it was written."""
        written: Written = "columns" if data.get("written") == "columns" else "template"
        return cls(
            written=written,
            layout=_sent_layout(data) if written == "columns" else _layout(data.get("columns")),
            template=data.get("template", "").replace("\r\n", "\n"),
            sample=data["sample"] if data.get("sample") in {*SAMPLES, OWN} else "company",
            extension=data.get("file_extension", "csv"),
        )

    @property
    def is_built(self) -> bool:
        return self.written == "columns"

    @property
    def text(self) -> str:
        """The template that would be sent; "" while the columns have problems."""
        if not self.is_built:
            return self.template
        return template_of(self.layout) if not problems(self.layout) else ""

    @property
    def problems(self) -> list[str]:
        """Why the columns cannot be saved as they are. Of a text template lint speaks."""
        return [*problems(self.layout), *self.misfit] if self.is_built else []

    @property
    def misfit(self) -> list[str]:
        if not self.is_built or self.extension in FITTING[self.layout.kind]:
            return []
        return [
            f"These columns are written as {KINDS[self.layout.kind]}, but the file type is "
            f"{self.extension.upper()}. Choose the file type {EXTENSIONS[self.layout.kind].upper()}, "
            "or another format of the columns."
        ]

    @property
    def columns(self) -> dict[str, Any] | None:
        """The columns to store with the template: also those of a text that is still exactly what they write."""
        if self.is_built:
            return self.layout.as_json()
        if self.layout.columns and recognise(self.template, self.layout.as_json()):
            return self.layout.as_json()
        return None

    @property
    def was_edited(self) -> bool:
        """Whether the text came from columns and is no longer what they write."""
        return not self.is_built and bool(self.layout.columns) and self.columns is None

    @property
    def columns_json(self) -> str:
        return json.dumps(self.layout.as_json())

    # ------------------------------------------------------------ buttons

    def act(self, do: str, data: Mapping[str, str]) -> Self:
        """What it becomes by a button of that value; unchanged by one that is not known."""
        verb, _, what = do.partition(":")
        match verb:
            case "as-text" if self.is_built:
                return replace(self, written="template", template=self.text or self.template)
            case "kept-text" if self.is_built and self.template:
                return replace(self, written="template")
            case "as-columns" if not self.is_built:
                kept = "" if self.columns or self.template in _READY else self.template
                return replace(self, written="columns", template=kept)
            case "starter" if what in STARTERS:
                return replace(self, written="template", template=STARTERS[what].template)
            case "preset" if what in PRESETS:
                return self._from_preset(what)
            case "fix" if not self.is_built:
                return replace(self, template=_fixed(self.template, self.extension, what))
            case _ if self.is_built:
                return replace(self, layout=_changed(self.layout, verb, what, data))
        return self

    def _from_preset(self, key: str) -> Self:
        preset = PRESETS[key]
        return replace(
            self,
            written="columns",
            layout=preset.layout,
            template="" if self.is_built else self.template,
            states=preset.states,
        )


_READY = {"", *(starter.template for starter in STARTERS.values())}


def _layout(stored: object) -> Layout:
    """The layout that somebody stored or sent; the empty one for anything else."""
    if stored is None:
        return EMPTY
    try:
        return layout_from_json(json.loads(stored) if isinstance(stored, str) else stored)
    except (ValueError, RecursionError):
        return EMPTY


def _fixed(template: str, extension: str, place: str) -> str:
    """The template with the fix of the finding at `line:column:code`; unchanged if that is no longer there."""
    for finding in lint(template, file_extension=extension):
        if finding.fix and f"{finding.line}:{finding.column}:{finding.code}" == place:
            return apply(template, finding.fix)
    return template


def _changed(layout: Layout, verb: str, what: str, data: Mapping[str, str]) -> Layout:
    columns = list(layout.columns)
    if verb == "add":
        return replace(layout, columns=(*columns, *_new(what, data)))
    numbers = [int(number) - 1 for number in what.split("-")] if _NUMBERS.fullmatch(what) else []
    if not numbers or not all(0 <= number < len(columns) for number in numbers):
        return layout
    moved = columns.pop(numbers[0])
    match verb, numbers:
        case "up", [number]:
            columns.insert(max(number - 1, 0), moved)
        case "down", [number]:
            columns.insert(number + 1, moved)
        case "move", [_, to]:
            columns.insert(to, moved)
        case "remove", [_]:
            pass
        case _:
            return layout
    return replace(layout, columns=tuple(columns))


def _new(what: str, data: Mapping[str, str]) -> list[Column]:
    if what == "constant":
        return [Column(source="constant", heading="Constant")]
    if what == "number":
        return [Column(source="number", heading="Row")]
    name = what
    for placeholder in ("<Name>", "X"):
        if f"fill:{what}" in data and placeholder in what:
            name = what.replace(placeholder, re.sub(r"\W+", "_", data[f"fill:{what}"].strip()).strip("_"))
            break
    return [column(name)] if field(name) else []


def _sent_layout(data: Mapping[str, str]) -> Layout:
    """The builder's fields, as far as they are in order; what is wrong in them `problems` says afterwards."""
    number = min(whole_number(data.get("columns", ""), 5) or 0, MOST_ROWS)
    columns = [_sent_column(data, each) for each in range(1, number + 1)]
    return Layout(
        columns=tuple(column for column in columns if column),
        rows=_one_of(ROWS, data.get("rows")),
        kind=_one_of(KINDS, data.get("kind")),
        delimiter=_one_of(DELIMITERS, _DELIMITERS.get(data.get("delimiter", ""))),
        quoting="always" if data.get("quoting") == "always" else "needed",
        heading="heading" in data,
        guard="guard" in data,
        line_breaks="keep" if "keep_line_breaks" in data else "space",
    )


# A tab cannot stand in an <option>, nor is it seen.
_DELIMITERS = {name: delimiter for delimiter, name in DELIMITERS.items()}


def _one_of(choices: Mapping[Choice, str], sent: str | None) -> Choice:
    return next((choice for choice in choices if choice == sent), next(iter(choices)))


def _sent_column(data: Mapping[str, str], number: int) -> Column | None:
    def of(name: str, otherwise: str = "") -> str:
        return data.get(f"column-{number}-{name}", otherwise)[:500]

    source = next((known for known in get_args(Source) if known == of("source")), None)
    if source is None:
        return None
    width = of("width", "20")
    return Column(
        source=source,
        name=of("name"),
        heading=of("heading"),
        text=of("text"),
        format=of("format"),
        words=(of("yes", "Yes"), of("no", "No")),
        fallback=of("fallback"),
        excel_text=f"column-{number}-excel_text" in data,
        width=whole_number(width, 5) or 0,
    )
