"""What arrived in answer to a download: whether it can be the file that the run's job made.

An error page comes with HTTP 200 too. What cannot be the file is never stored and never marked; it is fetched again.
Nothing certain is known of a text that a hand-written template makes, so each check needs a reason to expect something:
the file type, the chosen columns, or the lines that the template prints with every data.
"""

import csv
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, TextIO

from expensify.freemarker.errors import TemplateError
from expensify.freemarker.template import Template, parse, render
from exports.columns.layout import EXTENSIONS, Layout
from exports.columns.writing import headings_of
from exports.results import tables
from exports.samples.choose import SAMPLES, sample
from exports.saved_exports.preview import LIMITS

# A larger JSON file is not parsed: it would fill the worker's memory.
JSON_BYTES = 64 * 1024**2
HEAD = 64 * 1024
_WEB_PAGE = re.compile(
    r"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(?P<tag><(!doctype\s+html|html|head|body|title|meta|h1|center|script))\b",
    re.IGNORECASE | re.DOTALL,
)
_SIGNATURES = {
    "pdf": [b"%PDF-"],
    "xlsx": [b"PK\x03\x04"],
    # Some programs write the newer format under the older name.
    "xls": [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"],
}


class NotTheFile(ValueError):
    """What arrived cannot be the file. The text says why to people: a sentence about the file only."""


@dataclass(frozen=True)
class Expected:
    """What a template prints with every data: its `heading`, "" if unknown, and how its text begins."""

    heading: str = ""
    begins: str = ""
    is_known: bool = False


def check(path: Path, name: str, template: str, layout: Layout | None, *, expenses: int = 0) -> None:
    """Raise NotTheFile unless the download can be the file `name` that the template, or its columns, made.

    `expenses` are those of the listed reports, if they were listed: a file of some is not empty.
    """
    extension = PurePosixPath(name).suffix.lstrip(".").lower()
    with path.open("rb") as file:
        head = file.read(HEAD)
    if extension in _SIGNATURES:
        _check_signature(path, extension, head)
        return
    if layout is not None and EXTENSIONS[layout.kind] != extension:
        layout = None
    expected = _expected(template)
    _check_kind(head, extension, template, expected)
    if extension == "json":
        _check_json(path, expenses)
        return
    heading = _check_heading(path, head, extension, layout, expected)
    if expenses and not _has_more_than(path, heading):
        raise NotTheFile("The file that came back is empty, although the listed reports have expenses.")


def _check_signature(path: Path, extension: str, head: bytes) -> None:
    # Readers of PDF accept a few bytes before the signature.
    start = head[:1024] if extension == "pdf" else head[:8]
    is_there = any(sign in start if extension == "pdf" else start.startswith(sign) for sign in _SIGNATURES[extension])
    if not is_there or (head.startswith(b"PK") and not zipfile.is_zipfile(path)):
        raise NotTheFile(f"What came back is not a whole {extension.upper()} file.{_page_as_well(head)}")


def _check_kind(head: bytes, extension: str, template: str, expected: Expected) -> None:
    page = _WEB_PAGE.match(_decoded(head).lstrip("\ufeff"))
    if page and page["tag"].lower() not in template.lower():
        raise NotTheFile("A web page came back instead of the file, probably an error page.")
    if extension == "xml" and head.strip() and not _decoded(head).lstrip("\ufeff \t\r\n").startswith("<"):
        raise NotTheFile("What came back is not XML.")
    if extension != "json" and expected.is_known and not expected.begins.startswith("{") and _is_json_object(head):
        raise NotTheFile("A message of a program came back instead of the file.")


def _check_json(path: Path, expenses: int) -> None:
    if path.stat().st_size > JSON_BYTES:
        return
    text = _decoded(path.read_bytes()).lstrip("\ufeff")
    try:
        value = _parsed(text)
    except (ValueError, RecursionError):
        raise NotTheFile("What came back is not JSON, so a program could not read it.") from None
    if expenses and value in ({}, [], "", None):
        raise NotTheFile("The file that came back is empty, although the listed reports have expenses.")


def _parsed(text: str) -> Any:
    """The value of a JSON text, or the values of its lines (JSON Lines)."""
    try:
        return json.loads(text)
    except ValueError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or not all(line.lstrip().startswith(("{", "[")) for line in lines):
            raise
        return [json.loads(line) for line in lines]


def _check_heading(path: Path, head: bytes, extension: str, layout: Layout | None, expected: Expected) -> str:
    """The file's heading, as far as it is known."""
    first = next((line for line in _decoded(head).lstrip("\ufeff").splitlines() if line.strip()), "")
    if layout is not None and layout.kind == "csv":
        row = _first_row(path, layout)
        if not layout.heading:
            if row and len(row) != len(layout.columns):
                raise NotTheFile("What came back does not have the columns of this export.")
            return ""
        is_there = row == headings_of(layout)
    elif layout is not None and layout.heading:
        is_there = "".join(map(_bare, headings_of(layout))) == _bare(first)
    elif expected.heading:
        is_there = _bare(first) == _bare(expected.heading)
    else:
        return ""
    if not is_there:
        raise NotTheFile("What came back does not begin with the heading of this export.")
    return first


def _first_row(path: Path, layout: Layout) -> list[str]:
    with path.open("rb") as file, tables.opened(file) as text:
        try:
            return next((row for row in csv.reader(_lines(text), delimiter=layout.delimiter) if row), [])
        except csv.Error:
            return []


def _has_more_than(path: Path, heading: str) -> bool:
    """Whether the file has a line that is neither blank nor its heading."""
    with path.open("rb") as file, tables.opened(file) as text:
        lines = (line for line in _lines(text) if line.strip("\ufeff \t\r\n\0"))
        return len(list(islice(lines, 2 if heading else 1))) == (2 if heading else 1)


def _lines(text: TextIO) -> Iterator[str]:
    """The lines of a file, a very long one as several."""
    return iter(partial(text.readline, tables.LINE), "")


def _decoded(content: bytes) -> str:
    return content.decode(tables.encoding_of(content[:HEAD]).codec, "replace")


def _is_json_object(head: bytes) -> bool:
    """Whether the file is one small JSON object."""
    text = _decoded(head).strip("\ufeff \t\r\n")
    if not text.startswith("{") or not text.endswith("}"):
        return False
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _page_as_well(head: bytes) -> str:
    return " It is a web page, probably an error page." if _WEB_PAGE.match(_decoded(head)) else ""


def _bare(text: str) -> str:
    """The letters that every encoding writes alike."""
    return "".join(letter for letter in text if letter.isascii() and not letter.isspace())


# ------------------------------------------------------------ what a template prints with every data


@lru_cache(maxsize=64)
def _expected(template: str) -> Expected:
    """Render the template over samples, over no reports, and without the heading: what they have in common is known.

    Nothing is known of a template that our engine cannot render, or whose text depends on the time. A template may
    stop at one of the samples, which has what few companies have.
    """
    if re.search(r"\.now\b", template):
        return Expected()
    try:
        parsed = parse(template)
        texts = [text for name in SAMPLES if (text := _rendered_or_none(parsed, name)) is not None]
        texts.append(_rendered(parsed, {"reports": [], "addHeader": True}))
        plain = _rendered(parsed, {"reports": [], "addHeader": False})
    except TemplateError:
        return Expected()
    if len(texts) < 2:
        return Expected()
    first_lines = {_first_line(text) for text in texts}
    heading = first_lines.pop() if len(first_lines) == 1 else ""
    is_heading = bool(_bare(heading)) and heading != _first_line(plain)
    return Expected(heading if is_heading else "", texts[0].lstrip()[:1], is_known=True)


def _rendered_or_none(template: Template, name: str) -> str | None:
    try:
        return _rendered(template, sample(name))
    except TemplateError:
        return None


def _rendered(template: Template, data: dict[str, Any]) -> str:
    return render(template, data, limits=LIMITS)


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "")
