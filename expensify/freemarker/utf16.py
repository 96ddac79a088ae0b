"""Strings in UTF-16 code units, as Java counts them: an emoji is two."""

from __future__ import annotations


def to_units(text: str) -> str:
    """Return the text with one character per code unit; most texts are unchanged."""
    if text.isascii() or max(text) < "\U00010000":
        return text
    data = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(data[at] | data[at + 1] << 8) for at in range(0, len(data), 2))


def from_units(units: str) -> str:
    """Join pairs of surrogates; a lone one stays."""
    if units.isascii() or not any("\ud800" <= unit <= "\udfff" for unit in units):
        return units
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
