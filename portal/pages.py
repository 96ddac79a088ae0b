"""Django's templates, for pages that can always be sent."""

from typing import Any, cast

from django.http import HttpRequest
from django.template.backends.django import DjangoTemplates, Template
from django.utils.safestring import SafeString, mark_safe

from expensify.foreign_text import is_writable, writable


class Pages(DjangoTemplates):
    """A text that came in by a way nobody thought of must not break the pages that show it.

    What UTF-8 cannot write is shown as a replacement character.
    """

    def from_string(self, template_code: str) -> Any:
        return Page(super().from_string(template_code))

    def get_template(self, template_name: str) -> Any:
        return Page(super().get_template(template_name))


class Page:
    def __init__(self, template: Template) -> None:
        self._template = template

    def __getattr__(self, name: str) -> Any:
        return getattr(self._template, name)

    def render(self, context: Any = None, request: HttpRequest | None = None) -> SafeString:
        text: SafeString = cast(Any, self._template).render(context, request)
        return text if is_writable(text) else mark_safe(writable(text))
