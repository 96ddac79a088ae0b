"""Check XML output: text that would end an element or begin one."""

from __future__ import annotations

import re

from expensify.freemarker.lint.context import Output, PrintPlace
from expensify.freemarker.lint.escapes import RAW, check_escapes
from expensify.freemarker.lint.findings import Findings
from expensify.freemarker.lint.fixing import in_place_of, tight
from expensify.freemarker.lint.values import Value
from expensify.freemarker.tree import Expression, Span, Text

_SECTION = re.compile(r"<!\[CDATA\[|\]\]>")


class XmlText(Output):
    """Checks output that is XML or HTML. `state` is whether a CDATA section is open, None where paths disagree."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self.state: object = False

    def text(self, text: str, node: Text | None, span: Span, place: PrintPlace) -> None:
        for mark in _SECTION.finditer(text):
            self.state = mark.group() != "]]>"

    def hole(self, value: Value, node: Expression, span: Span, place: PrintPlace) -> None:
        if self.state is not False or check_escapes(self._findings, value.escapes, "xml"):
            return
        is_raw = RAW in value.escapes or not value.escapes
        if is_raw and value.reads and value.type == "text" and value.may:
            self._findings.add(
                "xml-text",
                span,
                "An & or < in this text would break the file: XML and HTML write them differently. Put ?xml behind it.",
                in_place_of(node, "Write it as XML does", f"{tight(node, self._findings)}?xml"),
            )

    def meet(self, snapshots: list[object]) -> object:
        return snapshots[0] if all(snapshot is snapshots[0] for snapshot in snapshots) else None
