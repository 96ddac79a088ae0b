"""What can go wrong with a template, always with the place in its text."""

from __future__ import annotations

from expensify.freemarker.expression_tree import Span


class TemplateError(Exception):
    """The text is not a template we can run; `line` and `column` count from 1 and name the spot.

    Both are 0 only while an error travels from a function that does not know where it was called.
    """

    def __init__(self, message: str, span: Span | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = span.line if span else 0
        self.column = span.column if span else 0

    def place(self, span: Span) -> None:
        """Give an error its place; the first (innermost) one stays."""
        if not self.line:
            self.line, self.column = span.line, span.column

    def __str__(self) -> str:
        return f"{self.message} (line {self.line}, column {self.column})"


class RenderError(TemplateError):
    """The template parsed, but these data cannot go through it."""


class LimitExceeded(RenderError):
    """The template asked for more steps, depth, output or time than `Limits` grants."""


class Missing(RenderError):
    """A value that is not there was needed; `Settings.missing` says whether that ends the rendering."""


class UnformattedBoolean(RenderError):
    """A boolean was to be printed without `?string`; `Settings.boolean` says whether that ends the rendering."""


class Stopped(RenderError):
    """The template ended itself with `<#stop>`."""
