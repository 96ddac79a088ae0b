"""Errors of templates, always with the position in the text.

TemplateError               the text is not a template that we can run
 +- RenderError             the template failed with these data
     +- LimitExceeded       too many steps, too deep, too much output or time
     +- Missing             a needed value is missing
     +- UnformattedBoolean  a boolean was printed without `?string`
     +- Stopped             `<#stop>`
     +- Unsupported         FreeMarker may well run this, but we do not
"""

from __future__ import annotations

from expensify.freemarker.tree import Span


class TemplateError(Exception):
    """The text is not a template that we can run; `line` and `column` count from 1.

    Both are 0 only until the caller of a function that does not know its position sets them.
    """

    def __init__(self, message: str, span: Span | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = span.line if span else 0
        self.column = span.column if span else 0

    def place(self, span: Span) -> None:
        """Set the position unless the error already has one: the innermost position wins."""
        if not self.line:
            self.line, self.column = span.line, span.column

    def __str__(self) -> str:
        return f"{self.message} (line {self.line}, column {self.column})"


class RenderError(TemplateError):
    """The template parsed, but failed with these data."""


class LimitExceeded(RenderError):
    """The template needed more steps, depth, output or time than `RenderLimits` allows."""


class Missing(RenderError):
    """A needed value is missing; `RenderSettings.missing` decides whether that ends the rendering."""


class UnformattedBoolean(RenderError):
    """A boolean was printed without `?string`; `RenderSettings.boolean` decides whether that ends the rendering."""


class Unsupported(RenderError):
    """We do not run this, and FreeMarker may: no judgement on the template. `<#attempt>` does not catch it.

    `parse` raises it only where the rest of the text cannot be read without it; otherwise the rendering raises it
    where it comes to the construct.
    """


class Stopped(RenderError):
    """The template stopped itself with `<#stop>`."""
