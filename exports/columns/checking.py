"""Problems of a layout, as sentences for the person who chose it."""

import re
from collections import Counter

from exports.columns import choices
from exports.columns.layout import Column, Layout

MOST_COLUMNS = 200
WIDEST = 1000
# Control characters, line separators, and lone surrogates, which no file can hold.
_NOT_FOR_ONE_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def problems(layout: Layout) -> list[str]:
    """Sentences that say what to change; none if `template_of` can write a working template."""
    sentences = []
    if not layout.columns:
        sentences.append("Choose at least one column.")
    if len(layout.columns) > MOST_COLUMNS:
        sentences.append(f"Choose at most {MOST_COLUMNS} columns; these are {len(layout.columns)}.")
    for number, column in enumerate(layout.columns, start=1):
        sentences += [
            f"Column {number} ({column.heading or 'no heading'}): {text}" for text in _column_problems(column, layout)
        ]
    if layout.kind == "json":
        repeated = [text for text, count in Counter(c.heading for c in layout.columns).items() if count > 1]
        sentences += [f"Two columns are called {text!r}; in JSON each needs a name of its own." for text in repeated]
    return sentences


def _column_problems(column: Column, layout: Layout) -> list[str]:
    sentences = []
    if column.source == "field":
        field = column.field
        if field is None:
            similar = choices.nearest(column.name)
            sentences.append(
                f"There is no field {column.name!r}." + (f" Did you mean {similar[0]}?" if similar else "")
            )
        else:
            if not choices.fits(field, layout.rows):
                sentences.append(f"{field.name} has no single value per row; choose other rows, or leave it out.")
            if column.format not in choices.FORMATS.get(field.type, {"": ""}):
                sentences.append(f"The format {column.format!r} does not fit {field.name}.")
            if column.excel_text and field.type in ("cents", "number"):
                sentences.append("An amount kept as text cannot be added up; take “text for Excel” off.")
    if any(_NOT_FOR_ONE_LINE.search(text) for text in (column.heading, column.text, column.fallback, *column.words)):
        sentences.append("Heading, constant, fallback and words are one line each, without tabs.")
    if layout.kind == "fixed" and not 1 <= column.width <= WIDEST:
        sentences.append(f"The width is from 1 to {WIDEST} characters.")
    return sentences
