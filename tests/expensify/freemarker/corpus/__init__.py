"""Small templates, one per rule and built-in, and realistic exports; all are compared with the real engine."""

from collections.abc import Mapping
from typing import NamedTuple

from tests.expensify.freemarker.corpus import (
    accepted,
    dates,
    exports,
    expressions,
    lists,
    numbers,
    patterns,
    refused,
    strings,
    tags,
    whitespace,
)
from tests.expensify.freemarker.data import DATA


class Case(NamedTuple):
    template: str
    data: Mapping[str, object]


_SMALL = {
    "accepted": accepted,
    "whitespace": whitespace,
    "tags": tags,
    "expressions": expressions,
    "strings": strings,
    "patterns": patterns,
    "numbers": numbers,
    "dates": dates,
    "lists": lists,
    "refused": refused,
}
SMALL = {
    f"{group}: {name}": Case(template, DATA)
    for group, module in _SMALL.items()
    for name, template in module.CASES.items()
}
EXPORTS = {f"exports: {name}": Case(template, exports.DATA) for name, template in exports.TEMPLATES.items()}
CORPUS = SMALL | EXPORTS
