"""Findings of a feed, each on its cell, with a sentence for the person who prepares it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# An error must be fixed before anything is sent; a person must accept a warning; a notice is information.
Severity = Literal["error", "warning", "notice"]


@dataclass(frozen=True)
class RowFinding:
    """One finding. `row` is the row's number in the feed, None for the feed as a whole; `field` "" for the whole row.

    `code` is stable, for filters and tests; `about` is the address of a person who has no row.
    """

    row: int | None
    field: str
    severity: Severity
    code: str
    sentence: str
    about: str = ""


class UnreadableFile(Exception):
    """The file or text is not a feed; the message is a sentence for people and quotes no row."""


def quoted(text: str, most: int = 60) -> str:
    """A value inside a sentence: on one line, shortened, with invisible characters made visible."""
    visible = "".join(char if char.isprintable() else f"[U+{ord(char):04X}]" for char in text)
    return f"“{visible if len(visible) <= most else visible[: most - 1] + '…'}”"


def named(names: Sequence[str], most: int = 3, total: int = 0) -> str:
    """“a, b, c and 4 more”; `total` counts names that are not given too."""
    shown = names[:most]
    rest = max(total, len(names)) - len(shown)
    if rest:
        return f"{', '.join(shown)} and {rest:,} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def sentence(text: str) -> str:
    """The text with one full stop at the end, even after a name such as “Acme Inc.”."""
    return text if text.endswith(".") else f"{text}."
