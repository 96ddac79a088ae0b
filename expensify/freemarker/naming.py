"""Naming conventions: a template may use `?upper_case` or `?upperCase`, but not both."""

from __future__ import annotations

import re

from expensify.freemarker.errors import TemplateError
from expensify.freemarker.tree import Span

_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


class Naming:
    """Remembers the convention of the first name that follows one."""

    def __init__(self) -> None:
        self._camel: bool | None = None
        self._first = ""

    def check(self, name: str, span: Span) -> None:
        """Reject a name of the other convention."""
        camel = bool(_CAPITAL.search(name))
        if not camel and "_" not in name:
            return
        if self._camel is None:
            self._camel, self._first = camel, name
        elif self._camel != camel:
            raise TemplateError(
                f"{name} and {self._first} do not go together: one template writes its names"
                " either like upper_case or like upperCase",
                span,
            )

    def plain(self, name: str, span: Span) -> str:
        """Return the name written with underscores."""
        self.check(name, span)
        return _CAPITAL.sub(lambda match: "_" + match.group(1).lower(), name)
