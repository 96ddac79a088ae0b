"""Compare our output with FreeMarker's."""

from collections.abc import Callable, Iterable, Mapping

from expensify.freemarker.errors import TemplateError
from expensify.freemarker.template import parse, render
from tests.expensify.freemarker.answers import Answers
from tests.expensify.freemarker.corpus import CORPUS

Render = Callable[[str, Mapping[str, object]], str | None]


def ours(template: str, data: Mapping[str, object]) -> str | None:
    """What we print; None where we refuse."""
    try:
        return render(parse(template), data)
    except TemplateError:
        return None


def differing(names: Iterable[str], answers: Answers, rendered: Render = ours) -> list[str]:
    """The cases where the two differ, be it by a byte."""
    return [name for name in names if rendered(*CORPUS[name]) != answers.output(name)]
