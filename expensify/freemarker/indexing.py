"""`a.b`, `a["b"]`, `a[1]` and slices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from expensify.freemarker.errors import RenderError
from expensify.freemarker.runtime import Environment
from expensify.freemarker.tree import Span
from expensify.freemarker.utf16 import from_units, to_units
from expensify.freemarker.values import EndlessRange, Nothing, NumberRange, integer_of, is_number, is_sequence, kind_of


def field(holder: Any, name: str, span: Span) -> Any:
    """Return the value of a key; None when the map has none."""
    if isinstance(holder, Mapping):
        return holder.get(name)
    if isinstance(holder, Nothing):
        return None
    raise RenderError(f"only maps have fields like .{name[:40]}; this is {kind_of(holder)}", span)


def item(env: Environment, holder: Any, key: Any, span: Span) -> Any:
    """Return `holder[key]`: a field by its name, an item or character by its number, a slice by a range."""
    if is_number(key):
        return _numbered(env, holder, integer_of(key), span)
    if isinstance(key, str):
        return field(holder, str(key), span)
    if isinstance(key, (NumberRange, EndlessRange)):
        return _slice(env, holder, key, span)
    raise RenderError(f"a key is a string, a number or a range; this is {kind_of(key)}", span)


def _numbered(env: Environment, holder: Any, index: int, span: Span) -> Any:
    if is_sequence(holder):
        items = env.listed(holder)
        return items[index] if 0 <= index < len(items) else None
    if isinstance(holder, Mapping):
        raise RenderError("a map has no numbered items", span)
    units = to_units(env.text(holder))
    if not 0 <= index < len(units):
        raise RenderError(f"there is no character {index}: the string has {len(units)}, counted from 0", span)
    return from_units(units[index])


def _slice(env: Environment, holder: Any, numbers: NumberRange | EndlessRange, span: Span) -> Any:
    is_list = is_sequence(holder)
    if isinstance(holder, Mapping):
        raise RenderError("a map cannot be sliced", span)
    whole: Any = env.listed(holder) if is_list else to_units(env.text(holder))
    indexes = _indexes(numbers, len(whole), span)
    if is_list:
        env.allow_items(len(indexes))
        return [whole[index] for index in indexes]
    if not indexes:
        return ""
    if indexes.step < 0 and len(indexes) > 1:
        # FreeMarker returns "" for "abc"[2..1] only, for old templates.
        if isinstance(numbers, NumberRange) and numbers.inclusive and len(indexes) == 2:
            return ""
        raise RenderError("a string cannot be sliced backwards", span)
    return from_units(whole[indexes[0] : indexes[0] + len(indexes)])


def _indexes(numbers: NumberRange | EndlessRange, size: int, span: Span) -> range:
    """Return the positions that a range selects; endless and adaptive ranges stop at the end of the value."""
    if isinstance(numbers, EndlessRange):
        first, step, length, adaptive = numbers.start, 1, None, True
    else:
        first, step, length = numbers.numbers.start, numbers.numbers.step, len(numbers)
        adaptive = numbers.adaptive
        if not length:
            return range(0)
    if first < 0:
        raise RenderError(f"a slice cannot begin at {first}", span)
    if first > size if adaptive and step == 1 else first >= size:
        raise RenderError(f"a slice cannot begin at {first}: there are only {size}", span)
    if length is None:
        return range(first, size)
    last = first + (length - 1) * step
    if 0 <= last < size:
        return range(first, last + step, step)
    if not adaptive:
        raise RenderError(f"a slice cannot end at {last}: there are only {size}", span)
    return range(first, -1, -1) if last < 0 else range(first, size)
