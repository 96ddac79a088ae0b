"""Parse a text to a template, and render a template to text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from expensify.freemarker.errors import LimitExceeded, RenderError, Unsupported
from expensify.freemarker.execute import Compiler
from expensify.freemarker.parser import Parser
from expensify.freemarker.routines import Routine
from expensify.freemarker.runtime import Environment, Frame, Runner
from expensify.freemarker.settings import RenderLimits, RenderSettings
from expensify.freemarker.source import Source
from expensify.freemarker.tags.opening import OPENING, parse_template
from expensify.freemarker.tree import Body, Span
from expensify.freemarker.whitespace import strip

_SURROGATES = re.compile("[\ud800-\udfff]+")
MAX_TEMPLATE_CHARS = 200_000
_LIMITS = RenderLimits()
_SETTINGS = RenderSettings()
_START = Span(0, 0, 1, 1, 1, 1)


@dataclass(frozen=True)
class Template:
    """A parsed template. `body` is its tree, with white space stripped; it still contains trims and comments."""

    text: str = field(repr=False)
    body: Body = field(repr=False)
    _run: Runner = field(repr=False)
    _loops: int = field(repr=False)
    _routines: tuple[Routine, ...] = field(repr=False)


def parse(text: str) -> Template:
    """Parse a text.

    Raises TemplateError with line and column when it is not a template, and its subclass Unsupported when it may be
    one that we cannot read.
    """
    if len(text) > MAX_TEMPLATE_CHARS:
        raise Unsupported(f"the preview reads at most {MAX_TEMPLATE_CHARS} characters", _START)
    parser = Parser(Source(text), OPENING)
    try:
        body = strip(parse_template(parser), lines=parser.header.strip_whitespace)
        compiler = Compiler()
        run = compiler.body(body)
    except RecursionError:
        span = parser.source.span(parser.offset, parser.offset)
        raise Unsupported("the template is nested too deeply for the preview", span) from None
    return Template(text, body, run, compiler.scope.slots, tuple(compiler.routines))


def render(
    template: Template,
    data: Mapping[str, object],
    *,
    limits: RenderLimits = _LIMITS,
    settings: RenderSettings = _SETTINGS,
) -> str:
    """Render the template with the data.

    Raises RenderError with line and column when the template fails with these data, and its subclass
    LimitExceeded when it exceeds the limits. Threads may render the same template at the same time.
    """
    env = Environment(data, limits, settings)
    frame = Frame(env, template._loops, None, None)
    # Macros exist from the start, wherever they are defined.
    env.variables.update({routine.name: routine for routine in template._routines})
    try:
        template._run(frame)
        env.check()
    except RecursionError:
        raise LimitExceeded("the template is nested too deeply", _START) from None
    except RenderError as error:
        error.place(_START)
        raise
    return _replace_lone_surrogates("".join(env.parts))


def _replace_lone_surrogates(text: str) -> str:
    """Write half an emoji, cut by ?substring or a slice, as ?, like Java."""
    return _SURROGATES.sub(_join_surrogates, text) if not text.isascii() else text


def _join_surrogates(units: re.Match[str]) -> str:
    return units.group().encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\ufffd", "?")
