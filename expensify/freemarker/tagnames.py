"""The names of FreeMarker's tags: those that we run, those that we only read, and legacy ones."""

from __future__ import annotations

import difflib

KNOWN = frozenset([
    "if", "elseif", "else", "list", "items", "sep", "foreach", "break", "continue", "switch", "case",
    "default", "assign", "global", "local", "macro", "function", "return", "nested", "compress", "noparse",
    "comment", "escape", "noescape", "attempt", "recover", "stop", "flush", "setting", "t", "lt", "rt", "nt",
    "ftl", "call",
])  # fmt: skip
FOREIGN = {
    "include": "templates stand alone",
    "import": "templates stand alone",
    "visit": "it walks XML",
    "recurse": "it walks XML",
    "fallback": "it walks XML",
    "transform": "it calls Java",
    "outputformat": "the preview does not escape by itself",
    "autoesc": "the preview does not escape by itself",
    "noautoesc": "the preview does not escape by itself",
}
TAKES_EXPRESSION = frozenset([
    "if", "elseif", "list", "items", "foreach", "switch", "case", "assign", "global", "local", "macro",
    "function", "escape", "setting",
])  # fmt: skip
"""Tags whose name must be followed by white space."""
CAMEL_NAMES = {"elseIf": "elseif", "noParse": "noparse", "noEscape": "noescape", "forEach": "foreach"}
# The lower-case forms of these names follow the other convention.
LEGACY_NAMES = frozenset(CAMEL_NAMES.values())


def plain_name(written: str) -> str | None:
    """Return the name of a tag in lower case; None when FreeMarker has no such tag."""
    name = CAMEL_NAMES.get(written, written)
    return name if name in KNOWN or name in FOREIGN else None


def unknown(written: str) -> str:
    """Return the message for a tag that does not exist."""
    near = difflib.get_close_matches(written.lower(), sorted(KNOWN), n=1, cutoff=0.7)
    hint = f"; did you mean <#{near[0]}>?" if near else ""
    return f"there is no tag <#{written}>{hint}"
