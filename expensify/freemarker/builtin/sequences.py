"""Lists: parts, order, search. Those that take lambdas are in `lambdas`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cmp_to_key
from typing import Any

from expensify.freemarker.builtin.registry import plain, plain_table
from expensify.freemarker.collation import collate
from expensify.freemarker.comparing import alike, compare
from expensify.freemarker.errors import RenderError
from expensify.freemarker.runtime import Environment
from expensify.freemarker.values import integer_of, is_map, is_moment, is_number, kind_of, string_of


@plain("size")
def _size(env: Environment, value: Any) -> int:
    if isinstance(value, Mapping):
        return len(value)
    return len(env.listed(value, "a list or map"))


plain_table(
    {
        "sequence": lambda env, value: env.listed(value),
        "first": lambda env, value: next(iter(env.iterated(value)), None),
        "min": lambda env, value: _extreme(env, value, -1),
        "max": lambda env, value: _extreme(env, value, 1),
    }
)


@plain("last")
def _last(env: Environment, value: Any) -> Any:
    items = env.listed(value)
    return items[-1] if items else None


@plain("reverse")
def _reverse(env: Environment, value: Any) -> list[Any]:
    items = env.listed(value)
    env.allow_items(len(items))
    return list(reversed(items))


@plain("join", 1, 3)
def _join(env: Environment, value: Any, separator: Any, empty: Any = "", ending: Any = "") -> str:
    """Missing items are skipped, with their separators."""
    between, when_empty, after = string_of(separator), string_of(empty), string_of(ending)
    texts: list[str] = []
    length = 0
    for item in env.counted(env.iterated(value)):
        if item is not None:
            text = env.text(item)
            length += len(text) + len(between)
            if length > env.limits.output_chars:
                env.allow(length)
            texts.append(text)
    return between.join(texts) + after if texts else when_empty


@plain("chunk", 1, 2)
def _chunk(env: Environment, value: Any, size: Any, filling: Any = None) -> list[list[Any]]:
    length = integer_of(size)
    if length < 1:
        raise RenderError("the size of a chunk is at least 1")
    items = env.listed(value)
    env.allow_items(len(items))
    chunks = [list(items[at : at + length]) for at in range(0, len(items), length)]
    if chunks and filling is not None:
        missing = length - len(chunks[-1])
        env.allow_items(missing)
        chunks[-1].extend([filling] * missing)
    return chunks


@plain("seq_contains", 1)
def _seq_contains(env: Environment, value: Any, wanted: Any) -> bool:
    return any(alike(env, item, wanted) for item in env.counted(env.iterated(value)))


@plain("seq_index_of", 1, 2)
def _seq_index_of(env: Environment, value: Any, wanted: Any, start: Any = 0) -> int:
    items = env.listed(value)
    for at in range(max(integer_of(start), 0), len(items)):
        env.charge(1)
        if alike(env, items[at], wanted):
            return at
    return -1


@plain("seq_last_index_of", 1, 2)
def _seq_last_index_of(env: Environment, value: Any, wanted: Any, start: Any = None) -> int:
    items = env.listed(value)
    last = len(items) - 1 if start is None else min(integer_of(start), len(items) - 1)
    for at in range(last, -1, -1):
        env.charge(1)
        if alike(env, items[at], wanted):
            return at
    return -1


def _extreme(env: Environment, value: Any, sign: int) -> Any:
    """The least or greatest number or date; None for an empty list."""
    found: Any = None
    for item in env.counted(env.listed(value)):
        if item is not None and (found is None or compare(env, item, found, "<") * sign > 0):
            found = item
    return found


@plain("sort")
def _sort(env: Environment, value: Any) -> list[Any]:
    items = env.listed(value)
    return _sorted(env, items, items)


@plain("sort_by", 1)
def _sort_by(env: Environment, value: Any, path: Any) -> list[Any]:
    names = [path] if isinstance(path, str) else list(env.listed(path, "a name or a list of names"))
    if not names:
        raise RenderError("?sort_by needs a name to sort by")
    items = env.listed(value)
    return _sorted(env, items, [_at(item, [string_of(name) for name in names]) for item in env.counted(items)])


def _at(item: Any, names: Iterable[str]) -> Any:
    for name in names:
        if not is_map(item):
            raise RenderError(f"?sort_by needs maps, but an item is {kind_of(item)}")
        item = item.get(name) if isinstance(item, Mapping) else None
        if item is None:
            raise RenderError(f"?sort_by found an item without {name[:40]}")
    return item


def _sorted(env: Environment, items: Sequence[Any], keys: Sequence[Any]) -> list[Any]:
    """The items by their keys, which must all be of one kind; equal ones stay in order."""
    if not items:
        return []
    env.allow_items(len(items))
    order = _order(env, keys[0])
    kind = _kind(keys[0])
    for key in keys:
        if _kind(key) != kind:
            raise RenderError(f"cannot sort {kind} together with {_kind(key)}")

    def compared(left: tuple[Any, Any], right: tuple[Any, Any]) -> int:
        env.charge(1)
        return order(left[0], right[0])

    pairs = sorted(zip(keys, items, strict=True), key=cmp_to_key(compared))
    return [item for _, item in pairs]


def _kind(key: Any) -> str:
    return "a string" if isinstance(key, str) else kind_of(key)


def _order(env: Environment, key: Any) -> Callable[[Any, Any], int]:
    if isinstance(key, str):

        def by_collation(left: str, right: str) -> int:
            env.charge(len(left) >> 4)
            return collate(left, right)

        return by_collation
    if isinstance(key, bool):
        return lambda left, right: int(left) - int(right)
    if is_number(key) or is_moment(key):
        return lambda left, right: compare(env, left, right, "<")
    raise RenderError(f"cannot sort {kind_of(key)}")
