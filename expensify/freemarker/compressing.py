"""The white-space compression of <#compress>."""

from __future__ import annotations

import re

from expensify.freemarker.whitespace import JAVA_SPACES

_RUN = re.compile(f"[{re.escape(JAVA_SPACES)}]+")


def compress(text: str) -> str:
    """Replace each run of white space by one space, or by its first line break; strip both ends."""
    return _RUN.sub(_shorten, text.strip(JAVA_SPACES))


def _shorten(run: re.Match[str]) -> str:
    for at, character in enumerate(run.group()):
        if character == "\n":
            return "\n"
        if character == "\r":
            return "\r\n" if run.group().startswith("\n", at + 1) else "\r"
    return " "
