"""How much a file holds: its rows, and what its amounts add up to in each currency, where that can be told.

A wrong total is worse than none. Of columns that somebody chose, the first amount counts that belongs to a row alone
and has its currency beside it; in a file of somebody's own template, the only column called amount or total, with the
only one called currency.
"""

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import BinaryIO

from django.core.files.storage import default_storage

from exports.columns.layout import Column, Layout
from exports.models import Result
from exports.results import store as results
from exports.results import tables
from exports.results.layout import table_of

AMOUNTS = {"amount", "total", "total amount", "gross amount", "amount in report currency"}
CURRENCIES = {"currency", "report currency"}

_CURRENCY = re.compile(r"[A-Z]{3}")
# Marks for thousands only where a decimal mark stands too: alone, neither mark tells which it is.
_PLAIN = re.compile(r"-?[0-9]+([.,][0-9]{1,2})?")
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:(,)[0-9]{3})+\.[0-9]{1,2}|-?[0-9]{1,3}(?:(\.)[0-9]{3})+,[0-9]{1,2}")


@dataclass(frozen=True)
class Measured:
    """Rows without the heading, and amounts by currency; None where the file does not tell."""

    rows: int | None
    totals: dict[str, Decimal] | None


UNKNOWN = Measured(None, None)


class Unsure(ValueError):
    """A cell that may or may not be an amount."""


@dataclass(frozen=True)
class _Money:
    """Where amounts and their currencies stand, and how an amount is read: None for a cell without one."""

    amount: int
    currency: int
    read: Callable[[str], Decimal | None]
    needs_decimals: bool = False


def measure(result: Result) -> Measured:
    """Count and add up a whole file or a part. Raises FileNotFoundError when its bytes are gone."""
    if results.extension(result.name) != "csv" or result.purged_at is not None:
        return UNKNOWN
    with default_storage.open(result.file.name) as file:
        return measure_file(file, table_of(result))


def measure_file(file: BinaryIO, layout: Layout | None) -> Measured:
    """Of a CSV; `layout` holds its columns, where they are known."""
    try:
        records = tables.records_of(file, layout)
        money = _of_layout(layout) if layout else _of_headings(records.headings)
        return _added_up((record.cells for record in records.rows), money)
    except csv.Error:
        return UNKNOWN


def _added_up(rows: Iterable[list[str]], money: _Money | None) -> Measured:
    count, totals, has_decimals = 0, dict[str, Decimal](), False
    for cells in rows:
        count += 1
        if money is None:
            continue
        try:
            amount = money.read(cells[money.amount])
            if amount is not None:
                currency = cells[money.currency].strip().removeprefix("'")
                if not _CURRENCY.fullmatch(currency):
                    raise Unsure(currency)
                totals[currency] = totals.get(currency, Decimal(0)) + amount
                has_decimals = has_decimals or amount.as_tuple().exponent != 0
        except (Unsure, IndexError):
            money = None
    if money is None or (money.needs_decimals and totals and not has_decimals):
        return Measured(count, None)
    return Measured(count, {currency: _in_full(totals[currency]) for currency in sorted(totals)})


def _in_full(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01")) if amount.as_tuple().exponent > -2 else amount  # type: ignore[operator]


# ------------------------------------------------------------ columns that somebody chose


def _of_layout(layout: Layout) -> _Money | None:
    for place, column in enumerate(layout.columns):
        field = column.field
        if field is None or field.type != "cents" or not _is_of_a_row(column, layout):
            continue
        currency = _place_of(layout, f"{field.currency}.currency")
        if currency is not None:
            return _Money(place, currency, lambda cell, column=column: _amount(cell, column))  # type: ignore[misc]
    return None


def _is_of_a_row(column: Column, layout: Layout) -> bool:
    """Whether the rows add up: a report's total stands on each of its expenses again."""
    field = column.field
    assert field is not None
    return field.name == "group.sum" or field.level == layout.rows


def _place_of(layout: Layout, name: str) -> int | None:
    return next(
        (
            place
            for place, column in enumerate(layout.columns)
            if column.source == "field" and column.name == name
        ),
        None,
    )


def _amount(cell: str, column: Column) -> Decimal | None:
    text = cell.strip().removeprefix("'")
    if text in ("", column.fallback.strip().removeprefix("'")):
        return None
    try:
        number = Decimal(text.replace(",", ".") if column.format == "0,00" else text)
    except InvalidOperation:
        raise Unsure(cell) from None
    if not number.is_finite():
        raise Unsure(cell)
    return number / 100 if column.format == "cents" else number


# ------------------------------------------------------------ somebody's own template


def _of_headings(headings: Sequence[str]) -> _Money | None:
    known = [heading.strip().casefold() for heading in headings]
    amounts = [place for place, heading in enumerate(known) if heading in AMOUNTS]
    currencies = [place for place, heading in enumerate(known) if heading in CURRENCIES]
    if len(amounts) != 1 or len(currencies) != 1:
        return None
    # Whole numbers alone may be cents.
    return _Money(amounts[0], currencies[0], plain_amount, needs_decimals=True)


def plain_amount(cell: str) -> Decimal | None:
    """An amount as people write it; None for an empty cell. Raises Unsure for all else."""
    text = cell.strip().removeprefix("'")
    if not text:
        return None
    if _PLAIN.fullmatch(text):
        return Decimal(text.replace(",", "."))
    if grouped := _GROUPED.fullmatch(text):
        mark = grouped[1] or grouped[2]
        return Decimal(text.replace(mark, "").replace(",", "."))
    raise Unsure(cell)
