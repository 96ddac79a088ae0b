"""Check JSON output: the content of strings, and trailing commas."""

from __future__ import annotations

import re
from typing import NamedTuple

from expensify.freemarker.lint.context import Output, PrintPlace
from expensify.freemarker.lint.escapes import check_escapes
from expensify.freemarker.lint.findings import Findings, Fix
from expensify.freemarker.lint.fixing import in_place_of, tight
from expensify.freemarker.lint.places import offset_of
from expensify.freemarker.lint.values import Value
from expensify.freemarker.tree import Expression, List, Span, Text

_SIGNS = re.compile(r'\\.|"|[^\s"\\]', re.S)


class Position(NamedTuple):
    """`in_string` is None where paths disagree. `comma` is the offset of the last token if it is a comma, else -1;
    `turns` counts the loops that ended since."""

    in_string: bool | None = False
    comma: int = -1
    turns: int = 0
    in_text: bool = False


START = Position()


class JsonText(Output):
    """Checks output that is JSON."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self.state: object = START
        self._loops: dict[int, List] = {}

    @property
    def _position(self) -> Position:
        return self.state if isinstance(self.state, Position) else START

    def text(self, text: str, node: Text | None, span: Span, place: PrintPlace) -> None:
        for sign in _SIGNS.finditer(text):
            now = self._position
            if sign.group() == '"':
                in_string = None if now.in_string is None else not now.in_string
                self.state = Position(in_string)
            elif now.in_string is not False:
                continue
            elif sign.group() == ",":
                offset = span.start if node is None else offset_of(self._findings, node, sign.start())
                self.state = Position(False, offset, 0, node is not None)
            else:
                if now.comma >= 0 and sign.group() in "]}":
                    self._add_trailing_comma(now)
                self.state = Position(False)

    def hole(self, value: Value, node: Expression, span: Span, place: PrintPlace) -> None:
        now = self._position
        if check_escapes(self._findings, value.escapes, "json"):
            pass
        elif now.in_string is True and not value.fits_json:
            self._findings.add(
                "json-string",
                span,
                "A quote, a backslash or a line break in this text would break the file: in JSON they are written"
                " differently. Put ?json_string behind it.",
                in_place_of(node, "Write it as JSON does", f"{tight(node, self._findings)}?json_string"),
            )
        elif now.in_string is False and value.reads and not value.wrapped and self._is_text(value):
            quoted = f'"${{{tight(node, self._findings)}?json_string}}"'
            is_plain = self._findings.text.startswith("${", span.start)
            self._findings.add(
                "json-string",
                span,
                "In JSON text stands in quotes. Put quotes around it, and ?json_string behind it.",
                Fix("Write it as JSON does", span.start, span.end, quoted) if is_plain else None,
            )
        if now.in_string is not True:
            self.state = now._replace(comma=-1)

    def _is_text(self, value: Value) -> bool:
        if value.type == "text" or "," in value.may:
            return bool(value.may)
        return value.type in ("date", "datetime")

    def meet(self, snapshots: list[object]) -> object:
        positions = [snapshot for snapshot in snapshots if isinstance(snapshot, Position)]
        first = positions[0] if positions else START
        if all(position == first for position in positions):
            return first
        after_loop = [position for position in positions if position.turns]
        if after_loop and all(position.in_string is False for position in positions):
            # A path without iterations has no comma; the path with one decides.
            return after_loop[0]
        return Position(first.in_string if all(p.in_string == first.in_string for p in positions) else None)

    def turned(self, loop: List, before: object) -> None:
        now = self._position
        if now.comma >= loop.span.start and now.in_string is False:
            self._loops[now.comma] = loop
            self.state = now._replace(turns=now.turns + 1)

    def _add_trailing_comma(self, now: Position) -> None:
        where = self._findings.span(now.comma, now.comma + 1)
        is_comma = now.in_text and self._findings.text.startswith(",", now.comma)
        if now.turns:
            fix = Fix("Leave the comma out behind the last one", now.comma, now.comma + 1, "<#sep>,</#sep>")
            sentence = (
                "Behind the last entry this comma has nothing to separate, and the file cannot be read."
                " Print it only between entries: <#sep>,</#sep>."
            )
            self._findings.add("trailing-comma", where, sentence, fix if is_comma and now.turns == 1 else None)
        else:
            fix = Fix("Take the comma out", now.comma, now.comma + 1, "")
            sentence = "This comma has nothing behind it to separate, and the file cannot be read. Take it out."
            self._findings.add("trailing-comma", where, sentence, fix if is_comma else None)
