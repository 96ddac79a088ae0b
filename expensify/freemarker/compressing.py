"""What <#compress> does to the text inside it."""

from __future__ import annotations

import re

from expensify.freemarker.whitespace import JAVA_SPACES

_RUN = re.compile(f"[{re.escape(JAVA_SPACES)}]+")


def compress(text: str) -> str:
    """Each run of white space as one space, or as its first line break if it has one; none at either end."""
    return _RUN.sub(_shortened, text.strip(JAVA_SPACES))


def _shortened(run: re.Match[str]) -> str:
    for at, character in enumerate(run.group()):
        if character == "\n":
            return "\n"
        if character == "\r":
            return "\r\n" if run.group().startswith("\n", at + 1) else "\r"
    return " "
