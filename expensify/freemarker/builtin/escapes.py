"""Text made safe for what it is put into: ?json_string, ?html, ?url and their like."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from expensify.freemarker.builtin.registry import plain, plain_table
from expensify.freemarker.errors import Unsupported
from expensify.freemarker.runtime import Environment
from expensify.freemarker.utf16 import to_units

_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
_XML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})
_RTF = str.maketrans({"\\": "\\\\", "{": "\\{", "}": "\\}"})
_SHORT = {"\n": "\\n", "\r": "\\r", "\f": "\\f", "\b": "\\b", "\t": "\\t", "\\": "\\\\", '"': '\\"'}
_SPECIAL = re.compile("[\"\\\\'/<>\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]")
_URL_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.!~'()*")
_CHARSETS = {"utf-8": "utf-8", "utf8": "utf-8", "iso-8859-1": "latin-1", "us-ascii": "ascii"}


plain_table(
    {
        **dict.fromkeys(("html", "xhtml", "web_safe"), lambda env, value: env.text(value).translate(_HTML)),
        "xml": lambda env, value: env.text(value).translate(_XML),
        "rtf": lambda env, value: env.text(value).translate(_RTF),
        "json_string": lambda env, value: _script(env.text(value), json=True),
        "js_string": lambda env, value: _script(env.text(value), json=False),
    }
)


@plain("j_string")
def _j_string(env: Environment, value: Any) -> str:
    text = env.text(value)
    return "".join(_SHORT.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in text)


def _script(text: str, *, json: bool) -> str:
    """For a string in JSON or JavaScript, also where that stands inside HTML: no </, no ]]>, no <!."""
    return _SPECIAL.sub(lambda found: _script_character(text, found.start(), json), text)


def _script_character(text: str, at: int, json: bool) -> str:
    character = text[at]
    if character in _SHORT:
        return _SHORT[character]
    if character == "'":
        return "'" if json else "\\'"
    if character == "/":
        return "\\/" if at == 0 or text[at - 1] == "<" else "/"
    if character == ">":
        return ">" if not _closes(text, at) else "\\u003E" if json else "\\>"
    if character == "<":
        opens = at == len(text) - 1 or text[at + 1] in "!?"
        return "<" if not opens else "\\u003C" if json else "\\x3C"
    code = ord(character)
    return f"\\x{code:02X}" if code < 0x100 and not json else f"\\u{code:04X}"


def _closes(text: str, at: int) -> bool:
    """Whether this > could end a CDATA section or comment, as far as the string shows."""
    if at == 0:
        return True
    return text[at - 1] in "]-" and (at == 1 or text[at - 2] == text[at - 1])


def _percent(env: Environment, value: Any, charset: Any = None, *, safe: frozenset[int]) -> str:
    text = to_units(env.text(value)).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    name = env.url_charset if charset is None else env.text(charset)
    codec = _CHARSETS.get(name.lower())
    if codec is None:
        raise Unsupported(f"the character set {name[:40]} is not known here")
    encoded = text.encode(codec, "replace")
    env.allow(3 * len(encoded))
    return "".join(chr(byte) if byte in safe else f"%{byte:02X}" for byte in encoded)


plain_table(
    {"url": partial(_percent, safe=_URL_SAFE), "url_path": partial(_percent, safe=_URL_SAFE | frozenset(b"/"))}, most=1
)
