"""Count a file's rows, and sum its amounts per currency where that is certain.

A wrong total is worse than none. Among chosen columns, the first amount counts that belongs to a single row and has a
currency column. In a file of a hand-written template, the only column called amount or total counts, with the only
one called currency. A row of such a file that adds up the rows above it is left out, and if that is not certain, so are
all totals; `note` says so.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import IO

from exports.columns.layout import Column, Layout
from exports.models import Result
from exports.results import integrity, summary_rows, tables
from exports.results import store as results
from exports.results.amounts import COMMA, POINT, AmountColumn
from exports.results.layout import table_of

AMOUNTS = {"amount", "total", "total amount", "gross amount", "amount in report currency"}
CURRENCIES = {"currency", "report currency"}

_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Measured:
    """Rows without the heading, and totals by currency; None where unknown. `note` says why a total is not given."""

    rows: int | None
    totals: dict[str, Decimal] | None
    note: str = field(default="", compare=False)


UNKNOWN = Measured(None, None)


@dataclass(frozen=True)
class _Money:
    """The columns of amount and currency. Amounts are divided by `scale`."""

    amount: int
    currency: int
    column: AmountColumn
    scale: int = 1
    is_own_template: bool = False


def measure(result: Result) -> Measured:
    """Count and sum a whole file or a part. Raises FileNotFoundError, and Damaged."""
    if results.extension(result.name) != "csv" or result.purged_at is not None:
        return UNKNOWN
    with integrity.open_result(result) as file:
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
    count, doubt = 0, ""
    sums = {mark: summary_rows.Sums() for mark in (POINT, COMMA)}
    for cells in rows:
        count += 1
        if money is not None and not doubt:
            doubt = _add_row(cells, money, sums)
    if money is None:
        return Measured(count, None)
    doubt = doubt or money.column.doubt
    mark = money.column.mark
    if mark is None or doubt:
        return Measured(count, None, _withheld(doubt))
    result = sums[mark]
    if result.doubt:
        return Measured(count, None, _withheld(result.doubt))
    if money.is_own_template and result.totals and not money.column.decimals:
        why = f"all amounts in the column “{money.column.heading}” are whole numbers, so they may be cents"
        return Measured(count, None, _withheld(why))
    totals = {currency: _with_cents(result.totals[currency] / money.scale) for currency in sorted(result.totals)}
    return Measured(count, totals, result.note)


def _add_row(cells: list[str], money: _Money, sums: dict[str, summary_rows.Sums]) -> str:
    """Add the amount of a row under each decimal mark. Returns why there can be no totals, or ""."""
    if max(money.amount, money.currency) >= len(cells):
        return "a row ends before its amount or its currency"
    amounts = money.column.see(cells[money.amount])
    if not amounts:
        return ""
    currency = cells[money.currency].strip().removeprefix("'")
    others = [cell.strip() for n, cell in enumerate(cells) if n not in (money.amount, money.currency)]
    may_be_total = money.is_own_template and summary_rows.may_add_up(others)
    if not _CURRENCY.fullmatch(currency) and (currency or not may_be_total):
        return f"a row has {f'“{currency[:30]}”' if currency else 'nothing'} where its currency belongs"
    for mark, amount in amounts.items():
        if may_be_total:
            sums[mark].add_or_leave_out(currency, amount, others)
        else:
            sums[mark].add(currency, amount, others)
    return ""


def _withheld(why: str) -> str:
    return f"No total is given: {why}." if why else ""


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
            mark = COMMA if column.format == "0,00" else POINT
            amounts = AmountColumn(column.heading, [mark], [column.fallback])
            return _Money(index, currency, amounts, scale=100 if column.format == "cents" else 1)
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


# ------------------------------------------------------------ hand-written templates


def _of_headings(headings: Sequence[str]) -> _Money | None:
    names = [heading.strip().casefold() for heading in headings]
    amounts = [index for index, name in enumerate(names) if name in AMOUNTS]
    currencies = [index for index, name in enumerate(names) if name in CURRENCIES]
    if len(amounts) != 1 or len(currencies) != 1:
        return None
    return _Money(amounts[0], currencies[0], AmountColumn(headings[amounts[0]].strip()), is_own_template=True)
