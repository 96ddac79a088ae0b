"""Templates rendered as the real server is thought to render them."""

from collections.abc import Mapping

from expensify.freemarker.errors import TemplateError
from expensify.freemarker.settings import RenderSettings
from expensify.freemarker.template import parse, render
from sandbox.answers import Answer, envelope, page
from sandbox.choices import Choices


class TemplateFailed(Exception):
    """The template cannot be rendered; the message has FreeMarker's form."""


def render_template(text: str, data: Mapping[str, object], choices: Choices) -> str:
    settings = RenderSettings(missing=choices.missing_values, boolean=choices.booleans)
    try:
        return render(parse(text), data, settings=settings)
    except TemplateError as error:
        raise TemplateFailed(
            f'Error in template "template" in line {error.line}, column {error.column}: {error.message}'
        ) from None


def template_answer(failed: TemplateFailed, choices: Choices) -> Answer:
    """What comes back instead of a file name."""
    return (
        page(500, "Internal Server Error") if choices.template_error == "html" else envelope(500, str(failed))
    )
