"""Run the template over generated data in which each field takes its possible shapes, and report where it stops.

1. The data have everything: one report with two expenses, every field of the catalogue with its example.
2. Then each field that the template reads is in turn absent, empty, zero, negative, short, or long with quotes and
   line breaks, as far as its type allows.
3. The rendering goes on behind an error, so that one run finds several.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from expensify.freemarker.catalogue import CATALOGUE, Field
from expensify.freemarker.errors import (
    LimitExceeded,
    Missing,
    RenderError,
    Stopped,
    TemplateError,
    UnformattedBoolean,
    Unsupported,
)
from expensify.freemarker.lint import fields
from expensify.freemarker.lint.defaults import is_often_empty
from expensify.freemarker.lint.generated import ABSENT, generate
from expensify.freemarker.settings import RenderLimits, RenderSettings
from expensify.freemarker.template import Template, parse, render

MOST_RUNS = 150
_MOST_CHARS = 1_000_000
"""Of all runs together: a long template has fewer, as each takes its time."""
_LIMITS = RenderLimits(steps=50_000, output_chars=200_000, seconds=0.5)
_LONG = 'Dinner "Zum Löwen", {tip} & <taxi>;\r\n\tthen 😀 ' * 20
_Shape = tuple[str, object]


@dataclass(frozen=True)
class Stop:
    """Where the template stops, and with which data: `field` is "" when it always does."""

    error: RenderError
    field: str = ""
    shape: str = ""


def stops(text: str, used: set[str]) -> list[Stop]:
    """Return the places where the template stops, each with the first data that make it stop."""
    try:
        template = parse(text)
    except TemplateError:
        return []
    found: dict[tuple[int, int], Stop] = {}
    for runs, (field, shape, value) in enumerate(_trials(used)):
        if runs > min(MOST_RUNS, _MOST_CHARS // max(len(text), 1)):
            break
        try:
            errors = _run(template, {field: value} if field else {})
        except LimitExceeded:
            break
        for error in errors:
            found.setdefault((error.line, error.column), Stop(error, field, shape))
    return list(found.values())


def _run(template: Template, changes: dict[str, object]) -> list[RenderError]:
    errors: list[RenderError] = []

    def tolerate(error: RenderError) -> bool:
        if isinstance(error, (LimitExceeded, Stopped, Unsupported)):
            return False
        if not isinstance(error, (Missing, UnformattedBoolean)):  # these print nothing
            errors.append(error)
        return True

    try:
        render(template, generate(changes), limits=_LIMITS, settings=RenderSettings(tolerate=tolerate))
    except LimitExceeded:
        raise
    except RenderError:
        pass
    return errors


def _trials(used: set[str]) -> Iterator[tuple[str, str, object]]:
    yield "", "", None
    for name in sorted(used):
        field = CATALOGUE.field(name)
        if field is None or field.level not in ("report", "expense", "approver", "action"):
            continue
        for shape, value in _shapes(field):
            yield name, shape, value


def _shapes(field: Field) -> Iterator[_Shape]:
    yield "missing", ABSENT
    if field.type == "list":
        yield "an empty list", []
    if is_often_empty(CATALOGUE, field) or (field.type == "text" and not fields.is_coded(field)):
        yield "empty", ""
    if field.type in ("cents", "integer", "number"):
        yield "0", 0
        yield "negative", -1250
    if field.type == "boolean":
        yield "false", False
    if field.type == "text" and not fields.is_coded(field):
        yield "short", "A"
        yield "long", _LONG
