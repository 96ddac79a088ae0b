"""The file's content in an export's form: columns or a text template, and the actions of its buttons."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, TypeVar, get_args

from accounts.numbers import whole_number
from expensify.foreign_text import read_json
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
# File types that Expensify can make of each kind.
FITTING: dict[Kind, tuple[str, ...]] = {
    "csv": ("csv", "xlsx", "xls", "txt"),
    "json": ("json", "txt"),
    "fixed": ("txt",),
}


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Columns and template of the form. `written` says which of them is in use; the other allows switching back.

    `sample` is a key of `SAMPLES` or "own"; `extension` is the file type chosen in the form. `states` are the report
    states that a preset ticks.
    """

    written: Written = "columns"
    layout: Layout = EMPTY
    template: str = ""
    sample: str = "company"
    extension: str = "csv"
    states: tuple[str, ...] = ()

    @classmethod
    def from_export(cls, export: SavedExport) -> Self:
        """Contents of the stored version. A text template comes with the columns last stored."""
        version = export.version
        if version is None:
            return cls()
        columns = version.columns
        if columns is None:
            last = export.versions.exclude(columns=None).first()
            columns = last.columns if last else None
        contents = cls.from_stored(version.template, columns, extension=version.settings["file_extension"])
        return replace(contents, written="template", template=version.template) if version.columns is None else contents

    @classmethod
    def from_stored(cls, template: str, columns: object, *, extension: str) -> Self:
        """Contents of the columns, or of the template without columns."""
        layout = _layout(columns)
        return cls(
            written="columns" if layout.columns else "template",
            layout=layout,
            template="" if layout.columns else template,
            extension=extension,
        )

    @classmethod
    def from_post(cls, data: Mapping[str, str]) -> Self:
        """Contents of a form's post; invalid values become defaults. CR LF becomes LF."""
        written: Written = "columns" if data.get("written") == "columns" else "template"
        return cls(
            written=written,
            layout=_posted_layout(data) if written == "columns" else _layout(data.get("columns")),
            template=data.get("template", "").replace("\r\n", "\n"),
            sample=data["sample"] if data.get("sample") in {*SAMPLES, OWN} else "company",
            extension=data.get("file_extension", "csv"),
        )

    @property
    def is_built(self) -> bool:
        return self.written == "columns"

    @property
    def text(self) -> str:
        """The template for Expensify; "" while the columns have problems."""
        if not self.is_built:
            return self.template
        return template_of(self.layout) if not problems(self.layout) else ""

    @property
    def problems(self) -> list[str]:
        """Why the columns cannot be saved. Lint checks a text template."""
        if not self.is_built:
            return []
        sentences = problems(self.layout)
        if self.extension not in FITTING[self.layout.kind]:
            sentences.append(
                f"These columns are written as {KINDS[self.layout.kind]}, but the file type is "
                f"{self.extension.upper()}. Choose the file type {EXTENSIONS[self.layout.kind].upper()}, "
                "or another format of the columns."
            )
        return sentences

    @property
    def columns(self) -> dict[str, Any] | None:
        """The columns to store with the template, also with a text that they still write exactly."""
        if self.is_built:
            return self.layout.as_json()
        if self.layout.columns and recognise(self.template, self.layout.as_json()):
            return self.layout.as_json()
        return None

    @property
    def was_edited(self) -> bool:
        """Whether somebody edited the text that the columns wrote."""
        return not self.is_built and bool(self.layout.columns) and self.columns is None

    @property
    def columns_json(self) -> str:
        return json.dumps(self.layout.as_json())

    # ------------------------------------------------------------ buttons

    def act(self, do: str, data: Mapping[str, str]) -> Self:
        """The contents after the button with the value `do`; unchanged if the button is unknown."""
        verb, _, target = do.partition(":")
        match verb:
            case "as-text" if self.is_built:
                return replace(self, written="template", template=self.text or self.template)
            case "kept-text" if self.is_built and self.template:
                return replace(self, written="template")
            case "as-columns" if not self.is_built:
                kept = "" if self.columns or self.template in _READY else self.template
                return replace(self, written="columns", template=kept)
            case "starter" if target in STARTERS:
                return replace(self, written="template", template=STARTERS[target].template)
            case "preset" if target in PRESETS:
                preset = PRESETS[target]
                text = "" if self.is_built else self.template
                return replace(self, written="columns", layout=preset.layout, template=text, states=preset.states)
            case "fix" if not self.is_built:
                return replace(self, template=_apply_fix(self.template, self.extension, target))
            case _ if self.is_built:
                return replace(self, layout=_change_columns(self.layout, verb, target, data))
        return self


_READY = {"", *(starter.template for starter in STARTERS.values())}


def _layout(stored: object) -> Layout:
    """The stored or posted layout; the empty one for anything malformed."""
    if stored is None:
        return EMPTY
    try:
        return layout_from_json(read_json(stored) if isinstance(stored, str) else stored)
    except (ValueError, RecursionError):
        return EMPTY


def _apply_fix(template: str, extension: str, place: str) -> str:
    """Apply the fix of the finding at `line:column:code`, if it is still there."""
    for finding in lint(template, file_extension=extension):
        if finding.fix and f"{finding.line}:{finding.column}:{finding.code}" == place:
            return apply(template, finding.fix)
    return template


def _change_columns(layout: Layout, verb: str, target: str, data: Mapping[str, str]) -> Layout:
    columns = list(layout.columns)
    if verb == "add":
        return replace(layout, columns=(*columns, *_new_columns(target, data)))
    numbers = [int(number) - 1 for number in target.split("-")] if _NUMBERS.fullmatch(target) else []
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


def _new_columns(source: str, data: Mapping[str, str]) -> list[Column]:
    if source == "constant":
        return [Column(source="constant", heading="Constant")]
    if source == "number":
        return [Column(source="number", heading="Row")]
    name = source
    for placeholder in ("<Name>", "X"):
        if f"fill:{source}" in data and placeholder in source:
            name = source.replace(placeholder, re.sub(r"\W+", "_", data[f"fill:{source}"].strip()).strip("_"))
            break
    return [column(name)] if field(name) else []


def _posted_layout(data: Mapping[str, str]) -> Layout:
    """The layout in the builder's posted fields; `problems` checks its values afterwards."""
    count = min(whole_number(data.get("columns", ""), 5) or 0, MOST_ROWS)
    columns = [_posted_column(data, number) for number in range(1, count + 1)]
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


# The page sends names: a tab cannot be an <option>'s value, and is invisible.
_DELIMITERS = {name: delimiter for delimiter, name in DELIMITERS.items()}


def _one_of(choices: Mapping[Choice, str], sent: str | None) -> Choice:
    return next((choice for choice in choices if choice == sent), next(iter(choices)))


def _posted_column(data: Mapping[str, str], number: int) -> Column | None:
    def of(name: str, default: str = "") -> str:
        return data.get(f"column-{number}-{name}", default)[:500]

    source = next((source for source in get_args(Source) if source == of("source")), None)
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
