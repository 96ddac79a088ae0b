"""Render templates as the real server presumably does."""

from collections.abc import Mapping

from expensify.freemarker.errors import TemplateError
from expensify.freemarker.settings import RenderSettings
from expensify.freemarker.template import parse, render
from sandbox.answers import Answer, envelope, page
from sandbox.choices import Choices


class TemplateFailed(Exception):
    """The template cannot be rendered; the message has FreeMarker's format."""


def render_template(text: str, data: Mapping[str, object], choices: Choices) -> str:
    settings = RenderSettings(missing=choices.missing_values, boolean=choices.booleans)
    try:
        return render(parse(text), data, settings=settings)
    except TemplateError as error:
        raise TemplateFailed(
            f'Error in template "template" in line {error.line}, column {error.column}: {error.message}'
        ) from None


def template_answer(failed: TemplateFailed, choices: Choices) -> Answer:
    """Return the answer to a job with a broken template."""
    return page(500, "Internal Server Error") if choices.template_error == "html" else envelope(500, str(failed))
