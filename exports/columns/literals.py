"""Escape people's text for use inside a template."""

import re

_ESCAPES = {"\\": r"\\", '"': r"\"", "{": r"\{", "<": r"\l", ">": r"\g", "\t": r"\t", "\n": r"\n", "\r": r"\r"}
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SYNTAX = re.compile(r"[<$#\[{\\]")


def string(text: str) -> str:
    """The text as a FreeMarker string literal, without interpolations or tags."""
    escaped = "".join(_ESCAPES.get(letter, letter) for letter in text)
    return '"' + _CONTROL.sub(lambda control: f"\\x{ord(control[0]):04X}", escaped) + '"'


def raw(text: str) -> str:
    """Template text that prints exactly this text anywhere in a line."""
    if text != text.strip() or _SYNTAX.search(text) or _CONTROL.search(text):
        return f"${{{string(text)}}}"
    return text
