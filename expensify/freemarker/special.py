"""`.now` and the other variables that begin with a dot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from expensify.freemarker.errors import RenderError, TemplateError
from expensify.freemarker.runtime import Environment, Evaluator, Frame
from expensify.freemarker.tree import SpecialName
from expensify.freemarker.values import Moment


class Everything(Mapping[str, Any]):
    """`.globals` and `.vars`: several maps seen as one, the first that has a name wins."""

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
    """A closure for the variable; a TemplateError when we do not have it."""
    name = node.name.replace("dataModel", "data_model").replace("timeZone", "time_zone")
    make = _VARIABLES.get(name)
    if make is None:
        raise TemplateError(
            f"the special variable .{node.name} does not exist or is not supported", node.span
        )
    if name == "vars":
        return lambda frame: Everything(
            frame.local or {}, frame.env.variables, frame.env.globals, frame.env.data
        )
    if name == "locals":
        return _locals
    found = make
    return lambda frame: found(frame.env)


def _locals(frame: Frame) -> Any:
    return frame.local


def _error(env: Environment) -> str:
    if not env.errors:
        raise RenderError(".error exists only inside <#recover>")
    return str(env.errors[-1])


_VARIABLES: dict[str, Callable[[Environment], Any]] = {
    "now": lambda env: Moment(env.now, "datetime"),
    "vars": lambda env: None,
    "locals": lambda env: None,
    "data_model": lambda env: env.data,
    "globals": lambda env: Everything(env.globals, env.data),
    "main": lambda env: env.variables,
    "namespace": lambda env: env.variables,
    "error": _error,
    "locale": lambda env: "en_US",
    "lang": lambda env: "en",
    "time_zone": lambda env: env.dates.zone_name,
}
