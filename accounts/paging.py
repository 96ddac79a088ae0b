"""Keyset pagination: every page costs the same, however far back. And pages of lists in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.http import QueryDict

from accounts.numbers import whole_number

PAGE_SIZE = 25
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Page:
    """Rows, newest first, and the query strings of the newer and older page; empty when there is none."""

    rows: list[Any]
    newer: str
    older: str


def page_of(rows: QuerySet[Any], query: QueryDict, *, key: str = "pk", moment: str = "", size: int = PAGE_SIZE) -> Page:
    """The page for `?before=` or `?after=`, otherwise the newest page. One query.

    `key` is a unique integer field that grows with newer rows. With `moment`, the name of a time field, rows are sorted
    by that first: its index finds old days directly, where sorting by key alone would scan from the newest row.
    """
    order = [moment, key] if moment else [key]
    before, after = _parse_position(query.get("before"), order), _parse_position(query.get("after"), order)
    if after:
        matches = list(_beyond(rows, order, "gt", after).order_by(*order)[: size + 1])
        has_newer, has_older = len(matches) > size, True
        shown = matches[:size][::-1]
    else:
        older = _beyond(rows, order, "lt", before) if before else rows
        matches = list(older.order_by(*(f"-{name}" for name in order))[: size + 1])
        has_newer, has_older = bool(before), len(matches) > size
        shown = matches[:size]
    return Page(
        shown,
        newer=_neighbour_query(query, "after", shown[0], order) if shown and has_newer else "",
        older=_neighbour_query(query, "before", shown[-1], order) if shown and has_older else "",
    )


@dataclass(frozen=True)
class ListPart:
    """A page of a list: its rows, the number of the first one, and the query strings of the pages before and after."""

    rows: list[Any]
    first: int
    total: int
    before: str
    after: str

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    def with_rows(self, rows: list[Any]) -> "ListPart":
        return replace(self, rows=rows)


def part_of(rows: Sequence[Any], query: QueryDict, *, size: int = PAGE_SIZE) -> ListPart:
    """The page of a list for `?page=`, counted from 1; the last page when the number is too high."""
    last = max(1, -(-len(rows) // size))
    number = min(whole_number(query.get("page", "")) or 1, last)
    start = (number - 1) * size
    return ListPart(
        list(rows[start : start + size]),
        first=start + 1,
        total=len(rows),
        before=_with(query, "page", str(number - 1)) if number > 1 else "",
        after=_with(query, "page", str(number + 1)) if number < last else "",
    )


def of_days(rows: QuerySet[Any], moment: str, first: date | None, last: date | None, zone: ZoneInfo) -> QuerySet[Any]:
    """The rows of these days in the zone, both included; None leaves that end open."""
    if first:
        rows = rows.filter(**{f"{moment}__gte": datetime.combine(first, time.min, zone)})
    if last:
        rows = rows.filter(**{f"{moment}__lt": datetime.combine(last + timedelta(days=1), time.min, zone)})
    return rows


def _beyond(rows: QuerySet[Any], order: list[str], lookup: str, position: list[Any]) -> QuerySet[Any]:
    """The rows before or after a position."""
    if len(order) == 1:
        return rows.filter(**{f"{order[0]}__{lookup}": position[0]})
    (moment, key), (at, number) = order, position
    same_moment = Q(**{moment: at, f"{key}__{lookup}": number})
    # The last condition is redundant, but it lets the database start inside the index.
    return rows.filter(Q(**{f"{moment}__{lookup}": at}) | same_moment, **{f"{moment}__{lookup}e": at})


def _neighbour_query(query: QueryDict, direction: str, row: Any, order: list[str]) -> str:
    return _with(query, direction, "-".join(_number_of(getattr(row, name)) for name in order))


def _with(query: QueryDict, name: str, value: str) -> str:
    """The query string of another page of the same list."""
    other = query.copy()
    other.pop("before", None)
    other.pop("after", None)
    other[name] = value
    return f"?{other.urlencode()}"


def _number_of(value: Any) -> str:
    return str((value - EPOCH) // MICROSECOND if isinstance(value, datetime) else value)


def _parse_position(text: str | None, order: list[str]) -> list[Any]:
    """Parse a position: a value for each field of the order; empty when it is invalid."""
    numbers: list[Any] = [whole_number(part) for part in (text or "").split("-")]
    if len(numbers) != len(order) or None in numbers:
        return []
    return [EPOCH + numbers[0] * MICROSECOND, numbers[1]] if len(numbers) > 1 else numbers
