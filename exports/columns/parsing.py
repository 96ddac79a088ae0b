"""Parse the file of a layout into rows."""

import csv
import io
from itertools import accumulate

from expensify.foreign_text import read_json
from exports.columns.layout import Layout


def table_of(layout: Layout, text: str) -> list[list[str]]:
    """Parse the layout's file into rows, with the heading if it has one; JSON's null is an empty cell.

    Raises ValueError for a malformed file.
    """
    if layout.kind == "csv":
        try:
            return list(csv.reader(io.StringIO(text, newline=""), delimiter=layout.delimiter, strict=True))
        except csv.Error as error:
            raise ValueError(str(error)) from None
    if layout.kind == "json":
        records = read_json(text, parse_float=str, parse_int=str)
        keys = [column.heading for column in layout.columns]
        if not isinstance(records, list) or not all(_has_all(record, keys) for record in records):
            raise ValueError("these are not the records of the columns")
        return [[_json_cell(record[key]) for key in keys] for record in records]
    rows = [_slices(layout, line) for line in text.split("\n")[:-1]]
    headings = 1 if layout.heading else 0
    return rows[:headings] + [
        [cell.lstrip(" ") if column.is_number else cell for column, cell in zip(layout.columns, row, strict=True)]
        for row in rows[headings:]
    ]


def _slices(layout: Layout, line: str) -> list[str]:
    ends = list(accumulate(column.width for column in layout.columns))
    return [line[start:end].rstrip(" ") for start, end in zip([0, *ends], ends, strict=False)]


def _has_all(record: object, keys: list[str]) -> bool:
    return isinstance(record, dict) and all(key in record for key in keys)


def _json_cell(value: object) -> str:
    if value is None:
        return ""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
