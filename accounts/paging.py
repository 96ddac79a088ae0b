"""Long lists a page at a time, by the last row shown: the thousandth page costs as much as the first."""

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
    """Rows, newest first, and the query strings of the pages beside it; empty where there is none."""

    rows: list[Any]
    newer: str
    older: str


def page_of(
    rows: QuerySet[Any], query: QueryDict, *, key: str = "pk", moment: str = "", size: int = PAGE_SIZE
) -> Page:
    """The page that `?before=` or `?after=` asks for, else the newest. One query, whatever the size of the table.

    `key` names a unique integer field by which newer rows are greater. With `moment`, the name of a time, rows go by
    that first: an index of it finds those of a few days long ago, where going by key would begin at the newest row.
    """
    order = [moment, key] if moment else [key]
    before, after = _mark(query.get("before"), order), _mark(query.get("after"), order)
    if after:
        found = list(_beyond(rows, order, "gt", after).order_by(*order)[: size + 1])
        has_newer, has_older = len(found) > size, True
        shown = found[:size][::-1]
    else:
        older = _beyond(rows, order, "lt", before) if before else rows
        found = list(older.order_by(*(f"-{name}" for name in order))[: size + 1])
        has_newer, has_older = bool(before), len(found) > size
        shown = found[:size]
    return Page(
        shown,
        newer=_beside(query, "after", shown[0], order) if shown and has_newer else "",
        older=_beside(query, "before", shown[-1], order) if shown and has_older else "",
    )


@dataclass(frozen=True)
class ListPart:
    """Some of a list in their order, which of how many they are, and the query strings of the parts beside them."""

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
    """The part of a list that `?page=` asks for, counted from 1; the last one when there are fewer."""
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


def of_days(
    rows: QuerySet[Any], moment: str, first: date | None, last: date | None, zone: ZoneInfo
) -> QuerySet[Any]:
    """The rows from these days of the zone, both included; None leaves that end open."""
    if first:
        rows = rows.filter(**{f"{moment}__gte": datetime.combine(first, time.min, zone)})
    if last:
        rows = rows.filter(**{f"{moment}__lt": datetime.combine(last + timedelta(days=1), time.min, zone)})
    return rows


def _beyond(rows: QuerySet[Any], order: list[str], lookup: str, mark: list[Any]) -> QuerySet[Any]:
    """The rows on one side of a mark."""
    if len(order) == 1:
        return rows.filter(**{f"{order[0]}__{lookup}": mark[0]})
    (moment, key), (at, number) = order, mark
    same_moment = Q(**{moment: at, f"{key}__{lookup}": number})
    # The last condition follows from the others, but only it tells an index where to begin.
    return rows.filter(Q(**{f"{moment}__{lookup}": at}) | same_moment, **{f"{moment}__{lookup}e": at})


def _beside(query: QueryDict, direction: str, row: Any, order: list[str]) -> str:
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


def _mark(text: str | None, order: list[str]) -> list[Any]:
    """Where a page begins or ends: a number for each field of the order; empty when it says nothing sensible."""
    numbers: list[Any] = [whole_number(part) for part in (text or "").split("-")]
    if len(numbers) != len(order) or None in numbers:
        return []
    return [EPOCH + numbers[0] * MICROSECOND, numbers[1]] if len(numbers) > 1 else numbers
