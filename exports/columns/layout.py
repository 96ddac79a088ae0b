"""The columns that somebody chose, as values; kept as JSON in a version of a saved export."""

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
"""The file type of the job that goes with a kind."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column. `source` says where its value comes from: a field (`name`), a constant (`text`), or the row's number.

    `format` is one of `choices.FORMATS` for the field's type, or empty for the value as it comes. `words` stand for
    yes and no. `fallback` stands where there is no value. `excel_text` puts an apostrophe in front, so that a
    spreadsheet neither rounds nor reinterprets it [H]; it counts in CSV only. `width` counts characters, in
    fixed-width files only.
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
        """What the catalogue knows of the field; None for other sources, and for a name that does not exist."""
        return choices.field(self.name) if self.source == "field" else None

    @property
    def is_number(self) -> bool:
        """Whether the column holds numbers: bare in JSON, at the right in a fixed-width file."""
        if self.source == "number":
            return True
        field = self.field
        return field is not None and field.type in ("cents", "number", "integer")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a file looks like. `delimiter`, `quoting` and `guard` count in CSV only, `heading` not in JSON.

    `guard` puts an apostrophe in front of text which a spreadsheet would take for a formula; a file that only a
    machine reads can do without. `line_breaks` inside values become a space or stay; in fixed width they cannot stay.
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
    """A column for a field as one would choose it first: its label, its usual format, identifiers safe from Excel."""
    field = choices.field(name)
    if field is None:
        raise ValueError(f"there is no field {name}")
    usual: dict[str, Any] = {
        "heading": field.label,
        "name": name,
        "format": choices.usual_format(field),
        "excel_text": field.identifier,
    }
    return Column(**usual | changes)


def layout_from_json(stored: object) -> Layout:
    """The layout that `Layout.as_json` gave, or that a page sent; a setting that came later has its default.

    Raises ValueError for anything of another shape. What it says of content is for `problems`.
    """
    if not isinstance(stored, dict):
        raise ValueError("a layout is an object")
    given = {str(key): value for key, value in stored.items()}
    columns = given.pop("columns", None)
    if not isinstance(columns, list):
        raise ValueError("a layout has a list of columns")
    return cast(Layout, _read(Layout, given | {"columns": tuple(_column(item) for item in columns)}))


def _column(stored: object) -> Column:
    if not isinstance(stored, dict):
        raise ValueError("a column is an object")
    given = {str(key): value for key, value in stored.items()}
    words = given.get("words", ["Yes", "No"])
    if not (
        isinstance(words, list | tuple) and len(words) == 2 and all(isinstance(word, str) for word in words)
    ):
        raise ValueError("words are two texts, for yes and for no")
    return cast(Column, _read(Column, given | {"words": (words[0], words[1])}))


_ALLOWED: dict[str, tuple[Any, ...]] = {
    "rows": get_args(Rows),
    "kind": get_args(Kind),
    "delimiter": tuple(DELIMITERS),
    "quoting": get_args(Quoting),
    "line_breaks": get_args(LineBreaks),
    "source": get_args(Source),
}


def _read(made: type[Layout] | type[Column], given: dict[str, Any]) -> Layout | Column:
    known = {field.name: field.type for field in fields(made)}
    for name, value in given.items():
        kind = known.get(name)
        if name in _ALLOWED and value not in _ALLOWED[name]:
            raise ValueError(f"{name} cannot be {value!r}")
        if kind in (str, bool, int) and type(value) is not kind:
            raise ValueError(f"{name} cannot be {value!r}")
    if made is Column and "heading" not in given:
        raise ValueError("a column has a heading")
    return made(**{name: value for name, value in given.items() if name in known})
