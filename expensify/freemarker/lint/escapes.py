"""Which escape fits which file: `?json_string` in JSON, `?xml` in XML, none of them in a table."""

from __future__ import annotations

from typing import Literal, NamedTuple

from expensify.freemarker.lint.findings import Findings, Fix

File = Literal["json", "xml", "table"]


class Escape(NamedTuple):
    """A built-in that escapes, and where its name stands in the template."""

    name: str
    start: int = -1
    end: int = -1


RAW = Escape("")
"""Text that nothing has escaped, beside text that something has."""
ESCAPES = frozenset({"json_string", "js_string", "j_string", "html", "xhtml", "web_safe", "xml", "rtf"})
_FITTING: dict[File, frozenset[str]] = {
    "json": frozenset({"", "json_string", "j_string"}),
    "xml": frozenset({"", "xml", "html", "xhtml", "web_safe"}),
    "table": frozenset({""}),
}
_INSTEAD: dict[File, str] = {"json": "json_string", "xml": "xml"}
_FILES = {"json": "JSON", "xml": "XML", "table": "a table"}
# What each writes where it does not belong.
_WRITES = {
    "json_string": "\\n for a line break",
    "js_string": "\\' for an apostrophe",
    "j_string": "\\n for a line break",
    "html": "&amp; for &",
    "xhtml": "&amp; for &",
    "web_safe": "&amp; for &",
    "xml": "&amp; for &",
    "rtf": "\\{ for a brace",
}


def check_escapes(findings: Findings, escapes: frozenset[Escape], file: File) -> bool:
    """Report escapes that do not fit the file; whether there are any."""
    wrong = [escape for escape in escapes if escape.name not in _FITTING[file]]
    for escape in wrong:
        instead = _INSTEAD.get(file)
        advice = f"Write ?{instead}." if instead else "Take it out, and put the text in quotes that are doubled."
        findings.add(
            "wrong-escape",
            findings.span(escape.start, escape.end),
            f"?{escape.name} is not for {_FILES[file]}: it writes {_WRITES[escape.name]}, which stays in the file."
            f" {advice}",
            _fix(findings, escape, instead),
        )
    return bool(wrong)


def _fix(findings: Findings, escape: Escape, instead: str | None) -> Fix:
    if instead:
        return Fix(f"Write ?{instead}", escape.start, escape.end, instead)
    start = findings.text.rindex("?", 0, escape.start)
    return Fix(f"Take ?{escape.name} out", start, escape.end, "")
