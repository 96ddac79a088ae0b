"""`.now` and the other variables that begin with a dot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from expensify.freemarker.errors import RenderError, TemplateError, Unsupported
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
    """Return a closure for the variable; TemplateError when FreeMarker has none of that name."""
    if node.name in FOREIGN:
        return _unsupported(node)
    read = _VARIABLES.get(node.name)
    if read is None:
        raise TemplateError(f"there is no special variable .{node.name}", node.span)
    return read


def _unsupported(node: SpecialName) -> Evaluator:
    def run(frame: Frame) -> Any:
        raise Unsupported(f".{node.name} is not known here", node.span)

    return run


def _vars(frame: Frame) -> _LayeredMap:
    return _LayeredMap(frame.local or {}, frame.env.variables, frame.env.globals, frame.env.data)


def _error(frame: Frame) -> str:
    if not frame.env.errors:
        raise RenderError(".error exists only inside <#recover>")
    return str(frame.env.errors[-1])


FOREIGN = frozenset([
    "args", "auto_esc", "caller_template_name", "current_node", "current_template_name", "get_optional_template",
    "incompatible_improvements", "locale_object", "main_template_name", "node", "output_encoding", "output_format",
    "pass", "template_name", "version",
])  # fmt: skip
_VARIABLES: dict[str, Evaluator] = {
    "now": lambda frame: Moment(frame.env.now, "datetime"),
    "vars": _vars,
    "locals": lambda frame: frame.local,
    "data_model": lambda frame: frame.env.data,
    "globals": lambda frame: _LayeredMap(frame.env.globals, frame.env.data),
    "main": lambda frame: frame.env.variables,
    "namespace": lambda frame: frame.env.variables,
    "error": _error,
    "url_escaping_charset": lambda frame: frame.env.url_charset,
    "locale": lambda frame: "en_US",
    "lang": lambda frame: "en",
    "time_zone": lambda frame: str(frame.env.dates.zone),
}
