"""Read text and JSON that others wrote: replace what no database, file or page can hold.

JSON can spell half of a character (`"\\ud800"`) and the NUL character. Python reads both; UTF-8 has no bytes for the
first, and Postgres stores neither. All text from outside passes here.
"""

import json
import re
from typing import Any

REPLACEMENT = "\ufffd"
SENTENCE = f"A character that cannot be stored was replaced with {REPLACEMENT}."
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")


def is_writable(value: Any) -> bool:
    """Whether the text, or every text in the lists and objects, can be stored and shown."""
    if isinstance(value, str):
        return _UNWRITABLE.search(value) is None
    if isinstance(value, dict):
        return all(is_writable(key) and is_writable(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(is_writable, value))
    return True


def writable(text: str) -> str:
    """The text with each NUL character and each half of a character replaced with U+FFFD."""
    return _UNWRITABLE.sub(REPLACEMENT, text)


def read_json(text: str | bytes, **options: Any) -> Any:
    """`json.loads` with its options, and every string in the value made writable.

    Raises ValueError and RecursionError like `json.loads`.
    """
    return writable_value(json.loads(text, **options))


def writable_value(value: Any) -> Any:
    """The value with every string made writable, keys too. Its own lists and objects are changed in place."""
    return value if is_writable(value) else _replace(value)


def _replace(value: Any) -> Any:
    if isinstance(value, str):
        # The type stays: numbers may be read as a subclass.
        return value if is_writable(value) else type(value)(writable(value))
    if isinstance(value, list):
        value[:] = map(_replace, value)
    elif isinstance(value, dict):
        items = [(_replace(key), _replace(item)) for key, item in value.items()]
        value.clear()
        value.update(items)
    return value
