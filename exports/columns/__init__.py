"""Chosen columns as a template: pure functions, from a `Layout` to FreeMarker and back.

layout = Layout(columns=(column("final.created"), column("final.merchant"), column("final.reportAmount")))
template_of(layout)             # what the job sends
values_of(layout, data)         # the rows which that template gives over the data, worked out without it
table_of(layout, text)          # the rows read back from the file
"""

from exports.columns.checking import problems
from exports.columns.choices import COMPUTED, FORMATS, fields
from exports.columns.layout import (
    DELIMITERS,
    EXTENSIONS,
    KINDS,
    ROWS,
    Column,
    Layout,
    column,
    layout_from_json,
)
from exports.columns.presets import PRESETS, Preset
from exports.columns.values import table_of, values_of
from exports.columns.writing import headings_of, recognise, template_of

__all__ = [
    "COMPUTED",
    "DELIMITERS",
    "EXTENSIONS",
    "FORMATS",
    "KINDS",
    "PRESETS",
    "ROWS",
    "Column",
    "Layout",
    "Preset",
    "column",
    "fields",
    "headings_of",
    "layout_from_json",
    "problems",
    "recognise",
    "table_of",
    "template_of",
    "values_of",
]
