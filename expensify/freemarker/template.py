"""From text to a template, from a template to text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from expensify.freemarker.errors import LimitExceeded, RenderError, TemplateError
from expensify.freemarker.execute import Compiler
from expensify.freemarker.parser import Parser
from expensify.freemarker.routines import Returned, Routine
from expensify.freemarker.runtime import Environment, Frame, Runner
from expensify.freemarker.settings import Limits, Settings
from expensify.freemarker.source import Source
from expensify.freemarker.tree import Body, Span
from expensify.freemarker.whitespace import strip

MAX_TEMPLATE_CHARS = 1_000_000
_START = Span(0, 0, 1, 1, 1, 1)


@dataclass(frozen=True)
class Template:
    """A parsed template. `body` is its tree, white space already stripped; trims and comments are still in it."""

    text: str = field(repr=False)
    body: Body = field(repr=False)
    _run: Runner = field(repr=False)
    _loops: int = field(repr=False)
    _routines: tuple[Routine, ...] = field(repr=False)


def parse(text: str) -> Template:
    """The template of a text, or a TemplateError with line and column."""
    if len(text) > MAX_TEMPLATE_CHARS:
        raise TemplateError(f"a template has at most {MAX_TEMPLATE_CHARS} characters", _START)
    parser = Parser(Source(text))
    try:
        body = strip(parser.template(), lines=parser.header.strip_whitespace)
        compiler = Compiler()
        run = compiler.body(body)
    except RecursionError:
        raise TemplateError("the template is nested too deeply", parser.source.span(parser.offset, parser.offset)) from None
    return Template(text, body, run, compiler.scope.slots, tuple(compiler.routines))


def render(template: Template, data: Mapping[str, object], limits: Limits, settings: Settings) -> str:
    """The text of the template over the data."""
    env = Environment(data, limits, settings)
    frame = Frame(env, template._loops, None, None)
    # Macros exist from the start, wherever they are written.
    env.variables.update({routine.name: routine for routine in template._routines})
    try:
        template._run(frame)
    except RecursionError:
        raise LimitExceeded("the template is nested too deeply", _START) from None
    except RenderError as error:
        error.place(_START)
        raise
    return "".join(env.parts)
