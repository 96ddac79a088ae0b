"""Long lists a page at a time, by the key of the last row shown: the thousandth page costs as much as the first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Model, QuerySet
from django.http import QueryDict

PAGE_SIZE = 25


@dataclass(frozen=True)
class Page:
    """Rows, newest first, and the query strings of the pages beside it; empty where there is none."""

    rows: list[Any]
    newer: str
    older: str


def page_of(rows: QuerySet[Any], query: QueryDict, *, key: str = "pk", size: int = PAGE_SIZE) -> Page:
    """The page that `?before=` or `?after=` asks for, else the newest. One query, whatever the size of the table.

    `key` names a unique integer field by which newer rows are greater.
    """
    before, after = _number(query.get("before")), _number(query.get("after"))
    if after is not None:
        found = list(rows.filter(**{f"{key}__gt": after}).order_by(key)[: size + 1])
        has_newer, has_older = len(found) > size, True
        shown = found[:size][::-1]
    else:
        older = rows if before is None else rows.filter(**{f"{key}__lt": before})
        found = list(older.order_by(f"-{key}")[: size + 1])
        has_newer, has_older = before is not None, len(found) > size
        shown = found[:size]
    return Page(
        shown,
        newer=_beside(query, "after", _key(shown[0], key)) if shown and has_newer else "",
        older=_beside(query, "before", _key(shown[-1], key)) if shown and has_older else "",
    )


@dataclass(frozen=True)
class Part:
    """Some of a list in their order, which of how many they are, and the query strings of the parts beside them."""

    rows: list[Any]
    first: int
    total: int
    before: str
    after: str

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    def with_rows(self, rows: list[Any]) -> "Part":
        return replace(self, rows=rows)


def part_of(rows: Sequence[Any], query: QueryDict, *, size: int = PAGE_SIZE) -> Part:
    """The part of a list that `?page=` asks for, counted from 1; the last one when there are fewer."""
    last = max(1, -(-len(rows) // size))
    number = min(max(1, _number(query.get("page")) or 1), last)
    start = (number - 1) * size
    return Part(
        list(rows[start : start + size]),
        first=start + 1,
        total=len(rows),
        before=_beside(query, "page", number - 1) if number > 1 else "",
        after=_beside(query, "page", number + 1) if number < last else "",
    )


def _beside(query: QueryDict, direction: str, value: Any) -> str:
    other = query.copy()
    other.pop("before", None)
    other.pop("after", None)
    other[direction] = str(value)
    return f"?{other.urlencode()}"


def _key(row: Model, key: str) -> Any:
    return getattr(row, key)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
