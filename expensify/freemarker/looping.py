"""Run <#list>, with and without <#items>."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from expensify.freemarker.errors import RenderError
from expensify.freemarker.runtime import Frame, Loop, Runner
from expensify.freemarker.tree import Items, List
from expensify.freemarker.values import Lazy, Nothing, kind_of

_END = object()


class BreakLoop(Exception):
    """Control flow of <#break>: leaves the loop."""


class ContinueLoop(Exception):
    """Control flow of <#continue>: begins the next iteration."""


@dataclass(slots=True, eq=False, kw_only=True)
class _PendingItems(Loop):
    """A list whose <#items> has not begun: `walk` is after the first item, which is `value`."""

    walk: Iterator[Any]
    done: bool = False


def run_list(node: List, source: Callable[[Frame], Any], slot: int, body: Runner, otherwise: Runner | None) -> Runner:
    """Return a closure for <#list>. `source` returns the value to iterate, which is not missing."""
    names, place = node.names, node.source.span

    def run(frame: Frame) -> None:
        try:
            walk = iter(_iterate(frame, source(frame), len(names)))
        except RenderError as error:
            error.place(place)
            raise
        item = next(walk, _END)
        if item is _END:
            if otherwise is not None:
                otherwise(frame)
            return
        if not names:
            frame.loops[slot] = _PendingItems(item, walk=walk)
            body(frame)
            return
        loop = frame.loops[slot] = Loop()
        turn(frame, loop, item, walk, body, pairs=len(names) == 2)

    return run


def run_items(node: Items, slot: int, body: Runner) -> Runner:
    """Return a closure for <#items>, which iterates the surrounding list once."""
    pairs = len(node.names) == 2

    def run(frame: Frame) -> None:
        loop = frame.loops[slot]
        if loop.done:
            raise RenderError("<#items> ran already for this list", node.span)
        loop.done = True
        item = loop.value
        if pairs and not isinstance(item, _Pair):
            raise RenderError("<#items as key, value> needs a map", node.span)
        if not pairs and isinstance(item, _Pair):
            raise RenderError("listing a map needs two loop variables, like <#items as key, value>", node.span)
        turn(frame, loop, item, loop.walk, body, pairs=pairs)

    return run


class _Pair(tuple[Any, Any]):
    """A key of a map and its value."""

    __slots__ = ()


def turn(frame: Frame, loop: Loop, item: Any, walk: Iterator[Any], body: Runner, *, pairs: bool) -> None:
    """Run the body for the item and all items after it."""
    index = 0
    continuing = suppress(ContinueLoop)
    try:
        while True:
            following = next(walk, _END)
            if pairs:
                loop.value, loop.second = item
            else:
                loop.value = item
            loop.index = index
            loop.has_next = following is not _END
            with continuing:
                body(frame)
            if following is _END:
                return
            item = following
            index += 1
    except BreakLoop:
        return


def _iterate(frame: Frame, value: Any, names: int) -> Iterable[Any]:
    if isinstance(value, Lazy):
        if names == 2:
            raise RenderError("two loop variables need a map, but this is a list")
        return value
    if isinstance(value, Mapping):
        if names == 1:
            raise RenderError("listing a map needs two loop variables, like <#list m as key, value>")
        return [_Pair((frame.env.text(key), item)) for key, item in value.items()]
    if names == 2:
        if isinstance(value, Nothing):
            return ()
        raise RenderError(f"two loop variables need a map, but this is {kind_of(value)}")
    return frame.env.iterated(value)
