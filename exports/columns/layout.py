"""The chosen columns as values; a version of a saved export stores them as JSON."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, cast, get_args

from expensify.freemarker.catalogue import Field
from exports.columns import choices

Rows = Literal["expense", "report", "totals"]
Kind = Literal["csv", "json", "fixed"]
Quoting = Literal["always", "needed"]
LineBreaks = Literal["space", "keep"]
Source = Literal["field", "constant", "number"]

ROWS: dict[Rows, str] = {
    "expense": "One row per expense",
    "report": "One row per report",
    "totals": "One row per report and category, with totals",
}
KINDS: dict[Kind, str] = {"csv": "CSV", "json": "JSON", "fixed": "Fixed width"}
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
EXTENSIONS: dict[Kind, str] = {"csv": "csv", "json": "json", "fixed": "txt"}
"""The job's file type for each kind."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column. `source` is the origin of its value: a field (`name`), a constant (`text`), or the row's number.

    `format` is one of `choices.FORMATS` for the field's type, or empty for the raw value. `words` replace true and
    false, `fallback` replaces a missing value. `excel_text` puts an apostrophe in front, so that a spreadsheet neither
    rounds nor reinterprets the value [H]; CSV only. `width` counts characters; fixed-width files only.
    """

    heading: str
    source: Source = "field"
    name: str = ""
    text: str = ""
    format: str = ""
    words: tuple[str, str] = ("Yes", "No")
    fallback: str = ""
    excel_text: bool = False
    width: int = 20

    @property
    def field(self) -> Field | None:
        """The catalogue's field; None for other sources and unknown names."""
        return choices.field(self.name) if self.source == "field" else None

    @property
    def is_number(self) -> bool:
        """Whether the column holds numbers: unquoted in JSON, right-aligned in a fixed-width file."""
        if self.source == "number":
            return True
        field = self.field
        return field is not None and field.type in ("cents", "number", "integer")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Columns and format of a file. `delimiter`, `quoting` and `guard` apply to CSV only, `heading` not to JSON.

    `guard` puts an apostrophe before text that a spreadsheet would read as a formula; a file for machines does not
    need it. `line_breaks` inside values become a space or stay; fixed-width files always get a space.
    """

    columns: tuple[Column, ...]
    rows: Rows = "expense"
    kind: Kind = "csv"
    delimiter: str = ","
    quoting: Quoting = "needed"
    heading: bool = True
    guard: bool = True
    line_breaks: LineBreaks = "space"

    def as_json(self) -> dict[str, Any]:
        stored = asdict(self)
        stored["columns"] = [column | {"words": list(column["words"])} for column in stored["columns"]]
        return stored


def column(name: str, **changes: Any) -> Column:
    """A column for a field with its defaults: label, usual format, identifiers as text for Excel."""
    field = choices.field(name)
    if field is None:
        raise ValueError(f"there is no field {name}")
    defaults: dict[str, Any] = {
        "heading": field.label,
        "name": name,
        "format": choices.usual_format(field),
        "excel_text": field.identifier,
    }
    return Column(**defaults | changes)


def layout_from_json(stored: object) -> Layout:
    """The layout from `Layout.as_json` or a posted form; settings added since have their defaults.

    Raises ValueError for malformed data; `problems` checks the content.
    """
    if not isinstance(stored, dict):
        raise ValueError("a layout is an object")
    values = {str(key): value for key, value in stored.items()}
    columns = values.pop("columns", None)
    if not isinstance(columns, list):
        raise ValueError("a layout has a list of columns")
    return cast(Layout, _read(Layout, values | {"columns": tuple(_column(item) for item in columns)}))


def _column(stored: object) -> Column:
    if not isinstance(stored, dict):
        raise ValueError("a column is an object")
    values = {str(key): value for key, value in stored.items()}
    words = values.get("words", ["Yes", "No"])
    if not (isinstance(words, list | tuple) and len(words) == 2 and all(isinstance(word, str) for word in words)):
        raise ValueError("words are two texts, for yes and for no")
    return cast(Column, _read(Column, values | {"words": (words[0], words[1])}))


_ALLOWED: dict[str, tuple[Any, ...]] = {
    "rows": get_args(Rows),
    "kind": get_args(Kind),
    "delimiter": tuple(DELIMITERS),
    "quoting": get_args(Quoting),
    "line_breaks": get_args(LineBreaks),
    "source": get_args(Source),
}


def _read(cls: type[Layout] | type[Column], values: dict[str, Any]) -> Layout | Column:
    types = {field.name: field.type for field in fields(cls)}
    for name, value in values.items():
        kind = types.get(name)
        if name in _ALLOWED and value not in _ALLOWED[name]:
            raise ValueError(f"{name} cannot be {value!r}")
        if kind in (str, bool, int) and type(value) is not kind:
            raise ValueError(f"{name} cannot be {value!r}")
    if cls is Column and "heading" not in values:
        raise ValueError("a column has a heading")
    return cls(**{name: value for name, value in values.items() if name in types})
