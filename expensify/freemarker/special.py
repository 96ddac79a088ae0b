"""`.now` and the other variables that begin with a dot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from expensify.freemarker.errors import RenderError, TemplateError
from expensify.freemarker.runtime import Evaluator, Frame
from expensify.freemarker.tree import SpecialName
from expensify.freemarker.values import Moment


class _LayeredMap(Mapping[str, Any]):
    """`.globals` and `.vars`: several maps as one; the first map with a value for a name wins."""

    def __init__(self, *layers: Mapping[str, Any]) -> None:
        self._layers = layers

    def __getitem__(self, name: str) -> Any:
        for layer in self._layers:
            value = layer.get(name)
            if value is not None:
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter({name: None for layer in reversed(self._layers) for name in layer})

    def __len__(self) -> int:
        return sum(1 for _ in self)


def special(node: SpecialName) -> Evaluator:
    """Return a closure for the variable; TemplateError when it is unknown or unsupported."""
    read = _VARIABLES.get(node.name)
    if read is None:
        raise TemplateError(f"the special variable .{node.name} does not exist or is not supported", node.span)
    return read


def _vars(frame: Frame) -> _LayeredMap:
    return _LayeredMap(frame.local or {}, frame.env.variables, frame.env.globals, frame.env.data)


def _error(frame: Frame) -> str:
    if not frame.env.errors:
        raise RenderError(".error exists only inside <#recover>")
    return str(frame.env.errors[-1])


_VARIABLES: dict[str, Evaluator] = {
    "now": lambda frame: Moment(frame.env.now, "datetime"),
    "vars": _vars,
    "locals": lambda frame: frame.local,
    "data_model": lambda frame: frame.env.data,
    "globals": lambda frame: _LayeredMap(frame.env.globals, frame.env.data),
    "main": lambda frame: frame.env.variables,
    "namespace": lambda frame: frame.env.variables,
    "error": _error,
    "locale": lambda frame: "en_US",
    "lang": lambda frame: "en",
    "time_zone": lambda frame: str(frame.env.dates.zone),
}
