"""What was found in a feed, each on its cell, in a sentence for the person who prepares it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "notice"]

SEVERITIES: dict[Severity, str] = {
    "error": "Has to be mended before anything is sent.",
    "warning": "May be meant; somebody has to say so.",
    "notice": "For information.",
}


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
    """A file or a text that is no feed; the message is a sentence for people, and quotes no row of it."""


def quoted(text: str, most: int = 60) -> str:
    """A value within a sentence: on one line, not too long, what cannot be seen made visible."""
    seen = "".join(char if char.isprintable() else f"[U+{ord(char):04X}]" for char in text)
    return f"“{seen if len(seen) <= most else seen[: most - 1] + '…'}”"


def named(things: Sequence[str], most: int = 3, total: int = 0) -> str:
    """“a, b, c and 4 more”; `total` where more are meant than are given."""
    shown = things[:most]
    rest = max(total, len(things)) - len(shown)
    if rest:
        return f"{', '.join(shown)} and {rest:,} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def sentence(text: str) -> str:
    """With one full stop at the end, also after a name such as “Acme Inc.”."""
    return text if text.endswith(".") else f"{text}."
