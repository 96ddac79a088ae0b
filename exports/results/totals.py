"""Count a file's rows, and sum its amounts per currency where that is certain.

A wrong total is worse than none. Among chosen columns, the first amount counts that belongs to a single row and has a
currency column. In a file of a hand-written template, the only column called amount or total counts, with the only
one called currency.
"""

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import IO

from django.core.files.storage import default_storage

from exports.columns.layout import Column, Layout
from exports.models import Result
from exports.results import store as results
from exports.results import tables
from exports.results.layout import table_of

AMOUNTS = {"amount", "total", "total amount", "gross amount", "amount in report currency"}
CURRENCIES = {"currency", "report currency"}

_CURRENCY = re.compile(r"[A-Z]{3}")
# Thousands separators only together with a decimal separator: alone, either mark could be the other.
_PLAIN = re.compile(r"-?[0-9]+([.,][0-9]{1,2})?")
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:(,)[0-9]{3})+\.[0-9]{1,2}|-?[0-9]{1,3}(?:(\.)[0-9]{3})+,[0-9]{1,2}")


@dataclass(frozen=True)
class Measured:
    """Rows without the heading, and totals by currency; None where unknown."""

    rows: int | None
    totals: dict[str, Decimal] | None


UNKNOWN = Measured(None, None)


class Unsure(ValueError):
    """A cell that may or may not be an amount."""


@dataclass(frozen=True)
class _Money:
    """The columns of amount and currency, and how to read an amount: None for a cell without one."""

    amount: int
    currency: int
    read: Callable[[str], Decimal | None]
    needs_decimals: bool = False


def measure(result: Result) -> Measured:
    """Count and sum a whole file or a part. Raises FileNotFoundError when the file is gone."""
    if results.extension(result.name) != "csv" or result.purged_at is not None:
        return UNKNOWN
    with default_storage.open(result.file.name) as file:
        return measure_file(file, table_of(result))


def measure_file(file: IO[bytes], layout: Layout | None) -> Measured:
    """Count and sum a CSV; `layout` holds its columns if known."""
    try:
        records = tables.records_of(file, layout)
        money = _of_layout(layout) if layout else _of_headings(records.headings)
        return _add_up((record.cells for record in records.rows), money)
    except csv.Error:
        return UNKNOWN


def _add_up(rows: Iterable[list[str]], money: _Money | None) -> Measured:
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
    return Measured(count, {currency: _with_cents(totals[currency]) for currency in sorted(totals)})


def _with_cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01")) if amount.as_tuple().exponent > -2 else amount  # type: ignore[operator]  # finite, so an int


# ------------------------------------------------------------ chosen columns


def _of_layout(layout: Layout) -> _Money | None:
    for index, column in enumerate(layout.columns):
        field = column.field
        if field is None or field.type != "cents" or not _belongs_to_row(column, layout):
            continue
        currency = _index_of(layout, f"{field.currency}.currency")
        if currency is not None:
            return _Money(index, currency, partial(_read_amount, column))
    return None


def _belongs_to_row(column: Column, layout: Layout) -> bool:
    """Whether the column may be summed over rows: a report's total repeats on each of its expenses."""
    field = column.field
    assert field is not None
    return field.name == "group.sum" or field.level == layout.rows


def _index_of(layout: Layout, name: str) -> int | None:
    return next(
        (index for index, column in enumerate(layout.columns) if column.source == "field" and column.name == name), None
    )


def _read_amount(column: Column, cell: str) -> Decimal | None:
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


# ------------------------------------------------------------ hand-written templates


def _of_headings(headings: Sequence[str]) -> _Money | None:
    names = [heading.strip().casefold() for heading in headings]
    amounts = [index for index, name in enumerate(names) if name in AMOUNTS]
    currencies = [index for index, name in enumerate(names) if name in CURRENCIES]
    if len(amounts) != 1 or len(currencies) != 1:
        return None
    # If all amounts are whole numbers, they may be cents.
    return _Money(amounts[0], currencies[0], plain_amount, needs_decimals=True)


def plain_amount(cell: str) -> Decimal | None:
    """Read an amount as people write it; None for an empty cell. Raises Unsure for anything else."""
    text = cell.strip().removeprefix("'")
    if not text:
        return None
    if _PLAIN.fullmatch(text):
        return Decimal(text.replace(",", "."))
    if grouped := _GROUPED.fullmatch(text):
        mark = grouped[1] or grouped[2]
        return Decimal(text.replace(mark, "").replace(",", "."))
    raise Unsure(cell)
