"""Write a layout as a FreeMarker template, and recognise a template that a layout wrote."""

import json
import re

from expensify.foreign_text import read_json
from exports.columns import blocks, functions
from exports.columns.checking import problems
from exports.columns.layout import Column, Layout, layout_from_json
from exports.columns.literals import raw, string

_TITLE = "<#-- Written by the column builder; changed by hand, it becomes a text template. -->"
_LONGEST = 100


def template_of(layout: Layout) -> str:
    """The template for the layout. Raises ValueError with the first of its `problems`, if any."""
    if sentences := problems(layout):
        raise ValueError(sentences[0])
    sources = blocks.Sources(layout)
    cells = [_cell(column, layout, sources) for column in layout.columns]
    heading = _heading(layout, sources)
    rows = _rows(layout, sources, _row(layout, cells))
    used = set(re.findall(r"\b([a-zA-Z]+)\(", "\n".join([*heading, *rows])))
    definitions = functions.definitions(layout, used)
    start = ["<#assign row = 0>"] if sources.counts_rows else []
    if layout.kind == "json":
        rows = ["[", *rows, "]"]
    return "\n".join([_TITLE, *definitions, *heading, *start, *rows, ""])


def recognise(template: str, layout_json: object) -> bool:
    """Whether the layout writes exactly this template, except for line ends; then the builder can open it."""
    try:
        stored = read_json(layout_json) if isinstance(layout_json, str) else layout_json
        written = template_of(layout_from_json(stored))
    except ValueError:
        return False
    return template.replace("\r\n", "\n").rstrip("\n") == written.rstrip("\n")


def _cell(column: Column, layout: Layout, sources: blocks.Sources) -> str:
    """The column's part of a row: `${...}`."""
    if column.source == "number" and layout.kind == "csv" and layout.quoting == "always":
        sources.counts_rows = True
        return '"${row?c}"'
    expression = _expression(column, layout, sources)
    if layout.kind == "fixed":
        side = "right" if column.is_number else "left"
        expression = f"{side}({expression}, {column.width})"
    return f"${{{expression}}}"


def _expression(column: Column, layout: Layout, sources: blocks.Sources) -> str:
    if column.source == "number":
        sources.counts_rows = True
        return "row?c"
    if column.source == "constant":
        return _text(string("'" + column.text if _is_ticked(column, layout) and column.text else column.text), layout)
    field = column.field
    assert field is not None
    value = sources.of(field)
    if field.type == "cents" and column.format != "cents":
        return _call(f"money{_ENDINGS[column.format]}", value, column, layout)
    if field.type == "number" and column.format:
        return _call(f"decimal{_ENDINGS[column.format]}", value, column, layout)
    if column.is_number and not _is_ticked(column, layout):
        return _call("number", value, column, layout)
    if field.type == "boolean":
        is_json = layout.kind == "json" and column.words == ("true", "false")
        default = _json_fallback(column) if is_json else string(column.fallback)
        value = f"word({value}, {string(column.words[0])}, {string(column.words[1])}, {default})"
        return value if is_json else _text(value, layout)
    if field.type == "text":
        value = f"decoded({value})"
    if field.type in ("date", "datetime") and column.format:
        value = f"day({value}, {string(column.format)})"
    if _is_ticked(column, layout):
        value = f"tick({value})"
    if column.fallback:
        value = f"filled({value}, {string(column.fallback)})"
    return _text(value, layout)


_ENDINGS = {"0.00": "", "0,00": "Comma", "0": "Whole"}


def _call(name: str, value: str, column: Column, layout: Layout) -> str:
    if not column.fallback:
        return f"{name}({value})"
    return f"{name}({value}, {_json_fallback(column) if layout.kind == 'json' else string(column.fallback)})"


def _json_fallback(column: Column) -> str:
    """The fallback as JSON text in a string literal; null without one."""
    return string(json.dumps(column.fallback, ensure_ascii=False) if column.fallback else "null")


def _text(value: str, layout: Layout) -> str:
    return value if layout.kind == "fixed" else f"text({value})"


def _is_ticked(column: Column, layout: Layout) -> bool:
    return column.excel_text and layout.kind == "csv"


def _separator(layout: Layout) -> str:
    if layout.kind == "fixed":
        return ""
    # A bare tab is invisible in the template, and some editors replace it.
    return '${"\\t"}' if layout.kind == "csv" and layout.delimiter == "\t" else layout.delimiter


def _row(layout: Layout, cells: list[str]) -> list[str]:
    """Lines that print one row."""
    if layout.kind == "json":
        keys = [raw(json.dumps(column.heading, ensure_ascii=False)) for column in layout.columns]
        lines = [f"{key}: {cell}" for key, cell in zip(keys, cells, strict=True)]
        inner = [f"{line},<#t>" for line in lines[:-1]]
        return ["<#if row gt 1>,</#if>{<#t>", *inner, lines[-1] + "}<#lt>"]
    separator = _separator(layout)
    return [*(f"{cell}{separator}<#t>" for cell in cells[:-1]), f"{cells[-1]}<#lt>"]


def _heading(layout: Layout, sources: blocks.Sources) -> list[str]:
    if layout.kind == "json":
        sources.counts_rows = True
        return []
    if not layout.heading:
        return []
    separator = _separator(layout)
    if layout.kind == "fixed":
        cells = [f"${{left({string(column.heading)}, {column.width})}}" for column in layout.columns]
    else:
        cells = [raw(_quoted(text, layout)) for text in headings_of(layout)]
    lines = [""]
    for number, cell in enumerate(cells, start=1):
        piece = cell + (separator if number < len(cells) else "")
        if lines[-1] and len(lines[-1]) + len(piece) > _LONGEST:
            lines.append("")
        lines[-1] += piece
    return ["<#if addHeader>", *(f"  {line}<#t>" for line in lines[:-1]), f"  {lines[-1]}<#lt>", "</#if>"]


def headings_of(layout: Layout) -> list[str]:
    """The headings as the file shows them."""
    headings = [column.heading for column in layout.columns]
    if layout.kind == "csv" and layout.guard:
        return ["'" + text if text.startswith(("=", "+", "-", "@")) else text for text in headings]
    if layout.kind == "fixed":
        return [
            re.sub("[^\u0000-\uffff]", "?", column.heading)[: column.width].rstrip(" ") for column in layout.columns
        ]
    return headings


def _quoted(heading: str, layout: Layout) -> str:
    # Excel reads a file that begins with ID as a broken SYLK file.
    plain = not re.search(f'[{re.escape(layout.delimiter)}"]', heading) and not heading.startswith("ID")
    if layout.quoting == "needed" and plain and heading:
        return heading
    return '"' + heading.replace('"', '""') + '"'


def _rows(layout: Layout, sources: blocks.Sources, row: list[str]) -> list[str]:
    """The loops over reports and expenses, around the lines of a row."""
    if sources.counts_rows:
        row = ["<#assign row = row + 1>", *row]
    if layout.rows == "expense":
        inner = [
            "<#list report.transactionList![] as expense>",
            *_indented(sources.per_expense),
            *_indented(row),
            "</#list>",
        ]
    elif layout.rows == "report":
        inner = [*sources.per_group, *row]
    else:
        inner = [
            *blocks.CATEGORIES,
            "<#list categories as category>",
            *_indented(sources.per_group),
            *_indented(row),
            "</#list>",
        ]
    return ["<#list reports as report>", *_indented(sources.per_report), *_indented(inner), "</#list>"]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
