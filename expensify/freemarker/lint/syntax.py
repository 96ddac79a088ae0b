"""What is wrong with a text that is not a template, and with names that FreeMarker does not have."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import NamedTuple

from expensify.freemarker.builtin import compile
from expensify.freemarker.builtin.registry import UNSUPPORTED as UNSUPPORTED_BUILT_INS
from expensify.freemarker.errors import TemplateError
from expensify.freemarker.expression_tree import BuiltIn, Span
from expensify.freemarker.lint.findings import Findings, Fix
from expensify.freemarker.tagnames import KNOWN, UNSUPPORTED, plain_name

_INSIDE = r"""(?:"[^"<]*"|'[^'<]*'|[^<>"'])*?"""
_TAG = re.compile(
    r"<#--.*?-->|<#noparse>.*?</#noparse>"
    rf"|<(/?)(#)([A-Za-z_]+){_INSIDE}(/?)>|<(/?)(@)([\w.]*){_INSIDE}(/?)>",
    re.S,
)
_PAIRS = frozenset(
    [
        "if",
        "list",
        "items",
        "foreach",
        "switch",
        "macro",
        "function",
        "compress",
        "escape",
        "noescape",
        "attempt",
    ]
)
_MAY_HOLD_A_BODY = frozenset({"assign", "global", "local"})
_SAYS_UNBALANCED = re.compile(r"is not closed|has no beginning|^expected </|needs a <#recover>")
_WORD = re.compile(r"</?[#@][\w.]*>?|\w+|\S")


class Opened(NamedTuple):
    name: str
    start: int
    end: int


def unreadable(findings: Findings, error: TemplateError) -> None:
    """The one finding on a text that cannot be parsed, at the place where the parser gave up."""
    start = _offset(findings.text, error)
    word = _WORD.match(findings.text, start)
    span = findings.span(start, word.end() if word else start + 1)
    if _SAYS_UNBALANCED.search(error.message) and _unbalanced(findings):
        return
    spelled = re.match(r"</?#([A-Za-z_]+)", findings.text[start : start + 60])
    if spelled and plain_name(spelled[1]) is None:
        _unknown_tag(findings, spelled[1], start + spelled.start(1), span)
    elif spelled and plain_name(spelled[1]) in UNSUPPORTED:
        _unsupported(findings, f"<#{spelled[1]}>", UNSUPPORTED[plain_name(spelled[1]) or ""], span)
    else:
        sentence = f"The template cannot be read from here on: {error.message}."
        findings.add("syntax", span, sentence, severity="error")


def uncompiled(findings: Findings, error: TemplateError) -> None:
    """What reads well but cannot run: a wrong number of arguments, say."""
    start = _offset(findings.text, error)
    word = _WORD.match(findings.text, start)
    span = findings.span(start, word.end() if word else start + 1)
    findings.add("syntax", span, f"This cannot run: {error.message}.", severity="error")


def check_built_in(findings: Findings, node: BuiltIn) -> bool:
    """Whether there is such a built-in; if not, that is said."""
    known = compile.names()
    if node.name in known:
        return True
    written = findings.written(node.name_span)
    if node.name in UNSUPPORTED_BUILT_INS:
        _unsupported(findings, f"?{written}", UNSUPPORTED_BUILT_INS[node.name], node.name_span)
        return False
    near = get_close_matches(node.name, known, n=3, cutoff=0.6)
    sentence = f"There is no built-in ?{written}."
    fix = None
    if near:
        sentence += f" Did you mean {' or '.join(f'?{name}' for name in near)}?"
        fix = Fix(f"Write ?{near[0]}", node.name_span.start, node.name_span.end, near[0])
    findings.add("unknown-built-in", node.name_span, sentence, fix, "error")
    return False


def _unknown_tag(findings: Findings, written: str, start: int, span: Span) -> None:
    near = get_close_matches(written.lower(), sorted(KNOWN), n=1, cutoff=0.7)
    sentence = f"There is no tag <#{written}>."
    fix = None
    if near:
        sentence += f" Did you mean <#{near[0]}>?"
        fix = Fix(f"Write <#{near[0]}>", start, start + len(written), near[0])
    findings.add("unknown-tag", span, sentence, fix, "error")


def _unsupported(findings: Findings, what: str, reason: str, span: Span) -> None:
    sentence = f"The portal does not run {what}: {reason}. Write the template without it."
    findings.add("unsupported", span, sentence, severity="error")


def _offset(text: str, error: TemplateError) -> int:
    lines = re.compile(r"\r\n|\r|\n").finditer(text)
    starts = [0, *(found.end() for found in lines)]
    line = min(max(error.line, 1), len(starts))
    return min(starts[line - 1] + max(error.column, 1) - 1, len(text))


# ---- tags that do not match


def _unbalanced(findings: Findings) -> bool:
    """Look for the first tag that is not closed, or that closes nothing; whether there was one."""
    opened: list[Opened] = []
    for found in _TAG.finditer(findings.text):
        closing, kind, name, empty = found.group(1, 2, 3, 4) if found[2] else found.group(5, 6, 7, 8)
        if kind is None:
            continue
        if kind == "#":
            name = plain_name(name) or name
        if not closing:
            pair = kind == "@" or name in _PAIRS or (name in _MAY_HOLD_A_BODY and "=" not in found.group())
            if pair and not empty:
                opened.append(Opened(kind + name, found.start(), found.end()))
            continue
        if name not in _PAIRS and name not in _MAY_HOLD_A_BODY and kind == "#":
            continue
        closes = opened[-1].name if opened else ""
        if closes == kind + name or (kind == "@" and not name and closes.startswith("@")):
            opened.pop()
        elif any(tag.name == kind + name for tag in opened):
            _not_closed(findings, opened[-1], found.start())
            return True
        else:
            _not_opened(findings, found, opened)
            return True
    if opened:
        _not_closed(findings, opened[-1], len(findings.text))
    return bool(opened)


def _not_closed(findings: Findings, tag: Opened, before: int) -> None:
    """`before` is the offset of the tag that should have come later."""
    text = findings.text
    closing = f"</{tag.name}>"
    line = findings.span(tag.start, tag.end).line
    if before == len(text):
        where, at = "the template ends before it is closed", before
        written = ("" if not text or text.endswith("\n") else "\n") + closing + "\n"
    else:
        found = re.match(r"</[#@][\w.]*>", text[before:])
        there = findings.span(before, before + 1).line
        where = f"{found.group() if found else 'another tag'} in line {there} comes before it is closed"
        indent = text[text.rfind("\n", 0, before) + 1 : before]
        at, written = before, closing + (f"\n{indent}" if not indent.strip() else "")
    findings.add(
        "unbalanced",
        findings.span(tag.start, tag.end),
        f"<{tag.name}> is opened here, in line {line}, but {where}. Write {closing} where it should end.",
        Fix(f"Write {closing}", at, at, written),
        "error",
    )


def _not_opened(findings: Findings, found: re.Match[str], opened: list[Opened]) -> None:
    sentence = f"{found.group()} closes something that was never opened."
    if opened:
        line = findings.span(opened[-1].start, opened[-1].end).line
        sentence += f" Open here is <{opened[-1].name}> of line {line}."
    findings.add(
        "unbalanced",
        findings.span(found.start(), found.end()),
        f"{sentence} Take it out, or write what it should close.",
        Fix("Take it out", found.start(), found.end(), ""),
        "error",
    )
