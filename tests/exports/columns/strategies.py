"""Layouts, and data that they are filled with."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from expensify.freemarker.catalogue import CATALOGUE, Field
from expensify.freemarker.settings import RenderSettings
from exports.columns.choices import FORMATS, fields
from exports.columns.layout import DELIMITERS, Column, Layout

STRICT = RenderSettings(missing="error", boolean="error")
ODDITIES = (
    "=1+1",
    "-",
    "'",
    '"',
    '""',
    ",",
    ";",
    "|",
    "\t",
    "\r",
    "\n",
    "a\r\nb",
    "\\",
    "\\:",
    ":",
    "🧾",
    "&lt;",
    "${x}",
    "<#if>",
    " ",
)

# U+E000 replaces an escaped colon while a tag is split into its levels; no real tag has it.
any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ue000"), max_size=8) | st.lists(
    st.sampled_from(ODDITIES) | st.text("abé1 ", max_size=3), max_size=4
).map("".join)
one_line = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl"]), max_size=6) | st.sampled_from(
    ["", "=1", '"a"', "${a}", "<#a>", "#{a}", "\\", " a ", "a,b;c|d", "[#a]", "n/a", "ID", "🧾", "{"]
)
days = st.dates().map(str) | st.sampled_from(
    ["2026-01-31 10:20:30", "2026-1-31", "31.01.2026", "2026-02-30x\ny", "MM-dd"]
)
numbers = st.integers(-(10**15), 10**15) | st.decimals(-(10**6), 10**6, places=4)

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": any_text | st.integers(0, 10**19),
    "integer": st.integers(-(10**15), 10**15),
    "number": numbers | any_text,
    "cents": st.integers(-(10**15), 10**15) | st.integers(-200, 200),
    "boolean": st.booleans(),
    "date": days,
    "datetime": days,
}
CURRENCIES = st.sampled_from(["EUR", "USD", ""])
# FreeMarker compares text by a locale's collation, which ignores control characters.
CATEGORIES = st.sampled_from(["Meals", "meals", "Mëals", "Travel, air", '"', "=1", "", "🍕"])


def record(level: str) -> st.SearchStrategy[dict[str, Any]]:
    """A report without its lists, or an expense: each field is missing, empty or has a value of its type."""
    values: dict[str, Any] = {}
    for field in CATALOGUE.fields(level):  # type: ignore[arg-type]
        if field.is_value:
            name = field.name.replace("ntagX", "ntag2").replace("<Name>", "Cost_Center").split(".", 1)[1]
            value = VALUES[field.type]
            if name == "currency":
                value = CURRENCIES
            elif name == "category":
                value = CATEGORIES
            at = values
            *parents, last = name.split(".")
            for parent in parents:
                at = at.setdefault(parent, {})
            at[last] = st.none() | st.just("") | value | value | value | value
    objects = {name: value for name, value in values.items() if isinstance(value, dict)}
    flat = {name: value for name, value in values.items() if name not in objects}
    nested = {
        name: st.fixed_dictionaries({}, optional=members) | st.sampled_from(["", None])
        for name, members in objects.items()
    }
    return st.fixed_dictionaries({}, optional=flat | nested)


def report_data() -> st.SearchStrategy[dict[str, Any]]:
    approver = st.fixed_dictionaries({}, optional={"email": any_text | st.none()})
    lists = st.fixed_dictionaries(
        {},
        optional={
            "approvers": st.lists(approver, max_size=3),
            "transactionList": st.lists(record("expense"), max_size=4) | st.none(),
        },
    )
    return st.tuples(record("report"), lists).map(lambda parts: parts[0] | parts[1])


DATA = st.lists(report_data(), max_size=3).map(lambda reports: {"reports": reports, "addHeader": True})


def chosen(field: Field) -> st.SearchStrategy[Column]:
    name = st.sampled_from([1, 2, 7]).map(
        lambda level: (
            field.name.replace("X", str(level)).replace("<Name>", "Cost_Center") if field.placeholder else field.name
        )
    )
    return st.builds(
        Column,
        heading=one_line,
        name=name,
        format=st.sampled_from(list(FORMATS.get(field.type, {"": ""}))),
        words=st.tuples(one_line, one_line) | st.just(("true", "false")),
        fallback=st.just("") | one_line,
        excel_text=st.just(False) if field.type in ("cents", "number") else st.booleans(),
        width=st.integers(1, 12),
    )


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    rows: Any = draw(st.sampled_from(["expense", "report", "totals"]))
    kind: Any = draw(st.sampled_from(["csv", "json", "fixed"]))
    constant = st.builds(Column, heading=one_line, source=st.just("constant"), text=one_line, excel_text=st.booleans())
    number = st.builds(Column, heading=one_line, source=st.just("number"), width=st.integers(1, 6))
    one = st.sampled_from(fields(rows)).flatmap(chosen)
    columns = draw(
        st.lists(
            one | one | one | constant | number,
            min_size=1,
            max_size=6,
            unique_by=(lambda column: column.heading) if kind == "json" else None,
        )
    )
    return Layout(
        columns=tuple(columns),
        rows=rows,
        kind=kind,
        delimiter=draw(st.sampled_from(list(DELIMITERS))),
        quoting=draw(st.sampled_from(["always", "needed"])),
        heading=draw(st.booleans()),
        guard=draw(st.booleans()),
        line_breaks=draw(st.sampled_from(["space", "keep"])),
    )


def variants(layout: Layout) -> list[Layout]:
    return [
        layout,
        replace(layout, delimiter="\t", quoting="always", guard=False),
        replace(layout, delimiter=";", line_breaks="keep"),
        replace(layout, kind="json", line_breaks="keep"),
        replace(layout, kind="fixed", columns=tuple(replace(column, width=9) for column in layout.columns)),
    ]
