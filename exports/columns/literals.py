"""Text of the person who chose the columns, made harmless inside a template."""

import re

_ESCAPES = {
    "\\": r"\\",
    '"': r"\"",
    "{": r"\{",
    "<": r"\l",
    ">": r"\g",
    "\t": r"\t",
    "\n": r"\n",
    "\r": r"\r",
}
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MEANS_SOMETHING = re.compile(r"[<$#\[{\\]")


def string(text: str) -> str:
    """A FreeMarker string literal of that text; nothing in it is an interpolation or a tag."""
    escaped = "".join(_ESCAPES.get(letter, letter) for letter in text)
    return '"' + _CONTROL.sub(lambda found: f"\\x{ord(found[0]):04X}", escaped) + '"'


def raw(text: str) -> str:
    """Template text that prints exactly that text, wherever in a line it stands."""
    if text != text.strip() or _MEANS_SOMETHING.search(text) or _CONTROL.search(text):
        return f"${{{string(text)}}}"
    return text
