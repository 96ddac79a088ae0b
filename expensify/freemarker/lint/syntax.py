"""Report syntax errors, unbalanced tags, and unknown tags and built-ins."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import NamedTuple

from expensify.freemarker.builtin import compile
from expensify.freemarker.builtin.registry import UNSUPPORTED
from expensify.freemarker.errors import TemplateError, Unsupported
from expensify.freemarker.lint.findings import Findings, Fix
from expensify.freemarker.setting_changes import FOREIGN as FOREIGN_SETTINGS
from expensify.freemarker.special import FOREIGN as FOREIGN_VARIABLES
from expensify.freemarker.tagnames import KNOWN, plain_name
from expensify.freemarker.tree import BuiltIn, Foreign, Node, Setting, Span, SpecialName

_INSIDE = r"""(?:"[^"<]*"|'[^'<]*'|[^<>"'])*?"""
_TAG = re.compile(
    r"<#--.*?-->|<#noparse>.*?</#noparse>"
    rf"|<(/?)(#)([A-Za-z_]+){_INSIDE}(/?)>|<(/?)(@)([\w.]*){_INSIDE}(/?)>",
    re.S,
)
_PAIRS = frozenset([
    "if", "list", "items", "foreach", "switch", "macro", "function", "compress", "escape", "noescape",
    "attempt",
])  # fmt: skip
_MAY_HOLD_A_BODY = frozenset({"assign", "global", "local"})
_SAYS_UNBALANCED = re.compile(r"is not closed|has no beginning|^expected </|needs a <#recover>")
_WORD = re.compile(r"</?[#@][\w.]*>?|\w+|\S")


class Opened(NamedTuple):
    """An opening tag and its offsets."""

    name: str
    start: int
    end: int


def add_parse_error(findings: Findings, error: TemplateError) -> None:
    """Add the finding on a text that cannot be parsed, at the position of the parser's error."""
    start = _offset(findings.text, error)
    word = _WORD.match(findings.text, start)
    span = findings.span(start, word.end() if word else start + 1)
    if isinstance(error, Unsupported):
        findings.add("unsupported", span, _no_preview(f"this template: {error.message}"), severity="note")
        return
    if _SAYS_UNBALANCED.search(error.message) and _add_unbalanced_tag(findings):
        return
    tag = re.match(r"</?#([A-Za-z_]+)", findings.text[start : start + 60])
    if tag and plain_name(tag[1]) is None:
        _add_unknown_tag(findings, tag[1], start + tag.start(1), span)
    else:
        sentence = f"The template cannot be read from here on: {error.message}."
        findings.add("syntax", span, sentence, severity="error")


def add_compile_error(findings: Findings, error: TemplateError) -> None:
    """Add the finding on a template that parses but does not compile, such as a wrong number of arguments."""
    start = _offset(findings.text, error)
    word = _WORD.match(findings.text, start)
    span = findings.span(start, word.end() if word else start + 1)
    findings.add("syntax", span, f"This cannot run: {error.message}.", severity="error")


def check_built_in(findings: Findings, node: BuiltIn) -> bool:
    """Whether the built-in exists; add a finding if it does not."""
    names = compile.names()
    if node.name in names:
        return True
    written = findings.written(node.name_span)
    if node.name in UNSUPPORTED:
        return True
    near = get_close_matches(node.name, names, n=3, cutoff=0.6)
    sentence = f"There is no built-in ?{written}."
    fix = None
    if near:
        sentence += f" Did you mean {' or '.join(f'?{name}' for name in near)}?"
        fix = Fix(f"Write ?{near[0]}", node.name_span.start, node.name_span.end, near[0])
    findings.add("unknown-built-in", node.name_span, sentence, fix, "error")
    return False


def _add_unknown_tag(findings: Findings, written: str, start: int, span: Span) -> None:
    near = get_close_matches(written.lower(), sorted(KNOWN), n=1, cutoff=0.7)
    sentence = f"There is no tag <#{written}>."
    fix = None
    if near:
        sentence += f" Did you mean <#{near[0]}>?"
        fix = Fix(f"Write <#{near[0]}>", start, start + len(written), near[0])
    findings.add("unknown-tag", span, sentence, fix, "error")


def add_unsupported(findings: Findings, node: Node) -> None:
    """Note what FreeMarker knows and the preview cannot show."""
    what = ""
    if isinstance(node, Foreign):
        what = f"<#{node.name}>: {node.reason}"
    elif isinstance(node, BuiltIn) and node.name in UNSUPPORTED:
        what = f"?{node.name}: {UNSUPPORTED[node.name]}"
    elif isinstance(node, SpecialName) and node.name in FOREIGN_VARIABLES:
        what = f".{node.name}: it is different at Expensify"
    elif isinstance(node, Setting) and node.name in FOREIGN_SETTINGS:
        what = f"the setting {node.name}"
    if what:
        span = node.name_span if isinstance(node, BuiltIn) else node.span
        if isinstance(node, Foreign):
            span = findings.span(span.start, span.start + 2 + len(node.name))
        findings.add("unsupported", span, _no_preview(what), severity="note")


def _no_preview(what: str) -> str:
    return f"The preview cannot show {what}. Expensify may run it all the same: the export can be saved and run."


def _offset(text: str, error: TemplateError) -> int:
    starts = [0, *(line_end.end() for line_end in re.finditer(r"\r\n|\r|\n", text))]
    line = min(max(error.line, 1), len(starts))
    return min(starts[line - 1] + max(error.column, 1) - 1, len(text))


# ---- tags that do not match


def _add_unbalanced_tag(findings: Findings) -> bool:
    """Report the first tag that is not closed or closes nothing; whether there is one."""
    opened: list[Opened] = []
    for match in _TAG.finditer(findings.text):
        closing, kind, name, empty = match.group(1, 2, 3, 4) if match[2] else match.group(5, 6, 7, 8)
        if kind is None:
            continue
        if kind == "#":
            name = plain_name(name) or name
        if not closing:
            pair = kind == "@" or name in _PAIRS or (name in _MAY_HOLD_A_BODY and "=" not in match.group())
            if pair and not empty:
                opened.append(Opened(kind + name, match.start(), match.end()))
            continue
        if name not in _PAIRS and name not in _MAY_HOLD_A_BODY and kind == "#":
            continue
        closes = opened[-1].name if opened else ""
        if closes == kind + name or (kind == "@" and not name and closes.startswith("@")):
            opened.pop()
        elif any(tag.name == kind + name for tag in opened):
            _add_not_closed(findings, opened[-1], match.start())
            return True
        else:
            _add_not_opened(findings, match, opened)
            return True
    if opened:
        _add_not_closed(findings, opened[-1], len(findings.text))
    return bool(opened)


def _add_not_closed(findings: Findings, tag: Opened, before: int) -> None:
    """`before` is the offset of the tag that should have come later."""
    text = findings.text
    closing = f"</{tag.name}>"
    line = findings.span(tag.start, tag.end).line
    if before == len(text):
        where, at = "the template ends before it is closed", before
        written = ("" if not text or text.endswith("\n") else "\n") + closing + "\n"
    else:
        match = re.match(r"</[#@][\w.]*>", text[before:])
        other_line = findings.span(before, before + 1).line
        where = f"{match.group() if match else 'another tag'} in line {other_line} comes before it is closed"
        indent = text[text.rfind("\n", 0, before) + 1 : before]
        at, written = before, closing + (f"\n{indent}" if not indent.strip() else "")
    findings.add(
        "unbalanced",
        findings.span(tag.start, tag.end),
        f"<{tag.name}> is opened here, in line {line}, but {where}. Write {closing} where it should end.",
        Fix(f"Write {closing}", at, at, written),
        "error",
    )


def _add_not_opened(findings: Findings, tag: re.Match[str], opened: list[Opened]) -> None:
    sentence = f"{tag.group()} closes something that was never opened."
    if opened:
        line = findings.span(opened[-1].start, opened[-1].end).line
        sentence += f" Open here is <{opened[-1].name}> of line {line}."
    findings.add(
        "unbalanced",
        findings.span(tag.start(), tag.end()),
        f"{sentence} Take it out, or write what it should close.",
        Fix("Take it out", tag.start(), tag.end(), ""),
        "error",
    )
